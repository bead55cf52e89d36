/* SPDX-License-Identifier: MIT */
/*
 * What a job is watched for: latencies above a limit, rates below one, and the
 * search for the depth that keeps a latency target.
 *
 * Limits end the job with an error, as in fio: ETIMEDOUT for a latency, EIO
 * for a rate, which is looked at after the first two seconds, once per cycle.
 * Latency here is the whole of an I/O, from before its submission.
 *
 * The job's CPU, loop context.
 */
#include "bench/pace/pace.h"
#include "kernel/lib/log.h"

#define RATE_SETTLE_NS (2 * NS_PER_S) /* fio's */

static bool has_max_latency(const struct job *options)
{
	return options->max_latency_us[DIR_READ] || options->max_latency_us[DIR_WRITE] ||
	       options->max_latency_us[DIR_TRIM];
}

static bool has_minimum(const struct job *options)
{
	for (int d = 0; d < DIR_COUNT; d++)
		if ((options->rw & (1u << d)) &&
		    (options->rate_min_bytes[d] || options->rate_iops_min[d]))
			return true;
	return false;
}

bool runner_target_is_set(const struct job *options)
{
	return has_max_latency(options) || has_minimum(options) || options->latency_target_us;
}

static void begin_window(struct runner_job *job, uint64_t now)
{
	struct runner_pace *pace = job->pace;
	pace->window_ios = pace->window_late = 0;
	pace->window_end_tsc = now + clock_ns_to_tsc(job->options->latency_window_us * NS_PER_US);
}

static void begin_cycle(struct runner_job *job, uint64_t now)
{
	struct runner_pace *pace = job->pace;
	pace->cycle_start_tsc = now;
	pace->cycle_end_tsc = now + clock_ns_to_tsc(job->options->rate_cycle_ms * NS_PER_MS);
	for (int d = 0; d < DIR_COUNT; d++) {
		pace->cycle_ios[d] = job->stats->direction[d].completed;
		pace->cycle_bytes[d] = job->stats->direction[d].io_bytes;
	}
}

void runner_target_begin(struct runner_job *job, uint64_t now)
{
	const struct job *options = job->options;
	struct runner_pace *pace = job->pace;
	pace->has_minimum = has_minimum(options);
	pace->searches = options->latency_target_us != 0;
	latency_search_init(&pace->search, job->depth, options->latency_percentile_micro,
			    options->latency_run);
	begin_window(job, now);
	pace->settles = true;
	pace->cycle_end_tsc = now + clock_ns_to_tsc(RATE_SETTLE_NS);
}

void runner_target_forget(struct runner_job *job, uint64_t now)
{
	begin_window(job, now);
	if (!job->pace->settles)
		begin_cycle(job, now);
}

void runner_target_done(struct runner_job *job, const struct runner_io *io, uint64_t now)
{
	const struct job *options = job->options;
	struct runner_pace *pace = job->pace;
	uint64_t ns = clock_tsc_to_ns(now - io->request.submit_tsc);
	uint64_t limit_us = options->max_latency_us[io->direction];
	if (UNLIKELY(limit_us && ns > limit_us * NS_PER_US)) {
		if (!job->stopping)
			log_error(options->name,
				  "latency of %lu ns exceeds max_latency (%lu us)", ns, limit_us);
		runner_job_fail(job, ETIMEDOUT_LINUX, false);
	}
	if (!pace->searches || pace->search_drains)
		return;
	pace->window_ios++;
	pace->window_late += ns > options->latency_target_us * NS_PER_US;
}

/* --- the search --- */

void runner_target_drained(struct runner_job *job, uint64_t now)
{
	job->pace->search_drains = false;
	job->ramp_end_tsc = job->control_tsc = now;
	runner_job_look_again(job);
}

static bool end_window(struct runner_job *job, uint64_t now)
{
	struct runner_pace *pace = job->pace;
	enum latency_verdict verdict =
		latency_search_window(&pace->search, pace->window_ios, pace->window_late);
	begin_window(job, now);
	if (verdict == LATENCY_LAST_WINDOW) {
		pace->search_drains = true;
		runner_job_look_again(job);
	}
	if (verdict == LATENCY_IMPOSSIBLE) {
		log_error(job->options->name,
			  "latency_target of %lu us is not kept even at depth 1",
			  job->options->latency_target_us);
		runner_job_fail(job, ETIMEDOUT_LINUX, false);
	}
	return verdict == LATENCY_FOUND;
}

/* --- minimal rates --- */

static bool is_below(const struct runner_job *job, int direction, uint64_t ns)
{
	const struct job *options = job->options;
	const struct runner_pace *pace = job->pace;
	const struct stats_direction *stats = &job->stats->direction[direction];
	uint64_t min_bytes = options->rate_min_bytes[direction];
	uint64_t min_ios = options->rate_iops_min[direction];
	double seconds = (double)ns / 1e9;
	double bytes = (double)(stats->io_bytes - pace->cycle_bytes[direction]) / seconds;
	double ios = (double)(stats->completed - pace->cycle_ios[direction]) / seconds;
	if (min_bytes && bytes < (double)min_bytes)
		log_error(options->name, "rate_min=%lu B/s not met, got %lu B/s", min_bytes,
			  (uint64_t)bytes);
	else if (min_ios && ios < (double)min_ios)
		log_error(options->name, "rate_iops_min=%lu not met, got %lu IOPS", min_ios,
			  (uint64_t)ios);
	else
		return false;
	return true;
}

static void end_cycle(struct runner_job *job, uint64_t now)
{
	uint64_t ns = MAX(1u, clock_tsc_to_ns(now - job->pace->cycle_start_tsc));
	bool below = false;
	for (int d = 0; d < DIR_COUNT && !job->pace->settles && !below; d++)
		below = (job->options->rw & (1u << d)) && is_below(job, d, ns);
	if (below)
		runner_job_fail(job, EIO_LINUX, false);
	job->pace->settles = false;
	begin_cycle(job, now);
}

bool runner_target_control(struct runner_job *job, uint64_t now)
{
	struct runner_pace *pace = job->pace;
	if (pace->has_minimum && now >= pace->cycle_end_tsc)
		end_cycle(job, now);
	if (pace->searches && !pace->search_drains && now >= pace->window_end_tsc)
		return end_window(job, now);
	return false;
}

uint64_t runner_target_next_tsc(const struct runner_job *job)
{
	const struct runner_pace *pace = job->pace;
	uint64_t next = UINT64_MAX;
	if (pace->has_minimum)
		next = pace->cycle_end_tsc;
	if (pace->searches && !pace->search_drains)
		next = MIN(next, pace->window_end_tsc);
	return next;
}
