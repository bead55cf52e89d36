/* SPDX-License-Identifier: MIT */
/*
 * See blk_rig.h. Three sources are compiled here, so that each test can start
 * with an empty table of devices, empty mailboxes and untaught CPUs.
 */
#include "tests/unit/kernel/blk/blk_rig.h"

#include "kernel/blk/blk.c"
#include "kernel/blk/blk_shared.c"
#include "kernel/blk/wait.c"

#include "kernel/cpu/hypervisor.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/paging.h"

struct cpu cpu_table[CPU_MAX];
uint32_t cpu_count = 1;

uint64_t rig_now_tsc, rig_step_tsc;
void (*rig_on_arm)(struct blk_queue *queue);
void (*rig_on_sleep)(void);
uint32_t rig_sleeps;
uint32_t rig_wakes[CPU_MAX];
struct timer *rig_timer;
uint32_t rig_timer_arms;
bool rig_no_memory;
uint32_t rig_done_total;

static _Thread_local uint32_t this_cpu;
static void *allocations[65536];
static uint32_t allocation_count;
static uint32_t random_state;

/* --- the machine --- */

uint64_t clock_tsc(void)
{
	return __atomic_fetch_add(&rig_now_tsc, rig_step_tsc, __ATOMIC_RELAXED);
}

void rig_be_cpu(uint32_t index)
{
	this_cpu = index;
}

struct cpu *cpu_this(void)
{
	return &cpu_table[this_cpu];
}

void cpu_wait(void)
{
	struct cpu *cpu = cpu_this();
	if (!load_once(&cpu->wake)) {
		__atomic_fetch_add(&rig_sleeps, 1, __ATOMIC_RELAXED);
		if (rig_on_sleep)
			rig_on_sleep();
	}
	store_once(&cpu->wake, 0);
}

void smp_wake(struct cpu *cpu)
{
	store_once(&cpu->wake, 1);
	__atomic_fetch_add(&rig_wakes[cpu->index], 1, __ATOMIC_RELAXED);
}

bool hypervisor_is_tcg(void)
{
	return true;
}

void timer_arm(struct timer *timer, uint64_t deadline_tsc)
{
	timer->deadline_tsc = deadline_tsc;
	timer->armed = true;
	rig_timer = timer;
	rig_timer_arms++;
}

void timer_cancel(struct timer *timer)
{
	timer->armed = false;
	rig_timer = NULL;
}

static void *remember(void *memory)
{
	assert_non_null(memory);
	assert_true(allocation_count < ARRAY_COUNT(allocations));
	allocations[allocation_count++] = memory;
	return memory;
}

void *heap_allocate(uint64_t length_bytes)
{
	if (rig_no_memory)
		return NULL;
	void *memory = aligned_alloc(64, (length_bytes + 63) & ~63ull);
	return memset(remember(memory), 0, length_bytes);
}

void *phys_to_virt(phys_addr address)
{
	return (void *)(uintptr_t)address.value;
}

phys_addr virt_to_phys(const void *pointer)
{
	return phys_make((uintptr_t)pointer);
}

uint32_t rig_random(void)
{
	random_state = random_state * 1664525u + 1013904223u;
	return random_state >> 8;
}

uint32_t rig_random_below(uint32_t bound)
{
	return rig_random() % bound;
}

int rig_setup(void **state)
{
	(void)state;
	rig_now_tsc = 1000;
	rig_step_tsc = 1;
	rig_on_arm = NULL;
	rig_on_sleep = NULL;
	rig_sleeps = 0;
	memset(rig_wakes, 0, sizeof(rig_wakes));
	rig_timer = NULL;
	rig_timer_arms = 0;
	rig_no_memory = false;
	rig_done_total = 0;
	random_state = 1;
	this_cpu = 0;
	cpu_count = 1;
	device_count = 0;
	memset(state_table, 0, sizeof(state_table));
	memset(mailbox_table, 0, sizeof(mailbox_table));
	memset(cpu_table, 0, sizeof(cpu_table));
	for (uint32_t i = 0; i < CPU_MAX; i++)
		cpu_table[i].index = i;
	return 0;
}

int rig_teardown(void **state)
{
	(void)state;
	while (allocation_count)
		free(allocations[--allocation_count]);
	return 0;
}

/* --- the driver and its device --- */

struct rig_queue *rig_fake(struct blk_queue *queue)
{
	return queue->driver_data;
}

