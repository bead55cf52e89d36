/*
 * Inside the block layer: what its files share and nobody else uses.
 *
 *   blk.c          registration, queue mapping, the plain path
 *   blk_special.c  everything that is not plain: refusals, splitting, the
 *                  scheduler, broken queues; who completes what
 *   blk_shared.c   queues of several CPUs: lock, mailboxes, waiters
 *   split.c        requests beyond the device's limits, FUA
 *   split_cut.c    where they are cut
 *   sched.c        the deadline scheduler
 *   wait.c         blk_wait()
 *
 * Context of all functions: loop context of the queue's CPU; for a shared queue
 * with its lock held, unless said otherwise.
 */
#ifndef KERNEL_BLK_BLK_IMPL_H
#define KERNEL_BLK_BLK_IMPL_H

#include "kernel/blk/blk.h"

/* --- the path, used by blk.c and blk_special.c --- */

/* Op, flags and segment count of a request as one number, to look at in one go. */
static inline uint32_t blk_shape(const struct blk_request *request)
{
	return request->op | (uint32_t)request->flags << 8 |
	       (uint32_t)request->segment_count << 16;
}

/* A read, or with BLK_PLAIN_WRITES a write, without flags, of one segment. */
#define BLK_PLAIN_SHAPE 0x10000u
#define BLK_PLAIN_READS 0xffffffffu /* masks for plain_mask */
#define BLK_PLAIN_WRITES 0xfffffffeu

_Static_assert(BLK_READ == 0 && BLK_WRITE == 1, "the plain ops differ in the masked bit");

/* Shape and sector count of a request: its first eight bytes. */
static inline uint64_t blk_shape_and_count(const struct blk_request *request)
{
	return blk_shape(request) | (uint64_t)request->sector_count << 32;
}

/* Whether a request that looks like that is plain, wherever it begins. */
static inline bool blk_looks_plain(const struct blk_queue *queue, uint64_t shape_and_count,
				   uint64_t capacity)
{
	uint32_t sectors = (uint32_t)(shape_and_count >> 32);

	return ((uint32_t)shape_and_count & queue->plain_mask) == BLK_PLAIN_SHAPE &&
	       sectors - 1 < queue->fast_sectors && !(sectors & queue->align_mask) &&
	       sectors <= capacity;
}

/*
 * How many requests from the start of the batch the device can do as they are.
 * Most differ in nothing but the sector from the one before.
 */
static inline unsigned blk_count_plain(const struct blk_queue *queue,
				       struct blk_request *const *requests, unsigned count)
{
	uint64_t capacity = load_once(&queue->device->limits.capacity_sectors);
	struct blk_request *const *at = requests, *const *end = requests + count;

	while (at != end) {
		uint64_t looks = blk_shape_and_count(*at), align_mask = queue->align_mask;
		uint64_t last_sector = capacity - (looks >> 32);

		if (UNLIKELY(!blk_looks_plain(queue, looks, capacity)))
			break;
		do {
			uint64_t sector = (*at)->sector;

			if (UNLIKELY(sector & align_mask) || UNLIKELY(sector > last_sector))
				return (unsigned)(at - requests);
		} while (++at != end && blk_shape_and_count(*at) == looks);
	}
	return (unsigned)(at - requests);
}

/* Hands requests to the driver, as many as it takes; not yet published. */
static inline unsigned blk_give(struct blk_queue *queue, struct blk_request *const *requests,
				unsigned count)
{
	unsigned taken = queue->driver->submit(queue, requests, count);

	queue->in_flight += taken;
	queue->counters.requests += taken;
	return taken;
}

/* Shows to the device what was given; `last` is one of it. */
static inline void blk_publish(struct blk_queue *queue, const struct blk_request *last)
{
	queue->driver->publish(queue);
	queue->doorbell_tsc = last->doorbell_tsc;
}

/* Whether an interrupt came since the last look. */
static inline bool blk_take_interrupt(struct blk_queue *queue)
{
	if (!load_once(&queue->interrupt_pending))
		return false;
	store_once(&queue->interrupt_pending, 0);
	return true;
}

/*
 * When what was just reaped was discovered. An interrupt older than the last
 * doorbell was another batch's, and would put discovery before submission.
 */
static inline uint64_t blk_discover_tsc(const struct blk_queue *queue, bool interrupted)
{
	uint64_t interrupt_tsc = load_once(&queue->interrupt_tsc);

	return interrupted && interrupt_tsc >= queue->doorbell_tsc ? interrupt_tsc : clock_tsc();
}

static inline void blk_count_nothing_found(struct blk_queue *queue, bool interrupted)
{
	if (interrupted)
		queue->counters.empty_interrupts++;
	else
		queue->counters.polls++;
}

/* --- blk_special.c --- */

unsigned blk_submit_special(struct blk_queue *queue, struct blk_request *const *requests,
			    unsigned count);
unsigned blk_poll_special(struct blk_queue *queue);

/*
 * Gives a request that is within the limits to the scheduler or the driver.
 * False: there is no room now.
 */
bool blk_issue(struct blk_queue *queue, struct blk_request *request);

/*
 * The submitter's request is over; its done() runs from this or the next
 * blk_poll(). held counts it already.
 */
void blk_finish(struct blk_queue *queue, struct blk_request *request);

/* Sets queue->special from what is going on there. */
void blk_update_special(struct blk_queue *queue);

/* --- blk_shared.c --- */

void blk_lock(struct blk_queue *queue);
bool blk_try_lock(struct blk_queue *queue);
void blk_unlock(struct blk_queue *queue);

/*
 * Runs done() of a list of requests, here or, for another CPU's, there: those
 * go to that CPU's mailbox, and it is woken. Returns the number delivered
 * here. No lock held.
 */
unsigned blk_shared_deliver(struct blk_request *list);

/* Delivers what other CPUs put into this one's mailbox. No lock held. */
unsigned blk_mailbox_deliver(void);

/* Something is completed and waits for a poll. No lock held. */
bool blk_shared_has_finished(struct blk_queue *queue);

/*
 * Asks for an interrupt that wakes this CPU; true when there are completions
 * already. Ended by blk_shared_disarm(). No lock held.
 */
bool blk_shared_arm(struct blk_queue *queue);
void blk_shared_disarm(struct blk_queue *queue);

/* --- wait.c --- */

/* Remembers the settings that waiting needs; boot CPU, before any I/O. */
void blk_wait_init(const struct settings *settings);

#endif
