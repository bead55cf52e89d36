/* SPDX-License-Identifier: MIT */
/*
 * The block layer's core: the list of disks, which queue serves which CPU, and
 * which way a queue's requests go. blk_submit() and blk_poll() jump to where the
 * queue points: the plain path (blk_plain.h); blk_general.c while the queue is
 * broken or has a scheduler, a request was cut or refused, or a flush is out; or
 * blk_shared.c. So the plain path pays for nothing that it does not do itself.
 *
 * Reaping happens in loop context, never in an interrupt handler: a handler
 * notes the time and sets the CPU's wake flag (blk_note_interrupt()), and the
 * loop polls. A queue's state thus has one context and needs neither lock nor
 * cli. Interrupts are asked for only right before sleeping (wait.c), so that
 * none arrives while there is work to do.
 *
 * Owned here: the table of devices. Memory is allocated at registration and
 * never after. No printing on the path. Deliberately absent: timeouts and recovery.
 * blk_oldest_submit_tsc() tells ages, and the benchmark ends when one is too high.
 */
#include "kernel/blk/blk_impl.h"
#include "kernel/blk/sched.h"
#include "kernel/blk/parts.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/err.h"
#include "kernel/lib/mem.h"

static struct blk_device *device_table[BLK_DEVICES_MAX];
static unsigned device_count;

/* --- registration --- */

static bool cpu_owns_a_queue(const struct blk_device *device, const struct cpu *cpu)
{
	for (uint16_t i = 0; i < device->queue_count; i++)
		if (device->queues[i].cpu == cpu)
			return true;
	return false;
}

/* Owners, and whose queues have to serve the CPUs that own none. */
static void assign_owners(struct blk_device *device)
{
	for (uint16_t i = 0; i < device->queue_count; i++)
		if (!device->queues[i].cpu)
			device->queues[i].cpu = &cpu_table[i % cpu_count];
	for (uint32_t i = 0; i < cpu_count; i++)
		if (!cpu_owns_a_queue(device, &cpu_table[i]))
			device->queues[i % device->queue_count].shared = true;
}

static int start_queue(struct blk_queue *queue, const struct settings *settings)
{
	const struct blk_limits *limits = &queue->device->limits;

	queue->fast_sectors = MIN(limits->max_sectors, limits->max_segment_bytes / SECTOR_BYTES);
	queue->align_mask = blk_limits_align_mask(limits);
	queue->shape_ignores = limits->read_only ? 0 : BLK_READ ^ BLK_WRITE;
	queue->waiting_end = &queue->waiting;
	queue->finished_end = &queue->finished;
	queue->polled_only |= !queue->driver->arm;
	if (queue->polled_only)
		queue->completion = COMPLETION_POLL;
	queue->parts = blk_parts_create();
	if (!queue->parts)
		return -ERR_NO_MEMORY;
	if (settings->sched == SCHED_DEADLINE) {
		queue->sched = blk_sched_create(limits);
		if (!queue->sched)
			return -ERR_NO_MEMORY;
	}
	blk_prepare_ways(queue);
	return 0;
}

int blk_register(struct blk_device *device, const struct settings *settings)
{
	cpu_assert_boot();
	if (device_count == BLK_DEVICES_MAX)
		return -ERR_FULL;
	if (!device->queue_count || device->queue_count > BLK_QUEUES_MAX)
		return -ERR_INVALID;
	int error = blk_limits_settle(&device->limits);
	if (error)
		return error;

	assign_owners(device);
	for (uint16_t i = 0; i < device->queue_count; i++) {
		device->queues[i].device = device;
		error = start_queue(&device->queues[i], settings);
		if (error)
			return error;
	}
	blk_wait_init(settings);
	device_table[device_count++] = device;
	return 0;
}

unsigned blk_device_count(void)
{
	return device_count;
}

struct blk_device *blk_device_at(unsigned index)
{
	return index < device_count ? device_table[index] : NULL;
}

struct blk_device *blk_find(const char *name)
{
	if (!strncmp(name, "/dev/", 5))
		name += 5;
	for (unsigned i = 0; i < device_count; i++)
		if (!strcmp(device_table[i]->name, name))
			return device_table[i];
	return NULL;
}

struct blk_queue *blk_queue_for(struct blk_device *device, const struct cpu *cpu, unsigned nth)
{
	unsigned owned = 0;

	for (uint16_t i = 0; i < device->queue_count; i++)
		owned += device->queues[i].cpu == cpu;
	if (!owned)
		return &device->queues[cpu->index % device->queue_count];
	nth %= owned;
	for (uint16_t i = 0;; i++)
		if (device->queues[i].cpu == cpu && !nth--)
			return &device->queues[i];
}

void blk_set_queue_completion(struct blk_queue *queue, enum setting_completion mode)
{
	assert_always(blk_queue_idle(queue));
	queue->completion = queue->polled_only ? COMPLETION_POLL : mode;
	blk_prepare_ways(queue);
}

/* --- which way --- */

static unsigned plain_submit(struct blk_queue *queue, struct blk_request *const *requests,
			     unsigned count)
{
	struct blk_run run;

	if (!blk_run_plain(queue, *requests, &run))
		return blk_submit_general(queue, requests, count);
	unsigned taken = queue->driver->submit(queue, &run, requests, count);
	if (taken != count)
		return blk_submit_rest(queue, requests, taken, count);
	blk_note_doorbell(queue, requests, count);
	queue->driver->publish(queue);
	return count;
}

/* As a batch. */
static bool submit_one(struct blk_queue *queue, struct blk_request *request)
{
	return blk_submit(queue, &request, 1);
}

static unsigned plain_poll(struct blk_queue *queue)
{
	struct blk_request *found[BLK_REAP_BATCH];
	uint64_t interrupt_tsc = blk_take_interrupt(queue);
	/* done() may submit, and what it submits may complete: once round is enough. */
	uint32_t left = queue->in_flight;
	uint64_t signal_tsc = 0;
	unsigned total = 0, count;

	do {
		count = blk_reap_batch(queue, found, left, interrupt_tsc, &signal_tsc);
		for (unsigned i = 0; i < count; i++)
			blk_deliver(queue, found[i], signal_tsc);
		total += count;
		left -= count;
	} while (count && left && !queue->general);
	if (!total)
		blk_count_nothing_found(queue, interrupt_tsc);
	return total;
}

static blk_wait_function *plain_wait(const struct blk_queue *queue)
{
	if (queue->completion == COMPLETION_POLL)
		return blk_wait_polling;
	if (queue->completion == COMPLETION_ADAPTIVE)
		return blk_wait_adapting;
	return queue->driver->plain_wait ? queue->driver->plain_wait : blk_wait_sleeping;
}

void blk_prepare_ways(struct blk_queue *queue)
{
	const struct blk_driver *driver = queue->driver;

	queue->plain_ways = (struct blk_ways){
		.submit = driver->plain_submit ? driver->plain_submit : plain_submit,
		.submit_one = driver->plain_submit_one ? driver->plain_submit_one : submit_one,
		.poll = driver->plain_poll ? driver->plain_poll : plain_poll,
		.wait = plain_wait(queue),
	};
	/* A shared queue's never change, so that any CPU may read them at any time. */
	queue->general_ways = (struct blk_ways){
		.submit = queue->shared ? blk_submit_shared : blk_submit_general,
		.submit_one = submit_one,
		.poll = queue->shared ? blk_poll_shared : blk_poll_general,
		.wait = blk_wait_general,
	};
	blk_choose_ways(queue);
}

void blk_break(struct blk_queue *queue)
{
	queue->broken = true;
	blk_choose_ways(queue);
}
