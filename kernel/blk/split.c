/* SPDX-License-Identifier: MIT */
/*
 * Splitting: a request beyond the limits becomes parts, a durable write gets
 * its flush.
 *
 *   parent  |-------------------- sectors --------------------|
 *   parts   |--- out ---|--- out ---|   cursor: still to be cut
 *
 *   write with FUA:  parts ... all done -> flush part -> done
 *
 * What a part gets is split_cut.c's matter. The parent's `pieces` counts its
 * parts that are out, its status is that of the first part that failed; after
 * a failure no more is cut. It completes when nothing of it is out or left.
 *
 * Parts come from a pool per queue, never from an allocator. No deadlock: what
 * waits for a part or for room waits only for parts and requests that are at
 * the device, and it goes before anything newer.
 *
 * Owned here: the pool, the one request being cut, the list of those whose
 * flush waits. Context: as in blk_impl.h.
 */
#include "kernel/blk/split.h"

#include "kernel/blk/blk_impl.h"
#include "kernel/mm/dma.h"

struct blk_split {
	struct blk_request *free; /* [c] list of parts */
	uint32_t parts_out; /* [c] */
	struct blk_request *cutting; /* [c] NULL: none */
	struct blk_split_cursor cursor; /* [c] of `cutting` */
	struct blk_request *flushes; /* [c] list: written, to be flushed */
	struct blk_request **flushes_end; /* [c] */
	struct blk_request parts[BLK_SPLIT_PARTS];
	blk_segment segments[BLK_SPLIT_PARTS][BLK_SPLIT_SEGMENTS];
};

static bool wants_flush(const struct blk_limits *limits, const struct blk_request *request)
{
	return (request->flags & BLK_FUA) && limits->flush &&
	       (request->op == BLK_WRITE || request->op == BLK_WRITE_ZEROES);
}

