/* SPDX-License-Identifier: MIT */
/*
 * The general way of a queue: requests that have to be checked, cut, merged, ordered
 * or followed by a flush; queues that are shared or broken. The plain way is
 * blk_plain.h; blk.c chooses.
 *
 *   submit   for each request: check (blk_limits.c) -> refuse | cut (parts.c) | issue
 *   issue    scheduler, or driver (blk_issue.c)
 *   poll     reap -> complete -> feed what waits -> deliver
 *   complete merged group -> its requests; part -> its parent; else finish
 *   finish   onto queue->finished (blk_issue.c), whose done() runs from blk_poll()
 *
 * What waits is fed between reaping and delivering: a submitter that refills
 * from done() cannot take the room away from it. While a request is being cut, or
 * the driver or the scheduler is full, nothing new is accepted; the caller sees a
 * smaller count, or blk_shared.c keeps the rest. Nothing is ever dropped.
 *
 * A broken queue: requests that the driver holds stay there, for the device may
 * still write to their memory; all others, also those submitted later, complete as
 * BLK_BROKEN.
 *
 * Counting: `requests` and `completions` are the driver's, what an observer of
 * the device sees: accepted requests + splits - merges - those that the layer
 * answered itself.
 *
 * Context: as in blk_impl.h. No allocation, no printing.
 */
#include "kernel/blk/blk_impl.h"
#include "kernel/blk/sched.h"
#include "kernel/blk/parts.h"

/* --- the scheduler, and the doorbell --- */

/* Gives the driver what the scheduler chooses, while there is room; true: something. */
static bool feed_from_sched(struct blk_queue *queue)
{
	uint64_t now = clock_tsc();
	uint32_t before = queue->backlog;
	struct blk_request *next;

	while ((next = blk_sched_peek(queue->sched, now)) && blk_issue_to_driver(queue, next))
		queue->backlog -= blk_sched_pop(queue->sched);
	return queue->backlog != before;
}

static void publish(struct blk_queue *queue)
{
	if (!queue->unpublished)
		return;
	queue->doorbell_tsc = clock_tsc();
	for (struct blk_request *request = queue->unpublished; request; request = request->next)
		request->doorbell_tsc = queue->doorbell_tsc;
	queue->unpublished = NULL;
	queue->driver->publish(queue);
}

/* --- completing --- */

/* A request or part that is over, with its status and stamps. */
static void complete_one(struct blk_queue *queue, struct blk_request *request)
{
	if (blk_parts_contain(queue->parts, request)) {
		blk_parts_complete(queue, request);
		return;
	}
	queue->backlog++;
	blk_finish(queue, request);
}

/* The same, or a merged group. */
static void complete(struct blk_queue *queue, struct blk_request *request)
{
	if (!queue->sched || !blk_sched_is_group(queue->sched, request)) {
		complete_one(queue, request);
		return;
	}
	struct blk_request *next, *child = blk_sched_ungroup(queue->sched, request);
	for (; child; child = next) {
		next = child->next;
		complete_one(queue, child);
	}
}

/* Not seen by the device: no doorbell, signalled at once. */
static void set_status_here(struct blk_request *request, enum blk_status status)
{
	request->status = (uint8_t)status;
	request->doorbell_tsc = request->signal_tsc = clock_tsc();
}

/* What the driver gave back. */
static void take_from_driver(struct blk_queue *queue, struct blk_request *const *found,
			     unsigned count, uint64_t signal_tsc)
{
	queue->in_flight -= count;
	for (unsigned i = 0; i < count; i++) {
		queue->urgent_out -= found[i]->op > BLK_WRITE;
		found[i]->signal_tsc = signal_tsc;
		complete(queue, found[i]);
	}
}

void blk_reap(struct blk_queue *queue)
{
	blk_assert_at_work(queue);
	struct blk_request *found[BLK_REAP_BATCH];
	uint64_t interrupt_tsc = blk_take_interrupt(queue);
	uint32_t left = queue->in_flight;
	uint64_t signal_tsc = 0;
	unsigned total = 0, count;

	do {
		count = blk_reap_batch(queue, found, left, interrupt_tsc, &signal_tsc);
		take_from_driver(queue, found, count, signal_tsc);
		queue->counters.completions += count;
		total += count;
		left -= count;
	} while (count && left);
	if (!total)
		blk_count_nothing_found(queue, interrupt_tsc);
}

struct blk_request *blk_take_finished(struct blk_queue *queue)
{
	blk_assert_at_work(queue);
	struct blk_request *list = queue->finished;

	for (const struct blk_request *request = list; request; request = request->next)
		queue->backlog--;
	queue->finished = NULL;
	queue->finished_end = &queue->finished;
	return list;
}

