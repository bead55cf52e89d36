/* SPDX-License-Identifier: MIT */
/*
 * Inside the block layer: what its files share and nobody else uses.
 *
 *   blk.c          registration, queue mapping, which way a queue goes
 *   blk_limits.c   what a device can do
 *   blk_plain.h    the plain path
 *   blk_issue.c    to the scheduler or the driver; onto the list of what is over
 *   blk_general.c  everything that is not plain: refusals, cutting, the
 *                  scheduler, broken queues; who completes what
 *   blk_shared.c   queues of several CPUs: who works there, inbox, mailboxes
 *   parts.c        requests beyond the device's limits, FUA
 *   parts_cut.c    where they are cut
 *   sched.c        the deadline scheduler
 *   wait.c         blk_wait()
 *   recorder.c     recording of all that happens, on queues where it is asked for
 *
 * Context of all functions: loop context of the queue's CPU, or of the one at
 * work on a shared queue, unless said otherwise.
 */
#ifndef KERNEL_BLK_BLK_IMPL_H
#define KERNEL_BLK_BLK_IMPL_H

#include "kernel/blk/blk_plain.h"

/* Debug build: this CPU is at work on the queue. */
static inline void blk_assert_at_work(const struct blk_queue *queue)
{
	assert_debug(queue->shared ? load_once(&queue->lock) : cpu_this() == queue->cpu);
}

/* --- blk_limits.c --- */

/*
 * Rounds down to whole blocks what requests are cut by, and takes back what
 * cannot be. 0, or -ERR_INVALID: they make no sense.
 */
int blk_limits_settle(struct blk_limits *limits);

/* The bits that neither a sector nor a count may have. */
uint64_t blk_limits_align_mask(const struct blk_limits *limits);

/* BLK_OK, or the status that the request is over with. */
enum blk_status blk_check(const struct blk_queue *queue, const struct blk_request *request);

/* --- blk.c --- */

/* Its driver or its completion mode is another one. Nothing is in flight. */
void blk_prepare_ways(struct blk_queue *queue);

/* --- blk_issue.c --- */

/* The driver took these; they have to be published. */
void blk_note_taken(struct blk_queue *queue, struct blk_request *const *requests,
		    unsigned count);

/* Hands the run at the start of these to the driver; returns how many it took. */
unsigned blk_give(struct blk_queue *queue, const struct blk_run *run,
		  struct blk_request *const *requests, unsigned count);

/* One that is within the limits. False: there is no room now. */
bool blk_issue_to_driver(struct blk_queue *queue, struct blk_request *request);

/* The same, to the scheduler where there is one. */
bool blk_issue(struct blk_queue *queue, struct blk_request *request);

/*
 * The submitter's request is over; its done() runs from this or the next
 * blk_poll(). The backlog counts it already.
 */
void blk_finish(struct blk_queue *queue, struct blk_request *request);

/* --- blk_general.c --- */

unsigned blk_poll_general(struct blk_queue *queue);

/* Plain or general, by what is going on there. */
void blk_choose_ways(struct blk_queue *queue);

/* blk_abandon(), by the CPU at work there; the driver has abandon(). */
unsigned blk_take_abandoned(struct blk_queue *queue);

/*
 * Completes what the driver is done with, and gives it what waits: parts, then
 * queue->waiting, then what the scheduler chooses.
 */
void blk_reap(struct blk_queue *queue);
void blk_feed(struct blk_queue *queue);

/* The finished requests, as a list; the caller runs their done(). */
struct blk_request *blk_take_finished(struct blk_queue *queue);

/* --- blk_shared.c; of shared queues, at work there or not unless said otherwise --- */

blk_submit_function blk_submit_shared;
blk_poll_function blk_poll_shared;

/*
 * Work on the queue off the I/O path. Waits for the CPU that is at it; ending it
 * does what came up meanwhile.
 */
void blk_begin_work(struct blk_queue *queue);
void blk_end_work(struct blk_queue *queue);

/* Something of this CPU is finished and waits for a poll. */
bool blk_shared_has_finished(void);

/*
 * Asks for an interrupt that wakes this CPU; true when something is finished.
 * Ended by blk_shared_disarm().
 */
bool blk_shared_arm(struct blk_queue *queue);
void blk_shared_disarm(struct blk_queue *queue);

/* --- wait.c --- */

/* For one queue, whatever its state and mode. */
blk_wait_function blk_wait_general;

/* For one queue that goes the plain way, by its mode. */
blk_wait_function blk_wait_polling;
blk_wait_function blk_wait_adapting;

/* Remembers the settings that waiting needs; boot CPU, before any I/O. */
void blk_wait_init(const struct settings *settings);

#endif
