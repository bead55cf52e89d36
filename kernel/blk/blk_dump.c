/* SPDX-License-Identifier: MIT */
/*
 * What people and deadlines want to know of a queue: the names of operations and
 * statuses, blk_dump() with its counters and indices, and blk_oldest_submit_tsc(), by
 * which the benchmark finds requests past their deadline.
 *
 * Not for the I/O path: it looks at every slot. blk_dump() takes no lock, since
 * the owner may be stuck, and prints what it sees.
 */
#include "kernel/blk/blk_impl.h"
#include "kernel/blk/sched.h"
#include "kernel/blk/parts.h"
#include "kernel/lib/log.h"

static const char *const op_names[BLK_OP_COUNT] = {
	[BLK_READ] = "read",
	[BLK_WRITE] = "write",
	[BLK_FLUSH] = "flush",
	[BLK_DISCARD] = "discard",
	[BLK_WRITE_ZEROES] = "write zeroes",
	[BLK_SECURE_ERASE] = "secure erase",
	[BLK_GET_ID] = "get id",
	[BLK_GET_LIFETIME] = "get lifetime",
};

static const char *const status_names[] = {
	[BLK_OK] = "ok",
	[BLK_IO_ERROR] = "io error",
	[BLK_UNSUPPORTED] = "unsupported",
	[BLK_OUT_OF_RANGE] = "out of range",
	[BLK_READ_ONLY] = "read-only",
	[BLK_SHORT] = "short transfer",
	[BLK_BROKEN] = "broken",
};

const char *blk_op_name(enum blk_op op)
{
	return (unsigned)op < ARRAY_COUNT(op_names) ? op_names[op] : "unknown";
}

const char *blk_status_name(enum blk_status status)
{
	return (unsigned)status < ARRAY_COUNT(status_names) ? status_names[status] : "unknown";
}

const char *blk_driver_name(const struct blk_device *device)
{
	return device->driver->name;
}

uint64_t blk_oldest_submit_tsc(struct blk_queue *queue)
{
	uint64_t oldest = UINT64_MAX;

	if (blk_queue_idle(queue))
		return 0;
	if (queue->shared)
		blk_begin_work(queue);
	for (uint32_t slot = 0; queue->driver->request_in && slot < queue->depth; slot++) {
		const struct blk_request *request = queue->driver->request_in(queue, slot);

		if (request)
			oldest = MIN(oldest, request->submit_tsc);
	}
	for (const struct blk_request *r = queue->waiting; r; r = r->next)
		oldest = MIN(oldest, r->submit_tsc);
	oldest = MIN(oldest, blk_parts_oldest_tsc(queue->parts));
	if (queue->sched)
		oldest = MIN(oldest, blk_sched_oldest_tsc(queue->sched));
	if (queue->shared)
		blk_end_work(queue);
	return oldest == UINT64_MAX ? 0 : oldest;
}

static void dump_counters(const struct blk_counters *c)
{
	log_raw("  requests %lu completions %lu errors %lu timeouts %lu splits %lu merges %lu\n",
		c->requests, c->completions, c->errors, c->timeouts, c->splits, c->merges);
	log_raw("  batches %lu doorbells %lu suppressed %lu interrupts %lu empty %lu polls %lu "
		"arms %lu\n",
		c->batches, c->doorbells, c->doorbells_suppressed, c->interrupts,
		c->empty_interrupts, c->polls, c->arms);
}

void blk_dump(const struct blk_queue *queue)
{
	const struct blk_limits *limits = &queue->device->limits;

	log_raw("%s queue %u of %u: %s, CPU %u%s%s%s\n", queue->device->name, queue->index,
		queue->device->queue_count, queue->driver->name, queue->cpu->index,
		queue->shared ? ", shared" : "", queue->polled_only ? ", polled only" : "",
		queue->broken ? ", BROKEN" : "");
	log_raw("  in flight %u of %u, backlog %u (scheduler %u), urgent %u, interrupt %s\n",
		queue->in_flight, queue->depth, queue->backlog,
		queue->sched ? blk_sched_held(queue->sched) : 0, queue->urgent_out,
		queue->interrupt_tsc ? "pending" : "none");
	log_raw("  limits: %lu sectors, block %u, segments %u of %u bytes, %u sectors a request\n",
		limits->capacity_sectors, limits->block_bytes, limits->max_segments,
		limits->max_segment_bytes, limits->max_sectors);
	dump_counters(&queue->counters);
	queue->driver->dump(queue);
}