static void check_within_limits(const struct blk_queue *queue, const struct blk_request *request)
{
	const struct blk_limits *limits = &queue->device->limits;
	uint32_t block_sectors = limits->block_bytes / SECTOR_BYTES;
	uint64_t bytes = 0;

	if (request->op == BLK_FLUSH || request->op >= BLK_GET_ID)
		return;
	assert_true(request->sector_count > 0);
	assert_true(request->sector_count <= blk_parts_max_sectors(limits, request->op));
	assert_true(request->sector % block_sectors == 0);
	assert_true(request->sector_count % block_sectors == 0);
	assert_true(request->sector + request->sector_count <= limits->capacity_sectors);
	assert_false(limits->read_only && request->op != BLK_READ);
	if (request->op > BLK_WRITE)
		return;
	assert_in_range(request->segment_count, 1, limits->max_segments);
	for (uint32_t i = 0; i < request->segment_count; i++) {
		assert_in_range(request->segments[i].length_bytes, 1, limits->max_segment_bytes);
		bytes += request->segments[i].length_bytes;
	}
	assert_int_equal(bytes, (uint64_t)request->sector_count * SECTOR_BYTES);
}

static unsigned fake_submit(struct blk_queue *queue, const struct blk_run *run,
			    struct blk_request *const *requests, unsigned count)
{
	struct rig_queue *fake = rig_fake(queue);
	uint32_t used = fake->slot_count + fake->completed_count;
	uint32_t room = MIN(fake->depth - used, fake->take_most);
	unsigned i;

	fake->submit_calls++;
	count = MIN(count, room);
	for (i = 0; i < count && blk_run_takes(run, requests[i]); i++) {
		check_within_limits(queue, requests[i]);
		fake->slots[fake->slot_count++] = requests[i];
		if (fake->log_count == ARRAY_COUNT(fake->log))
			continue;
		fake->log[fake->log_count].sector = requests[i]->sector;
		fake->log[fake->log_count].sector_count = requests[i]->sector_count;
		fake->log[fake->log_count].segment_count = requests[i]->segment_count;
		fake->log[fake->log_count++].op = requests[i]->op;
	}
	return i;
}

static void fake_publish(struct blk_queue *queue)
{
	struct rig_queue *fake = rig_fake(queue);
	assert_true(fake->published < fake->slot_count);
	fake->published = fake->slot_count;
	fake->publish_calls++;
	queue->counters.batches++;
	queue->counters.doorbells++;
}

static unsigned fake_reap(struct blk_queue *queue, struct blk_request **out, unsigned max)
{
	struct rig_queue *fake = rig_fake(queue);
	uint32_t count = MIN(max, fake->completed_count);

	fake->reap_calls++;
	memcpy(out, fake->completed, count * sizeof(out[0]));
	fake->completed_count -= count;
	memmove(fake->completed, fake->completed + count,
		fake->completed_count * sizeof(out[0]));
	if (fake->breaks)
		blk_break(queue);
	return count;
}

static bool fake_has_completions(const struct blk_queue *queue)
{
	const struct rig_queue *fake = queue->driver_data;

	return load_once(&fake->completed_count) != 0;
}

static bool fake_arm(struct blk_queue *queue, unsigned ahead)
{
	struct rig_queue *fake = rig_fake(queue);

	if (rig_on_arm)
		rig_on_arm(queue);
	ahead = MAX(1u, MIN(ahead, queue->in_flight));
	fake->arms++;
	fake->last_ahead = ahead;
	fake->armed = fake->completed_count < ahead;
	return !fake->armed;
}

static void fake_disarm(struct blk_queue *queue)
{
	rig_fake(queue)->disarms++;
	rig_fake(queue)->armed = false;
}

static void fake_dump(const struct blk_queue *queue)
{
	(void)queue;
}

static const struct blk_request *fake_request_in(const struct blk_queue *queue, uint32_t slot)
{
	const struct rig_queue *fake = queue->driver_data;

	return slot < fake->slot_count ? fake->slots[slot] : NULL;
}

static unsigned fake_abandon(struct blk_queue *queue, struct blk_request **out, unsigned max)
{
	struct rig_queue *fake = rig_fake(queue);
	unsigned count = 0;

	while (count < max && fake->slot_count) {
		out[count] = fake->slots[--fake->slot_count];
		out[count++]->status = BLK_BROKEN;
	}
	fake->published = fake->slot_count;
	return count;
}

const struct blk_driver rig_driver = {
	.name = "rig",
	.submit = fake_submit,
	.publish = fake_publish,
	.reap = fake_reap,
	.has_completions = fake_has_completions,
	.arm = fake_arm,
	.disarm = fake_disarm,
	.dump = fake_dump,
	.request_in = fake_request_in,
	.abandon = fake_abandon,
};

