/* SPDX-License-Identifier: MIT */
/*
 * The last steps of a request that is not plain, either way: to the scheduler
 * or the driver, and onto the list of those that are over.
 *
 * blk_general.c and parts.c both end here; nothing here needs either.
 *
 * Context: as in blk_impl.h. No allocation, no printing.
 */
#include "kernel/blk/blk_impl.h"
#include "kernel/blk/sched.h"

void blk_note_taken(struct blk_queue *queue, struct blk_request *const *requests,
		    unsigned count)
{
	blk_assert_at_work(queue);
	for (unsigned i = 0; i < count; i++) {
		requests[i]->next = queue->unpublished;
		queue->unpublished = requests[i];
	}
	queue->in_flight += count;
	queue->counters.requests += count;
}

unsigned blk_give(struct blk_queue *queue, const struct blk_run *run,
		  struct blk_request *const *requests, unsigned count)
{
	unsigned taken = queue->driver->submit(queue, run, requests, count);

	blk_note_taken(queue, requests, taken);
	return taken;
}

bool blk_issue_to_driver(struct blk_queue *queue, struct blk_request *request)
{
	struct blk_run alone = { .shape = blk_shape(request), .last_sector = UINT64_MAX };

	if (!blk_give(queue, &alone, &request, 1))
		return false;
	queue->urgent_out += request->op > BLK_WRITE;
	return true;
}

bool blk_issue(struct blk_queue *queue, struct blk_request *request)
{
	bool merged = false;

	if (!queue->sched)
		return blk_issue_to_driver(queue, request);
	if (!blk_sched_insert(queue->sched, request, clock_tsc(), &merged))
		return false;
	queue->backlog++;
	queue->counters.merges += merged;
	return true;
}

void blk_finish(struct blk_queue *queue, struct blk_request *request)
{
	blk_assert_at_work(queue);
	queue->counters.errors += request->status != BLK_OK;
	request->next = NULL;
	*queue->finished_end = request;
	queue->finished_end = &request->next;
}
