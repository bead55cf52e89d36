/* SPDX-License-Identifier: MIT */
/*
 * The parts of a queue's requests: a request beyond the limits is cut into some, a
 * durable write gets its flush as one.
 *
 *   parent  |-------------------- sectors --------------------|
 *   parts   |--- out ---|--- out ---|   cursor: still to be cut
 *
 *   write with FUA:  parts ... all done -> flush part -> done
 *
 * parts_cut.c decides what a part gets. The parent's `parts_out` counts those of its
 * parts that are out; its status is that of the first part that failed. After a failure
 * no more is cut. It completes when nothing of it is out or left.
 *
 * Parts come from a pool per queue, never from an allocator. No deadlock: what
 * waits for a part or for room waits only for parts and requests that are at
 * the device, and it goes before anything newer.
 *
 * Owned here: the pool, the one request being cut, the list of those whose
 * flush waits. Context: as in blk_impl.h.
 */
#include "kernel/blk/parts.h"

#include "kernel/blk/blk_impl.h"
#include "kernel/mm/heap.h"

struct blk_parts {
	struct blk_request *free; /* [c] list of parts */
	uint32_t out; /* [c] how many are not on that list */
	struct blk_request *cutting; /* [c] NULL: none */
	struct blk_parts_cursor cursor; /* [c] of `cutting` */
	struct blk_request *flushes; /* [c] list: written, to be flushed */
	struct blk_request **flushes_end; /* [c] */
	struct blk_request items[BLK_PARTS_MAX];
	blk_segment segments[BLK_PARTS_MAX][BLK_PART_SEGMENTS];
};

static bool wants_flush(const struct blk_limits *limits, const struct blk_request *request)
{
	return (request->flags & BLK_FUA) && limits->flush &&
	       (request->op == BLK_WRITE || request->op == BLK_WRITE_ZEROES);
}

bool blk_parts_needed(const struct blk_limits *limits, const struct blk_request *request)
{
	if (request->op == BLK_FLUSH || request->op >= BLK_GET_ID)
		return false;
	if (wants_flush(limits, request) ||
	    request->sector_count > blk_parts_max_sectors(limits, request->op))
		return true;
	if (request->op > BLK_WRITE)
		return false;
	if (request->segment_count > limits->max_segments)
		return true;
	for (uint32_t i = 0; i < request->segment_count; i++)
		if (request->segments[i].length_bytes > limits->max_segment_bytes)
			return true;
	return false;
}

/* --- a queue's parts --- */

struct blk_parts *blk_parts_create(void)
{
	struct blk_parts *pool = heap_allocate(sizeof(*pool));

	if (!pool)
		return NULL;
	pool->flushes_end = &pool->flushes;
	for (uint32_t i = 0; i < BLK_PARTS_MAX; i++) {
		pool->items[i].next = pool->free;
		pool->free = &pool->items[i];
	}
	return pool;
}

bool blk_parts_contain(const struct blk_parts *pool, const struct blk_request *request)
{
	return request >= pool->items && request < pool->items + BLK_PARTS_MAX;
}

bool blk_parts_waiting(const struct blk_parts *pool)
{
	return pool->cutting || pool->flushes;
}

bool blk_parts_busy(const struct blk_parts *pool)
{
	return pool->out || blk_parts_waiting(pool);
}

static struct blk_request *take_part(struct blk_parts *pool, struct blk_request *parent,
				     enum blk_op op)
{
	struct blk_request *part = pool->free;

	if (!part)
		return NULL;
	pool->free = part->next;
	pool->out++;
	part->op = (uint8_t)op;
	part->flags = parent->flags & (uint8_t)~BLK_FUA;
	part->parent = parent;
	part->submit_tsc = parent->submit_tsc;
	return part;
}

static void give_part_back(struct blk_parts *pool, struct blk_request *part)
{
	part->next = pool->free;
	pool->free = part;
	pool->out--;
}

/* All parts of the parent are back, and none is left to cut. */
static void settle(struct blk_queue *queue, struct blk_request *parent)
{
	struct blk_parts *pool = queue->parts;

	if (parent->status != BLK_OK || !wants_flush(&queue->device->limits, parent)) {
		blk_finish(queue, parent);
		return;
	}
	parent->next = NULL;
	*pool->flushes_end = parent;
	pool->flushes_end = &parent->next;
}

