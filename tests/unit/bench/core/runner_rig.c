/* SPDX-License-Identifier: MIT */
/* See runner_rig.h. */
#include "tests/unit/bench/core/runner_rig.h"

#include <string.h>

#include "bench/run/recording.h"
#include "bench/run/run_impl.h"
#include "kernel/blk/recorder.h"
#include "kernel/irq/smp.h"
#include "kernel/mm/dma.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/page.h"
#include "tests/unit/bench/job/job_rig.h"

#define START_NS 1000000u
#define FLYING_MAX 256u
#define HEAP_BYTES (16u << 20)

struct rig_disk rig_disk;
struct rig_io rig_ios[8192];
uint32_t rig_io_count;
struct cpu cpu_table[CPU_MAX];
uint32_t cpu_count = RIG_CPUS;

static uint64_t now_tsc;
static uint32_t this_cpu;
static struct blk_device device;
static struct blk_queue queues[RIG_CPUS];
static struct {
	struct blk_request *request;
	struct rig_io *io;
	uint64_t due_tsc;
} flying[RIG_CPUS][FLYING_MAX];
static uint32_t flying_count[RIG_CPUS];
static uint8_t heap[HEAP_BYTES] ALIGNED(64);
static uint64_t heap_used;

/* --- what the kernel has below the runner --- */

uint64_t clock_tsc(void)
{
	return now_tsc;
}

struct cpu *cpu_this(void)
{
	return &cpu_table[this_cpu];
}

void *heap_allocate(uint64_t length_bytes)
{
	void *memory = heap + heap_used;
	heap_used += (length_bytes + 63) & ~63ull;
	assert_true(heap_used <= HEAP_BYTES);
	return memset(memory, 0, length_bytes);
}

int dma_take(uint64_t length_bytes, struct dma_buffer *buffer)
{
	buffer->virt = heap_allocate(length_bytes);
	buffer->phys = phys_make((uintptr_t)buffer->virt);
	return 0;
}

int page_overlay_begin(void)
{
	return 0;
}

void page_overlay_next(void)
{
}

void page_overlay_end(void)
{
}

void smp_wake(struct cpu *cpu)
{
	store_once(&cpu->wake, 1);
}

int recording_setup(void)
{
	return 0;
}

void recorder_note_delivery(const struct blk_queue *queue, const struct blk_request *request,
			    uint16_t owner, uint64_t now)
{
	(void)queue, (void)request, (void)owner, (void)now;
}

/* --- the disk --- */

struct blk_device *blk_find(const char *name)
{
	(void)name;
	return &device;
}

unsigned blk_device_count(void)
{
	return 1;
}

struct blk_device *blk_device_at(unsigned index)
{
	assert_int_equal(index, 0);
	return &device;
}

struct blk_queue *blk_queue_for(struct blk_device *disk, const struct cpu *cpu, unsigned nth)
{
	(void)nth;
	assert_ptr_equal(disk, &device);
	return &queues[cpu->index];
}

void blk_set_queue_completion(struct blk_queue *queue, enum setting_completion mode)
{
	(void)queue, (void)mode;
}

const char *blk_op_name(enum blk_op op)
{
	(void)op;
	return "op";
}

const char *blk_status_name(enum blk_status status)
{
	(void)status;
	return "status";
}

static bool take(struct blk_queue *queue, struct blk_request *request)
{
	uint32_t cpu = (uint32_t)(queue - queues), count = flying_count[cpu];
	const struct runner_job *job = CONTAINER_OF(request, struct runner_io, request)->job;
	assert_ptr_equal(job->cpu, &cpu_table[cpu]);
	if (count == rig_disk.room)
		return false;
	assert_in_range(rig_io_count, 0, ARRAY_COUNT(rig_ios) - 1);
	flying[cpu][count].request = request;
	flying[cpu][count].io = &rig_ios[rig_io_count++];
	flying[cpu][count].due_tsc =
		now_tsc + rig_disk.latency_ns + (count + 1) * rig_disk.share_ns;
	*flying[cpu][count].io = (struct rig_io){ .job = (uint32_t)(job - runner.jobs),
						  .op = request->op,
						  .offset_bytes = request->sector * SECTOR_BYTES,
						  .length_bytes = (uint64_t)request->sector_count *
								  SECTOR_BYTES,
						  .taken_ns = rig_ns() };
	flying_count[cpu]++;
	request->doorbell_tsc = queue->doorbell_tsc = now_tsc;
	return true;
}

static unsigned take_all(struct blk_queue *queue, struct blk_request *const *requests,
			 unsigned count)
{
	unsigned taken = 0;
	while (taken < count && take(queue, requests[taken]))
		taken++;
	return taken;
}

