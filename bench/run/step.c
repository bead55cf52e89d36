/* SPDX-License-Identifier: MIT */
/*
 * One job's I/O path: from the generator to the queue and back.
 *
 *   runner_refill() -> prepared[] -> blk_submit() -> (device) -> runner_io_done() -> free[]
 *
 * A job owns `depth` I/Os, each with a buffer and a request; an I/O is free,
 * prepared or in flight. Requests that the queue does not accept stay
 * prepared. Here is what the job does next: refill and submit, in batches, or
 * wait until all is back and go on to its next phase. refill.c and
 * done.c are the ways out and back; jobs that need nothing but the same
 * read over and over have a shorter one (fast.c).
 *
 * Context: the job's CPU, loop context. No allocation, no lock.
 */
#include "bench/run/run_impl.h"
#include "bench/verify/readback.h"

/* Of the prepared I/Os, how many from `first` on are to the same disk. */
static NOINLINE uint32_t batch_length(const struct runner_job *job, uint32_t first)
{
	uint8_t file = CONTAINER_OF(job->prepared[first], struct runner_io, request)->file;
	uint32_t end = first + 1;
	while (end < job->prepared_count &&
	       CONTAINER_OF(job->prepared[end], struct runner_io, request)->file == file)
		end++;
	return end - first;
}

/* Submits a run of requests to one disk; returns how many were accepted. */
static ALWAYS_INLINE uint32_t submit_run(struct runner_job *job, uint32_t first)
{
	struct runner_io *io = CONTAINER_OF(job->prepared[first], struct runner_io, request);
	uint32_t count = job->prepared_count - first;
	if (UNLIKELY(job->options->file_count > 1))
		count = batch_length(job, first);
	struct blk_queue *queue = job->queues[io->file];
	struct blk_request **requests = &job->prepared[first];
	return count == 1 ? blk_submit_one(queue, *requests) : blk_submit(queue, requests, count);
}

/* Notes slat where a batch is submitted, as the done() of a fast job does not. */
static NOINLINE void note_slat(struct runner_job *job, uint32_t count)
{
	/* A request that was merged knows its doorbell only when it is back. */
	uint64_t doorbell_tsc = job->queues[0]->doorbell_tsc;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t slat_tsc = doorbell_tsc - job->prepared[i]->submit_tsc;
		stats_summary_add(&job->fast_stats->slat, clock_tsc_to_ns(slat_tsc));
	}
}

/* After the first run: those to other disks. Returns how many were accepted in all. */
static NOINLINE uint32_t submit_further(struct runner_job *job, uint32_t sent)
{
	uint32_t accepted = sent;
	while (accepted && sent < job->prepared_count) {
		accepted = submit_run(job, sent);
		sent += accepted;
	}
	if (sent < job->prepared_count)
		runner_turn_refused(job);
	return sent;
}

/* prepared_count > 0; false: nothing was accepted. */
static bool submit_prepared(struct runner_job *job)
{
	uint32_t in_flight = runner_job_in_flight(job);
	uint32_t sent = submit_run(job, 0);
	if (UNLIKELY(sent != job->prepared_count))
		sent = submit_further(job, sent);
	if (UNLIKELY(!sent))
		return false;
	if (job->fast)
		note_slat(job, sent);
	job->prepared_count -= sent;
	for (uint32_t i = 0; i < job->prepared_count; i++)
		job->prepared[i] = job->prepared[sent + i];
	stats_add_batches(job->stats, in_flight, sent, 1);
	return true;
}

static void mark_reaped(struct runner_job *job)
{
	job->stats->complete_calls++;
	job->stats->complete_level[stats_batch_level(job->free_count - job->free_seen)]++;
}

static inline bool is_over(struct runner_job *job, uint64_t now)
{
	/* 0, never, is beyond every moment. */
	return UNLIKELY(load_once(&job->stopping)) ||
	       (UNLIKELY(now > job->control_tsc - 1) && runner_job_control(job, now));
}

/* end_fsync: each pass that wrote ends so, unless its last act was a flush. */
static bool final_flush_is_due(const struct runner_job *job)
{
	const struct job *options = job->options;
	return options->end_fsync && (options->rw & JOB_RW_WRITE) && !options->verify_only &&
	       !job->final_flush_done && job->last_direction != DIR_COUNT && !job->stopping;
}

/* After a read-back. */
static bool start_next_pass(struct runner_job *job, uint64_t now)
{
	if (is_over(job, now) || !runner_verify_wants_pass(job) || !runner_refill_next_pass(job))
		return false;
	if (job->options->verify_only)
		runner_verify_dry_run(job);
	else
		job->phase = PHASE_RUNNING;
	job->final_flush_done = false;
	return true;
}

/* When the I/Os of the job are all back: flush if asked, read back, go on or finish. */
static bool step_draining(struct runner_job *job, uint64_t now)
{
	if (job->prepared_count)
		submit_prepared(job);
	if (job->prepared_count || runner_job_in_flight(job))
		return false;
	if (final_flush_is_due(job)) {
		job->final_flush_done = true;
		job->flushes_left = job->options->file_count;
	}
	if (job->flushes_left && !job->stopping) {
		runner_refill_flush(job);
		return true;
	}
	if (!job->stopping && runner_verify_begin(job, now)) {
		job->phase = PHASE_READ_BACK;
		return true;
	}
	if (start_next_pass(job, now))
		return true;
	runner_job_finish(job, now);
	return true;
}

/* RUNNING and READ_BACK: issue while there is a batch's worth of free I/Os. */
static bool step_issuing(struct runner_job *job, uint64_t now)
{
	bool reading_back = job->phase == PHASE_READ_BACK;
	bool is_done = reading_back ? load_once(&job->stopping) : is_over(job, now);
	enum runner_refilled state = is_done ? REFILL_OVER : REFILL_MORE;
	while (state == REFILL_MORE && job->free_count + job->prepared_count >= job->batch) {
		if (job->fast && runner_fast_grant(job))
			return true;
		state = reading_back ? runner_refill_read_back(job) : runner_refill(job, now);
		if (state == REFILL_STALL && job->prepared_count)
			submit_prepared(job);
		if (job->prepared_count < job->batch || !submit_prepared(job))
			break;
	}
	if (state != REFILL_OVER && !job->stopping)
		return false;
	job->phase = PHASE_DRAINING;
	return true;
}

static bool step(struct runner_job *job, uint64_t now)
{
	if (job->fast)
		runner_fast_settle(job);
	if (job->phase == PHASE_RUNNING || job->phase == PHASE_READ_BACK)
		return step_issuing(job, now);
	return step_draining(job, now);
}

unsigned runner_job_step(struct runner_job *job, uint64_t now)
{
	if (LIKELY(job->free_count != job->free_seen))
		mark_reaped(job);
	unsigned state = step(job, now) ? STEP_AGAIN : 0;
	job->free_seen = job->free_count;
	if (runner_job_in_flight(job))
		state |= STEP_BUSY;
	return state;
}