static void stop_cutting(struct blk_queue *queue)
{
	struct blk_request *parent = queue->parts->cutting;

	queue->parts->cutting = NULL;
	if (!parent->parts_out)
		settle(queue, parent);
}

void blk_parts_begin(struct blk_queue *queue, struct blk_request *parent)
{
	blk_assert_at_work(queue);
	parent->status = BLK_OK;
	parent->parts_out = 0;
	parent->doorbell_tsc = 0;
	queue->parts->cutting = parent;
	blk_parts_start(&queue->parts->cursor, parent);
	queue->backlog++;
}

/* It may end without a part that the device saw. */
static void stamp_unseen(struct blk_request *parent)
{
	parent->signal_tsc = clock_tsc();
	if (!parent->doorbell_tsc)
		parent->doorbell_tsc = parent->signal_tsc;
}

/* Cuts and issues one part; false when there is no part or no room. */
static bool cut_one(struct blk_queue *queue)
{
	struct blk_parts *pool = queue->parts;
	struct blk_parts_cursor before = pool->cursor;
	struct blk_request *parent = pool->cutting;
	struct blk_request *part = take_part(pool, parent, (enum blk_op)parent->op);

	if (!part)
		return false;
	if (!blk_parts_cut(&queue->device->limits, &pool->cursor, part,
			   pool->segments[part - pool->items])) {
		give_part_back(pool, part);
		parent->status = BLK_UNSUPPORTED;
		stamp_unseen(parent);
		return true;
	}
	if (!blk_issue(queue, part)) {
		give_part_back(pool, part);
		pool->cursor = before;
		return false;
	}
	parent->parts_out++;
	queue->counters.splits += before.sector != parent->sector;
	return true;
}

/* Issues the flush of the first durable write that waits for its own. */
static bool flush_one(struct blk_queue *queue)
{
	struct blk_parts *pool = queue->parts;
	struct blk_request *parent = pool->flushes;
	struct blk_request *part = take_part(pool, parent, BLK_FLUSH);

	if (!part)
		return false;
	part->sector = 0;
	part->sector_count = 0;
	part->segments = NULL;
	part->segment_count = 0;
	if (!blk_issue(queue, part)) {
		give_part_back(pool, part);
		return false;
	}
	parent->parts_out++;
	queue->counters.splits++;
	pool->flushes = parent->next;
	if (!pool->flushes)
		pool->flushes_end = &pool->flushes;
	return true;
}

void blk_parts_feed(struct blk_queue *queue)
{
	blk_assert_at_work(queue);
	struct blk_parts *pool = queue->parts;

	while (pool->flushes)
		if (!flush_one(queue))
			return;
	while (pool->cutting) {
		if (!pool->cursor.sectors_left || pool->cutting->status != BLK_OK)
			stop_cutting(queue);
		else if (!cut_one(queue))
			return;
	}
}

void blk_parts_complete(struct blk_queue *queue, struct blk_request *part)
{
	blk_assert_at_work(queue);
	struct blk_parts *pool = queue->parts;
	struct blk_request *parent = part->parent;

	if (parent->status == BLK_OK)
		parent->status = part->status;
	if (!parent->doorbell_tsc || part->doorbell_tsc < parent->doorbell_tsc)
		parent->doorbell_tsc = part->doorbell_tsc;
	parent->signal_tsc = part->signal_tsc;
	bool was_flush = part->op == BLK_FLUSH;

	give_part_back(pool, part);
	if (--parent->parts_out || pool->cutting == parent)
		return;
	if (was_flush)
		blk_finish(queue, parent);
	else
		settle(queue, parent);
}

void blk_parts_fail(struct blk_queue *queue)
{
	struct blk_parts *pool = queue->parts;
	struct blk_request *parent;

	if (pool->cutting) {
		parent = pool->cutting;
		if (parent->status == BLK_OK)
			parent->status = BLK_BROKEN;
		stamp_unseen(parent);
		stop_cutting(queue);
	}
	while ((parent = pool->flushes)) {
		pool->flushes = parent->next;
		parent->status = BLK_BROKEN;
		blk_finish(queue, parent);
	}
	pool->flushes_end = &pool->flushes;
}

uint64_t blk_parts_oldest_tsc(const struct blk_parts *pool)
{
	uint64_t oldest = pool->cutting ? pool->cutting->submit_tsc : UINT64_MAX;

	for (const struct blk_request *parent = pool->flushes; parent; parent = parent->next)
		oldest = MIN(oldest, parent->submit_tsc);
	return oldest;
}
