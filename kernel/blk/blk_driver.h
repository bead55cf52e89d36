/* SPDX-License-Identifier: MIT */
/*
 * The block layer's contract with its drivers.
 *
 *   the layer calls    submit, publish; has_completions, reap; arm, disarm
 *   the driver calls   blk_register() at start, blk_note_interrupt() from its
 *                      handler, blk_break() when the device lies
 *
 * Five functions make a driver, the rest is optional; docs/examples/block.c is one.
 * Drivers and the layer's own files include this; submitters need blk.h alone.
 * Letters as in blk.h.
 */
#ifndef KERNEL_BLK_BLK_DRIVER_H
#define KERNEL_BLK_BLK_DRIVER_H

#include "kernel/blk/blk.h"

/*
 * Requests of one shape: operation, flags, numbers of segments and of sectors (their
 * first eight bytes), so that what follows from these is decided once for all of them;
 * and where they may begin.
 */
struct blk_run {
	uint64_t shape;
	uint64_t align_mask; /* bits that no sector has */
	uint64_t last_sector; /* that one may begin at */
};

static inline uint64_t blk_shape(const struct blk_request *request)
{
	return request->op | (uint64_t)request->flags << 8 |
	       (uint64_t)request->segment_count << 16 | (uint64_t)request->sector_count << 32;
}

static inline bool blk_run_takes(const struct blk_run *run, const struct blk_request *request)
{
	uint64_t sector = request->sector;

	return blk_shape(request) == run->shape && !(sector & run->align_mask) &&
	       sector <= run->last_sector;
}

/* The operation, no flags, one segment. */
static inline bool blk_run_is_plain(const struct blk_run *run, enum blk_op op)
{
	return (uint32_t)run->shape == ((uint32_t)op | 1u << 16);
}

/*
 * A driver. All but the optional ones are called by the layer alone, on the
 * queue's CPU or the one at work there.
 */
struct blk_driver {
	const char *name;
	/*
	 * Takes requests in order, while they belong to the run and there is
	 * room (count taken is returned); they are within the limits then.
	 * Nothing reaches the device before publish(), which the layer calls when
	 * something was taken.
	 */
	unsigned (*submit)(struct blk_queue *queue, const struct blk_run *run,
			   struct blk_request *const *requests, unsigned count);
	/* Shows what was taken to the device, at most one doorbell. */
	void (*publish)(struct blk_queue *queue);
	/*
	 * Up to max completed requests, status set; removes them from the driver.
	 * Calls blk_break() when the device misbehaved.
	 */
	unsigned (*reap)(struct blk_queue *queue, struct blk_request **out, unsigned max);
	/* True when reap() would find something. One load. */
	bool (*has_completions)(const struct blk_queue *queue);
	/*
	 * Asks for an interrupt after `ahead` more completions, or all that are
	 * out if that is less. True when they are there already. NULL: the driver
	 * completes without interrupts.
	 */
	bool (*arm)(struct blk_queue *queue, unsigned ahead);
	void (*disarm)(struct blk_queue *queue);
	/* Prints indices, event fields, slots in flight. */
	void (*dump)(const struct blk_queue *queue);
	/*
	 * The request in flight in a slot (< depth), NULL when it is free: for
	 * deadlines, off the path. Optional: without it ages are not known.
	 */
	const struct blk_request *(*request_in)(const struct blk_queue *queue, uint32_t slot);
	/* Takes back every request not completed, after the device was reset
	 * (it has let go of the memory). Optional. */
	unsigned (*abandon)(struct blk_queue *queue, struct blk_request **out, unsigned max);
	/* The plain path in one piece (blk_plain.h). Optional. */
	blk_submit_function *plain_submit;
	blk_submit_one_function *plain_submit_one;
	blk_poll_function *plain_poll;
	blk_wait_function *plain_wait; /* until an interrupt */
};

/* --- for drivers to call --- */

/*
 * Publishes a device whose queues are ready; assigns owners (queue i belongs
 * to CPU i % cpu_count unless its cpu is set already), parts and
 * scheduler; rounds the limits down to whole blocks. The driver has set each
 * queue's driver, driver_data, depth and index, completion (the mode wanted),
 * polled_only and event_disarms_itself. 0, or -ERR_INVALID (limits that make no sense),
 * -ERR_FULL, -ERR_NO_MEMORY. Boot CPU, before any I/O.
 */
int blk_register(struct blk_device *device, const struct settings *settings);

/* Wakes the CPUs that sleep for a shared queue (blk_shared.c). */
void blk_wake_sleepers(struct blk_queue *queue);

/* The device broke its protocol. */
void blk_break(struct blk_queue *queue);

/* From an interrupt's handler: notes it, wakes the loop. */
static inline void blk_note_interrupt(struct blk_queue *queue)
{
	store_once(&queue->interrupt_tsc, clock_tsc());
	queue->counters.interrupts++;
	store_once(&queue->cpu->wake, 1);
	if (UNLIKELY(queue->shared))
		blk_wake_sleepers(queue);
}

#endif