void rig_complete(struct blk_queue *queue, uint32_t nth, enum blk_status status)
{
	struct rig_queue *fake = rig_fake(queue);

	assert_true(nth < fake->published);
	struct blk_request *request = fake->slots[nth];
	request->status = (uint8_t)status;
	memmove(&fake->slots[nth], &fake->slots[nth + 1],
		(fake->slot_count - nth - 1) * sizeof(fake->slots[0]));
	fake->slot_count--;
	fake->published--;
	fake->completed[fake->completed_count++] = request;
}

void rig_complete_all(struct blk_queue *queue)
{
	while (rig_fake(queue)->published)
		rig_complete(queue, 0, BLK_OK);
}

struct blk_limits rig_limits(void)
{
	return (struct blk_limits){
		.capacity_sectors = 1u << 21,
		.block_bytes = 512,
		.physical_block_bytes = 512,
		.max_segments = 16,
		.max_segment_bytes = 1u << 20,
		.max_sectors = 2048,
		.max_discard_sectors = 4096,
		.max_write_zeroes_sectors = 4096,
		.max_secure_erase_sectors = 4096,
		.flush = true,
		.discard = true,
		.write_zeroes = true,
		.secure_erase = true,
		.lifetime = true,
		.get_id = true,
		.write_cache = true,
	};
}

struct rig *rig_create_with(uint32_t cpus, uint16_t queues, const struct blk_limits *limits,
			    const struct settings *settings, const struct blk_driver *driver)
{
	struct rig *rig = heap_allocate(sizeof(*rig));

	rig_be_cpu(0);
	cpu_count = cpus;
	rig->settings = *settings;
	rig->device.limits = *limits;
	rig->device.driver = driver;
	rig->device.queue_count = queues;
	rig->device.queues = rig->queues;
	strcpy(rig->device.name, "rig0");
	for (uint16_t i = 0; i < queues; i++) {
		rig->fakes[i].depth = 128;
		rig->fakes[i].take_most = RIG_DEPTH_MAX;
		rig->queues[i].driver = driver;
		rig->queues[i].driver_data = &rig->fakes[i];
		rig->queues[i].depth = RIG_DEPTH_MAX;
		rig->queues[i].index = i;
		rig->queues[i].completion = settings->completion;
	}
	assert_int_equal(blk_register(&rig->device, settings), 0);
	return rig;
}

struct rig *rig_create(uint32_t cpus, uint16_t queues, const struct blk_limits *limits)
{
	struct settings settings = {
		.completion = COMPLETION_IRQ,
		.spin_max_us = 200,
		.coalesce_max_us = 50,
	};

	return rig_create_with(cpus, queues, limits, &settings, &rig_driver);
}

/* --- requests --- */

static void rig_done(struct blk_request *request)
{
	struct rig_request *r = CONTAINER_OF(request, struct rig_request, request);

	r->done_order = __atomic_add_fetch(&rig_done_total, 1, __ATOMIC_RELAXED);
	r->done_count++;
	r->done_cpu = this_cpu;
}

struct rig_request *rig_request_segments(enum blk_op op, uint64_t sector, uint32_t sector_count,
					 uint32_t count)
{
	struct rig_request *r = remember(calloc(1, sizeof(*r)));
	uint64_t bytes = (uint64_t)sector_count * SECTOR_BYTES;

	memset(&r->request, 0xa5, sizeof(r->request));
	r->request.op = (uint8_t)op;
	r->request.flags = 0;
	r->request.sector = sector;
	r->request.sector_count = sector_count;
	r->request.segment_count = op <= BLK_WRITE || op >= BLK_GET_ID ? (uint16_t)count : 0;
	r->request.segments = r->segments;
	r->request.done = rig_done;
	r->request.submit_tsc = clock_tsc();
	for (uint32_t i = 0; i < count; i++) {
		r->segments[i].address = phys_make(0x100000000ull + sector * SECTOR_BYTES +
						   i * (bytes / count));
		r->segments[i].length_bytes = (uint32_t)(bytes / count);
	}
	return r;
}

struct rig_request *rig_request(enum blk_op op, uint64_t sector, uint32_t sector_count)
{
	return rig_request_segments(op, sector, sector_count, 1);
}

bool rig_submit(struct blk_queue *queue, struct rig_request *r)
{
	struct blk_request *request = &r->request;

	return blk_submit_one(queue, request);
}

void rig_drain(struct blk_queue *queue)
{
	for (int rounds = 0; rounds < 10000; rounds++) {
		if (blk_queue_idle(queue))
			return;
		rig_complete_all(queue);
		blk_poll(queue);
	}
	fail_msg("the queue never became idle");
}