/* --- admitting --- */

/* One request that is not plain, or not to be handled as such. */
static bool admit_one(struct blk_queue *queue, struct blk_request *request)
{
	const struct blk_limits *limits = &queue->device->limits;
	enum blk_status status = blk_check(queue, request);

	if (status != BLK_OK || (request->op == BLK_FLUSH && !limits->flush)) {
		set_status_here(request, status);
		queue->backlog++;
		blk_finish(queue, request);
		return true;
	}
	if (!blk_parts_needed(limits, request))
		return blk_issue(queue, request);
	blk_parts_begin(queue, request);
	blk_parts_feed(queue);
	return true;
}

/* Runs of plain ones, and the others one by one, all in order. */
static unsigned admit(struct blk_queue *queue, struct blk_request *const *requests, unsigned count)
{
	bool direct = !queue->sched && !queue->broken;
	unsigned accepted = 0;

	while (accepted < count && !blk_parts_waiting(queue->parts)) {
		struct blk_request *const *at = requests + accepted;
		struct blk_run run;
		unsigned more;

		if (direct && blk_run_plain(queue, *at, &run) && blk_run_takes(&run, *at))
			more = blk_give(queue, &run, at, count - accepted);
		else
			more = admit_one(queue, *at);
		if (!more)
			break;
		accepted += more;
	}
	return accepted;
}

/* --- feeding --- */

/* Those that found no room before, in order. */
static void admit_waiting(struct blk_queue *queue)
{
	while (queue->waiting) {
		struct blk_request *batch[BLK_REAP_BATCH], *left = queue->waiting;
		unsigned count = 0;

		do
			batch[count++] = left;
		while ((left = left->next) && count < ARRAY_COUNT(batch));
		unsigned accepted = admit(queue, batch, count);
		queue->backlog -= accepted;
		queue->waiting = accepted < count ? batch[accepted] : left;
		if (accepted < count)
			return;
	}
	queue->waiting_end = &queue->waiting;
}

/* The queue broke: what the driver does not hold is over. */
static void fail_held(struct blk_queue *queue)
{
	struct blk_request *next;

	blk_parts_fail(queue);
	admit_waiting(queue);
	while (queue->sched && (next = blk_sched_peek(queue->sched, clock_tsc()))) {
		queue->backlog -= blk_sched_pop(queue->sched);
		set_status_here(next, BLK_BROKEN);
		complete(queue, next);
	}
}

void blk_feed(struct blk_queue *queue)
{
	blk_assert_at_work(queue);
	if (UNLIKELY(queue->broken)) {
		fail_held(queue);
		return;
	}
	do {
		blk_parts_feed(queue);
		admit_waiting(queue);
	} while (queue->sched && feed_from_sched(queue) &&
		 (queue->waiting || blk_parts_waiting(queue->parts)));
	publish(queue);
}

/* --- submitting and polling, on a queue of one CPU --- */

void blk_choose_ways(struct blk_queue *queue)
{
	queue->general = queue->broken || queue->shared || queue->sched || queue->finished ||
			 queue->urgent_out || blk_parts_busy(queue->parts);
	const struct blk_ways *ways = queue->general ? &queue->general_ways : &queue->plain_ways;

	store_once(&queue->submit, ways->submit);
	store_once(&queue->submit_one, ways->submit_one);
	store_once(&queue->poll, ways->poll);
	store_once(&queue->wait, ways->wait);
}

unsigned blk_submit_rest(struct blk_queue *queue, struct blk_request *const *requests,
			 unsigned taken, unsigned count)
{
	blk_note_taken(queue, requests, taken);
	return taken + blk_submit_general(queue, requests + taken, count - taken);
}

unsigned blk_submit_general(struct blk_queue *queue, struct blk_request *const *requests,
			    unsigned count)
{
	unsigned accepted = admit(queue, requests, count);

	blk_feed(queue);
	blk_choose_ways(queue);
	return accepted;
}

unsigned blk_poll_general(struct blk_queue *queue)
{
	blk_reap(queue);
	blk_feed(queue);
	struct blk_request *next, *list = blk_take_finished(queue);
	unsigned count = 0;

	blk_choose_ways(queue);
	for (; list; list = next, count++) {
		next = list->next;
		list->done(list);
	}
	return count;
}

unsigned blk_take_abandoned(struct blk_queue *queue)
{
	struct blk_request *found[BLK_REAP_BATCH];
	unsigned total = 0, count;

	do {
		count = queue->driver->abandon(queue, found, BLK_REAP_BATCH);
		take_from_driver(queue, found, count, clock_tsc());
		total += count;
	} while (count);
	blk_choose_ways(queue);
	return total;
}
