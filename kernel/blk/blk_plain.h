/* SPDX-License-Identifier: MIT */
/*
 * The pieces of the plain path: requests that the device can do as they are, on
 * a queue that belongs to one CPU.
 *
 *   submit  a plain run? -> the driver takes it -> the doorbell's time -> doorbell
 *   poll    what is completed -> the time of its signal -> done() of each
 *
 * blk.c puts them together for any driver, by calls through its table. A driver
 * that wants the path in one piece does so itself (virtio_blk_io.c).
 *
 * Nothing here asks whether the queue is shared, has a scheduler, is broken or
 * has a request out that needs care: then queue->submit and queue->poll lead to
 * blk_general.c, and not here (blk_choose_ways()).
 */
#ifndef KERNEL_BLK_BLK_PLAIN_H
#define KERNEL_BLK_BLK_PLAIN_H

#include "kernel/blk/blk_impl.h"

/* The driver took these and is about to publish them. */
static inline void blk_note_doorbell(struct blk_queue *queue, struct blk_request *const *requests,
				     unsigned count)
{
	uint64_t now = clock_tsc();
	struct blk_request *const *at = requests, *const *end = requests + count;

	queue->in_flight += count;
	queue->counters.requests += count;
	queue->doorbell_tsc = now;
	do
		(*at)->doorbell_tsc = now;
	while (++at != end);
}

/* One completion of those signalled then; its status is set. */
static inline void blk_deliver(struct blk_queue *queue, struct blk_request *request,
			       uint64_t signal_tsc)
{
	queue->in_flight--;
	queue->counters.completions++;
	request->signal_tsc = signal_tsc;
	if (UNLIKELY(request->status != BLK_OK))
		queue->counters.errors++;
	request->done(request);
}

#endif
