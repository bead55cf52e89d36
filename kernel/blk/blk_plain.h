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

#include "kernel/blk/blk_driver.h"

/* --- submitting --- */

/* True when requests of that shape are plain, wherever they begin; remembers it. */
bool blk_shape_is_plain(struct blk_queue *queue, uint64_t shape);

/*
 * The run of plain requests that begins with this one: reads, or writes, of one
 * segment, without flags, that the device can do as they are. False: it is not.
 */
static inline bool blk_run_plain(struct blk_queue *queue, const struct blk_request *first,
				 struct blk_run *run)
{
	uint64_t shape = blk_shape(first);
	uint64_t capacity = load_once(&queue->device->limits.capacity_sectors);

	if (UNLIKELY((shape | queue->shape_ignores) != queue->shape_known_plain) &&
	    !blk_shape_is_plain(queue, shape))
		return false;
	run->shape = shape;
	run->align_mask = queue->align_mask;
	return !__builtin_sub_overflow(capacity, shape >> 32, &run->last_sector);
}

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

/* What is not plain goes there; returns how many were accepted (blk_general.c). */
unsigned blk_submit_general(struct blk_queue *queue, struct blk_request *const *requests,
			    unsigned count);

/* The same for a batch of which the driver took the first ones, but no more. */
unsigned blk_submit_rest(struct blk_queue *queue, struct blk_request *const *requests,
			 unsigned taken, unsigned count);

/* --- completing --- */

/* When the interrupt came that was not looked at yet; 0: none did. */
static inline uint64_t blk_take_interrupt(struct blk_queue *queue)
{
	uint64_t interrupt_tsc = load_once(&queue->interrupt_tsc);

	if (interrupt_tsc) {
		store_once(&queue->interrupt_tsc, 0);
		queue->last_interrupt_tsc = interrupt_tsc;
	}
	return interrupt_tsc;
}

/*
 * When the CPU learned of what was just reaped: by the interrupt, else by looking now. An
 * interrupt older than the last doorbell was another batch's, and would put the signal
 * before the submission.
 */
static inline uint64_t blk_signal_tsc(const struct blk_queue *queue, uint64_t interrupt_tsc)
{
	return interrupt_tsc >= queue->doorbell_tsc ? interrupt_tsc : clock_tsc();
}

static inline void blk_count_nothing_found(struct blk_queue *queue, uint64_t interrupt_tsc)
{
	if (interrupt_tsc)
		queue->counters.empty_interrupts++;
	else
		queue->counters.polls++;
}

/*
 * The next batch that the driver is done with, at most `left`; *signal_tsc is when the CPU
 * learned of all of them. Returns how many.
 */
static inline unsigned blk_reap_batch(struct blk_queue *queue,
				      struct blk_request *found[BLK_REAP_BATCH], uint32_t left,
				      uint64_t interrupt_tsc, uint64_t *signal_tsc)
{
	unsigned count = queue->driver->reap(queue, found, MIN(left, BLK_REAP_BATCH));

	if (count)
		*signal_tsc = blk_signal_tsc(queue, interrupt_tsc);
	return count;
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

/* --- waiting --- */

/* For one queue that goes the plain way, until an interrupt (wait.c). */
blk_wait_function blk_wait_sleeping;

#endif
