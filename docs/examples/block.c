/* SPDX-License-Identifier: MIT */
/*
 * The block layer on the host, over a driver of one queue that is a piece of memory: a write,
 * a read of the same sectors, and a read beyond the end.
 *
 *   blk_submit() -> memory_submit(), memory_publish()    the layer -> its driver
 *   blk_poll()   -> memory_reap() -> done()              and back to its submitter
 *
 * Build: docs/lifting.md. Take the files of the row "block layer" and those above it; what
 * they want supplied is the second half of this file. A kernel has it all already.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/blk/blk_driver.h"
#include "kernel/cpu/clock.h"
#include "kernel/cpu/hypervisor.h"
#include "kernel/cpu/percpu.h"
#include "kernel/irq/smp.h"
#include "kernel/irq/timer.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/log.h"
#include "kernel/mm/heap.h"

#define DEPTH 16u
#define SECTORS 64u

static uint8_t disk[SECTORS * SECTOR_BYTES];
static struct blk_request *taken[DEPTH]; /* in order; [0, done_count) are completed */
static unsigned taken_count, done_count;

/* --- the driver --- */

static unsigned memory_submit(struct blk_queue *queue, const struct blk_run *run,
			      struct blk_request *const *requests, unsigned count)
{
	unsigned i;

	(void)queue;
	for (i = 0; i < count && taken_count < DEPTH && blk_run_takes(run, requests[i]); i++)
		taken[taken_count++] = requests[i];
	return i;
}

static void memory_publish(struct blk_queue *queue)
{
	queue->counters.batches++;
	for (; done_count < taken_count; done_count++) {
		struct blk_request *request = taken[done_count];
		uint8_t *at = disk + request->sector * SECTOR_BYTES;

		for (unsigned i = 0; i < request->segment_count; i++) {
			void *buffer = (void *)request->segments[i].address.value;
			size_t length = request->segments[i].length_bytes;
			memcpy(request->op == BLK_READ ? buffer : at,
			       request->op == BLK_READ ? at : buffer, length);
			at += length;
		}
		request->status = BLK_OK;
	}
}

static unsigned memory_reap(struct blk_queue *queue, struct blk_request **out, unsigned max)
{
	unsigned count = MIN(done_count, max);

	(void)queue;
	memcpy(out, taken, count * sizeof(taken[0]));
	taken_count -= count;
	done_count -= count;
	memmove(taken, taken + count, taken_count * sizeof(taken[0]));
	return count;
}

static bool memory_has_completions(const struct blk_queue *queue)
{
	(void)queue;
	return done_count > 0;
}

static void memory_dump(const struct blk_queue *queue)
{
	(void)queue;
}

static const struct blk_driver memory_driver = {
	.name = "memory", .submit = memory_submit, .publish = memory_publish,
	.reap = memory_reap, .has_completions = memory_has_completions, .dump = memory_dump,
};

/* --- its use --- */

static void done(struct blk_request *request)
{
	printf("%s of sector %llu: %s\n", blk_op_name(request->op),
	       (unsigned long long)request->sector, blk_status_name(request->status));
}

static enum blk_status transfer(struct blk_queue *queue, enum blk_op op, uint64_t sector,
				void *buffer, uint32_t length_bytes)
{
	const blk_segment segment = { phys_make((uintptr_t)buffer), length_bytes };
	struct blk_request request = {
		.op = (uint8_t)op, .segment_count = 1, .segments = &segment, .sector = sector,
		.sector_count = length_bytes / SECTOR_BYTES, .done = done,
	};
	struct blk_request *requests[] = { &request };

	assert_always(blk_submit(queue, requests, 1) == 1);
	while (!blk_poll(queue))
		continue;
	return request.status;
}

int main(void)
{
	static struct blk_queue queue = { .driver = &memory_driver, .depth = DEPTH,
					  .completion = COMPLETION_POLL, .polled_only = true };
	static struct blk_device device = {
		.name = "mem0", .driver = &memory_driver, .queue_count = 1, .queues = &queue,
		.limits = { .capacity_sectors = SECTORS, .block_bytes = SECTOR_BYTES,
			    .physical_block_bytes = SECTOR_BYTES, .max_segments = 4,
			    .max_segment_bytes = 65536, .max_sectors = SECTORS },
	};
	static char there[1024] = "sector 7", back[1024];
	struct settings settings = { .completion = COMPLETION_POLL };

	cpu_table[0].self = &cpu_table[0];
	assert_always(!blk_register(&device, &settings));
	if (transfer(&queue, BLK_WRITE, 7, there, sizeof(there)) != BLK_OK ||
	    transfer(&queue, BLK_READ, 7, back, sizeof(back)) != BLK_OK ||
	    transfer(&queue, BLK_READ, SECTORS, back, sizeof(back)) != BLK_OUT_OF_RANGE)
		return 1;
	printf("%s: \"%s\", %llu requests, %llu errors\n", device.name, back,
	       (unsigned long long)queue.counters.requests,
	       (unsigned long long)queue.counters.errors);
	return 0;
}

/* --- what the layer wants supplied --- */

struct clock_scale clock_scale = { 1ull << 32, 1ull << 32, 1000000000, 0 };
struct cpu cpu_table[CPU_MAX];
uint32_t cpu_count = 1;

uint64_t clock_tsc(void)
{
	static uint64_t now;
	return ++now;
}

struct cpu *cpu_this(void)
{
	return &cpu_table[0];
}

void cpu_wait(void)
{
}

void smp_wake(struct cpu *cpu)
{
	store_once(&cpu->wake, 1);
}

void timer_arm(struct timer *timer, uint64_t deadline_tsc)
{
	timer->deadline_tsc = deadline_tsc;
}

void timer_cancel(struct timer *timer)
{
	timer->deadline_tsc = 0;
}

bool hypervisor_is_tcg(void)
{
	return false;
}

void *heap_allocate(uint64_t length_bytes)
{
	size_t whole = (length_bytes + 63) & ~63ull; /* a multiple of the alignment */
	void *memory = aligned_alloc(64, whole);
	return memory ? memset(memory, 0, whole) : NULL;
}

void log_raw(const char *format, ...)
{
	(void)format;
}

void panic(const char *format, ...)
{
	fprintf(stderr, "%s\n", format);
	abort();
}
