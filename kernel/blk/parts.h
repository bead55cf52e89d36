/* SPDX-License-Identifier: MIT */
/*
 * Requests that the device cannot take as they are: too long, too many or too
 * long segments, or a write that has to be durable. Each becomes a parent with
 * parts from a preallocated pool, and completes once.
 *
 * At most one request per queue is being cut. While parts or ring slots are
 * short, it waits, and nothing behind it is accepted: blk_poll() goes on with it
 * as completions make room. What it waits for is always out at the device, so
 * the wait ends.
 */
#ifndef KERNEL_BLK_PARTS_H
#define KERNEL_BLK_PARTS_H

#include "kernel/blk/blk.h"

#define BLK_PARTS_MAX 32u /* out at once, per queue */
#define BLK_PART_SEGMENTS 16u /* of a part that cannot borrow its parent's */

/* How far a request has been cut. */
struct blk_parts_cursor {
	const struct blk_request *request;
	uint64_t sector; /* the next part's first */
	uint32_t sectors_left;
	uint32_t segment; /* the next part's data starts there, */
	uint32_t segment_offset_bytes; /* so far into it */
};

void blk_parts_start(struct blk_parts_cursor *cursor, const struct blk_request *request);

/*
 * Takes the next part, as large as the limits allow: fills sector,
 * sector_count, segments and segment_count of `part`, and moves the cursor.
 * Segments are the request's own, or else written into `own`. False when no
 * part of whole blocks fits the limits: segments too small and too many.
 */
bool blk_parts_cut(const struct blk_limits *limits, struct blk_parts_cursor *cursor,
		   struct blk_request *part, blk_segment own[BLK_PART_SEGMENTS]);

/* Most sectors that one request of this kind may have. */
uint32_t blk_parts_max_sectors(const struct blk_limits *limits, uint8_t op);

/* --- a queue's parts; context as in blk_impl.h --- */

/* NULL: no memory. */
struct blk_parts *blk_parts_create(void);

/* True when a request that passed the checks cannot go as it is. */
bool blk_parts_needed(const struct blk_limits *limits, const struct blk_request *request);

/* Takes a request over; blk_parts_feed() goes on. Nothing must be waiting. */
void blk_parts_begin(struct blk_queue *queue, struct blk_request *parent);

/* Issues flushes and parts while there is room. */
void blk_parts_feed(struct blk_queue *queue);

/* Something waits for parts or room. */
bool blk_parts_waiting(const struct blk_parts *parts);

/* Parts are out, or something waits. */
bool blk_parts_busy(const struct blk_parts *parts);

bool blk_parts_contain(const struct blk_parts *parts, const struct blk_request *request);

/* A part is over: gives it back, and finishes the parent with the last one. */
void blk_parts_complete(struct blk_queue *queue, struct blk_request *part);

/* The queue broke: what waits completes as BLK_BROKEN once its parts are back. */
void blk_parts_fail(struct blk_queue *queue);

/* submit_tsc of the oldest request that waits; UINT64_MAX when none does. */
uint64_t blk_parts_oldest_tsc(const struct blk_parts *parts);

#endif