static void move_data(const struct blk_request *request)
{
	uint8_t *at = rig_disk.memory + request->sector * SECTOR_BYTES;
	for (uint32_t i = 0; i < request->segment_count; i++) {
		void *memory = (void *)(uintptr_t)request->segments[i].address.value;
		uint32_t length = request->segments[i].length_bytes;
		assert_true(at + length <= rig_disk.memory + RIG_DISK_BYTES);
		if (request->op == BLK_READ)
			memcpy(memory, at, length);
		else
			memcpy(at, memory, length);
		at += length;
	}
}

static void deliver(uint32_t cpu, uint32_t index)
{
	struct blk_request *request = flying[cpu][index].request;
	struct rig_io *io = flying[cpu][index].io;
	memmove(&flying[cpu][index], &flying[cpu][index + 1],
		(--flying_count[cpu] - index) * sizeof(flying[cpu][0]));
	move_data(request);
	bool fails = (uint64_t)(io - rig_ios) + 1 == rig_disk.fails_at;
	request->status = fails ? BLK_IO_ERROR : BLK_OK;
	request->signal_tsc = now_tsc;
	io->done_ns = rig_ns();
	request->done(request);
}

static bool deliver_due(uint32_t cpu)
{
	uint32_t before = flying_count[cpu];
	for (uint32_t i = 0; i < flying_count[cpu];)
		if (flying[cpu][i].due_tsc <= now_tsc)
			deliver(cpu, i);
		else
			i++;
	return flying_count[cpu] != before;
}

/* --- the loop --- */

static bool turns_have_changed(const struct runner_cpu *cpu)
{
	return load_once(&runner.turns) != cpu->turns_seen;
}

/* One tick of a CPU; false: all of its jobs are over. */
static bool tick(uint32_t index)
{
	struct runner_cpu *cpu = &runner.cpus[index];
	bool unfinished = true;
	unsigned state;
	if (!cpu->job_count)
		return false;
	this_cpu = index;
	/* The kernel's loop would have slept until now. */
	if (deliver_due(index) && cpu->refused)
		runner_turn_rotate(cpu);
	do {
		state = 0;
		if (turns_have_changed(cpu) || now_tsc >= cpu->turn_tsc)
			unfinished = runner_turn_take(cpu);
		for (uint32_t i = 0; i < cpu->active_job_count; i++)
			state |= cpu->active_jobs[i]->step(cpu->active_jobs[i], now_tsc);
	} while (state & STEP_AGAIN || turns_have_changed(cpu));
	return unfinished;
}

static bool tick_all(void)
{
	bool unfinished = false;
	for (uint32_t i = 0; i < RIG_CPUS; i++)
		unfinished |= tick(i);
	now_tsc += RIG_TICK_NS;
	return unfinished;
}

uint64_t rig_ns(void)
{
	return now_tsc - runner.start_tsc;
}

void rig_run_ns(uint64_t ns)
{
	uint64_t end_tsc = now_tsc + ns;
	while (now_tsc < end_tsc && tick_all())
		;
}

void rig_run_to_end(void)
{
	rig_run_ns(60 * NS_PER_S);
	for (uint32_t i = 0; i < runner.set->job_count; i++)
		assert_int_equal(runner.jobs[i].phase, PHASE_FINISHED);
}

void rig_begin(const char *text)
{
	static const struct settings settings;
	if (rig_parse(text))
		fail_msg("refused: %s", rig_errors);
	runner.set = &rig_set;
	runner.job_file = "t.fio";
	runner.settings = &settings;
	assert_int_equal(runner_setup(), 0);
	runner.start_tsc = now_tsc;
	for (uint32_t i = 0; i < rig_set.job_count; i++)
		runner.jobs[i].eligible_tsc =
			now_tsc +
			clock_us_to_tsc(runner_pace_start_delay_us(&runner.jobs[i]));
	for (uint32_t i = 0; i < RIG_CPUS; i++)
		runner.cpus[i].turns_seen = runner.turns - 1;
}

int rig_begin_test(void **state)
{
	memset(&runner, 0, sizeof(runner));
	memset(&rig_disk, 0, sizeof(rig_disk));
	memset(cpu_table, 0, sizeof(cpu_table));
	memset(flying_count, 0, sizeof(flying_count));
	rig_disk.latency_ns = 50 * NS_PER_US;
	rig_disk.room = FLYING_MAX;
	rig_io_count = 0;
	heap_used = 0;
	now_tsc = START_NS;
	device = (struct blk_device){
		.name = "vda",
		.limits = { .capacity_sectors = RIG_DISK_BYTES / SECTOR_BYTES,
			    .block_bytes = SECTOR_BYTES,
			    .max_segments = 128,
			    .flush = true,
			    .discard = true },
		.queue_count = RIG_CPUS,
		.queues = queues,
	};
	for (uint32_t i = 0; i < RIG_CPUS; i++) {
		cpu_table[i].index = i;
		queues[i] = (struct blk_queue){ .submit = take_all,
						.submit_one = take,
						.device = &device,
						.cpu = &cpu_table[i] };
	}
	return rig_setup(state);
}

int rig_end_test(void **state)
{
	return rig_teardown(state);
}
