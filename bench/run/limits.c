/* SPDX-License-Identifier: MIT */
/*
 * Limits of a job by the clock: the ends of its ramp and of its runtime, of latency
 * windows and of rate cycles.
 *
 *   control_tsc: the next moment at which one of these is due; the loop compares it
 *   with the clock, and nothing else
 *
 * ramp_time: the job runs as it does later; at the end of the ramp its figures are
 * forgotten. I/Os in flight then complete into the measured part, as in fio.
 */
#include "bench/pace/pace.h"
#include "bench/run/run_impl.h"
#include "kernel/lib/mem.h"

static void schedule(struct runner_job *job)
{
	uint64_t next = UINT64_MAX;
	if (job->ramp_end_tsc)
		next = MIN(next, job->ramp_end_tsc);
	if (job->end_tsc)
		next = MIN(next, job->end_tsc);
	if (job->pace)
		next = MIN(next, runner_target_next_tsc(job));
	job->control_tsc = next == UINT64_MAX ? 0 : next;
	runner.cpus[job->cpu->index].timer_is_stale = true;
}

void runner_control_begin(struct runner_job *job, uint64_t now)
{
	const struct job *options = job->options;
	if (options->ramp_time_us)
		job->ramp_end_tsc = now + clock_us_to_tsc(options->ramp_time_us);
	if (options->runtime_us)
		job->end_tsc = now + clock_us_to_tsc(options->runtime_us + options->ramp_time_us);
	schedule(job);
}

static void reset_statistics(struct runner_job *job, uint64_t now)
{
	struct stats_job *stats = job->stats;
	uint64_t errors = stats->total_errors;
	int first = stats->first_error, error = stats->error;
	memset(stats, 0, sizeof(*stats));
	stats->total_errors = errors;
	stats->first_error = first;
	stats->error = error;
	runner_stages_forget(job);
	runner_job_begin_measuring(job, now);
	if (job->pace)
		runner_target_forget(job, now);
}

bool runner_job_control(struct runner_job *job, uint64_t now)
{
	if (job->end_tsc && now >= job->end_tsc)
		return true;
	if (job->ramp_end_tsc && now >= job->ramp_end_tsc) {
		job->ramp_end_tsc = 0;
		reset_statistics(job, now);
	}
	bool over = job->pace && runner_target_control(job, now);
	schedule(job);
	return over || job->stopping;
}