bool blk_split_needed(const struct blk_limits *limits, const struct blk_request *request)
{
	if (request->op == BLK_FLUSH || request->op >= BLK_GET_ID)
		return false;
	if (wants_flush(limits, request) ||
	    request->sector_count > blk_split_max_sectors(limits, request->op))
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

struct blk_split *blk_split_create(void)
{
	struct blk_split *split = memory_allocate(sizeof(*split));

	if (!split)
		return NULL;
	split->flushes_end = &split->flushes;
	for (uint32_t i = 0; i < BLK_SPLIT_PARTS; i++) {
		split->parts[i].next = split->free;
		split->free = &split->parts[i];
	}
	return split;
}

bool blk_split_is_part(const struct blk_split *split, const struct blk_request *request)
{
	return request >= split->parts && request < split->parts + BLK_SPLIT_PARTS;
}

bool blk_split_waiting(const struct blk_split *split)
{
	return split->cutting || split->flushes;
}

bool blk_split_busy(const struct blk_split *split)
{
	return split->parts_out || blk_split_waiting(split);
}

static struct blk_request *take_part(struct blk_split *split, struct blk_request *parent,
				     enum blk_op op)
{
	struct blk_request *part = split->free;

	if (!part)
		return NULL;
	split->free = part->next;
	split->parts_out++;
	part->op = (uint8_t)op;
	part->flags = parent->flags & (uint8_t)~BLK_FUA;
	part->parent = parent;
	part->submit_tsc = parent->submit_tsc;
	return part;
}

static void give_part_back(struct blk_split *split, struct blk_request *part)
{
	part->next = split->free;
	split->free = part;
	split->parts_out--;
}

/* All parts of the parent are back, and none is left to cut. */
static void settle(struct blk_queue *queue, struct blk_request *parent)
{
	struct blk_split *split = queue->split;

	if (parent->status != BLK_OK || !wants_flush(&queue->device->limits, parent)) {
		blk_finish(queue, parent);
		return;
	}
	parent->next = NULL;
	*split->flushes_end = parent;
	split->flushes_end = &parent->next;
}

static void stop_cutting(struct blk_queue *queue)
{
	struct blk_request *parent = queue->split->cutting;

	queue->split->cutting = NULL;
	if (!parent->pieces)
		settle(queue, parent);
}

void blk_split_begin(struct blk_queue *queue, struct blk_request *parent)
{
	parent->status = BLK_OK;
	parent->pieces = 0;
	parent->doorbell_tsc = 0;
	queue->split->cutting = parent;
	blk_split_start(&queue->split->cursor, parent);
	queue->held++;
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
	struct blk_split *split = queue->split;
	struct blk_split_cursor before = split->cursor;
	struct blk_request *parent = split->cutting;
	struct blk_request *part = take_part(split, parent, (enum blk_op)parent->op);

	if (!part)
		return false;
	if (!blk_split_cut(&queue->device->limits, &split->cursor, part,
			   split->segments[part - split->parts])) {
		give_part_back(split, part);
		parent->status = BLK_UNSUPPORTED;
		stamp_unseen(parent);
		return true;
	}
	if (!blk_issue(queue, part)) {
		give_part_back(split, part);
		split->cursor = before;
		return false;
	}
	parent->pieces++;
	queue->counters.splits += before.sector != parent->sector;
	return true;
}

/* Issues the flush of the first durable write that waits for its own. */
static bool flush_one(struct blk_queue *queue)
{
	struct blk_split *split = queue->split;
	struct blk_request *parent = split->flushes;
	struct blk_request *part = take_part(split, parent, BLK_FLUSH);

	if (!part)
		return false;
	part->sector = 0;
	part->sector_count = 0;
	part->segments = NULL;
	part->segment_count = 0;
	if (!blk_issue(queue, part)) {
		give_part_back(split, part);
		return false;
	}
	parent->pieces++;
	queue->counters.splits++;
	split->flushes = parent->next;
	if (!split->flushes)
		split->flushes_end = &split->flushes;
	return true;
}

void blk_split_feed(struct blk_queue *queue)
{
	struct blk_split *split = queue->split;

	while (split->flushes)
		if (!flush_one(queue))
			return;
	while (split->cutting) {
		if (!split->cursor.sectors_left || split->cutting->status != BLK_OK)
			stop_cutting(queue);
		else if (!cut_one(queue))
			return;
	}
}

void blk_split_complete(struct blk_queue *queue, struct blk_request *part)
{
	struct blk_split *split = queue->split;
	struct blk_request *parent = part->parent;

	if (parent->status == BLK_OK)
		parent->status = part->status;
	if (!parent->doorbell_tsc || part->doorbell_tsc < parent->doorbell_tsc)
		parent->doorbell_tsc = part->doorbell_tsc;
	parent->signal_tsc = part->signal_tsc;
	bool was_flush = part->op == BLK_FLUSH;

	give_part_back(split, part);
	if (--parent->pieces || split->cutting == parent)
		return;
	if (was_flush)
		blk_finish(queue, parent);
	else
		settle(queue, parent);
}

void blk_split_fail(struct blk_queue *queue)
{
	struct blk_split *split = queue->split;
	struct blk_request *parent;

	if (split->cutting) {
		parent = split->cutting;
		if (parent->status == BLK_OK)
			parent->status = BLK_BROKEN;
		stamp_unseen(parent);
		stop_cutting(queue);
	}
	while ((parent = split->flushes)) {
		split->flushes = parent->next;
		parent->status = BLK_BROKEN;
		blk_finish(queue, parent);
	}
	split->flushes_end = &split->flushes;
}

uint64_t blk_split_oldest_tsc(const struct blk_split *split)
{
	uint64_t oldest = split->cutting ? split->cutting->submit_tsc : UINT64_MAX;

	for (const struct blk_request *parent = split->flushes; parent; parent = parent->next)
		oldest = MIN(oldest, parent->submit_tsc);
	return oldest;
}
