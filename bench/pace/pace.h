/* SPDX-License-Identifier: MIT */
/*
 * What paces a job, and what watches it: rates, pauses, flows, limits on its
 * depth, targets for its latency. Only jobs with such an option have a struct
 * runner_pace; they go the full way (run/step.c). For those of bench/run.
 */
#ifndef BENCH_PACE_PACE_H
#define BENCH_PACE_PACE_H

#include "bench/core/core.h"
#include "bench/measure/iolog.h"
#include "bench/pace/latency_search.h"
#include "bench/pace/schedule.h"

enum runner_thinking { THINKING_NOT, THINKING_QUIESCE, THINKING };

/* Jobs with one flow_id=; they may be on several CPUs. */
struct runner_flow {
	uint32_t id; /* [I] */
	uint64_t weight; /* [a] of the jobs that are running */
	uint64_t count; /* [a] I/Os of those jobs */
	uint64_t stalled_cpus; /* [a] bit per CPU with a job that waits for its turn */
};

struct runner_pace {
	/* An I/O that was generated and has to wait. */
	struct generator_io next;
	bool has_next;
	uint64_t digest_before; /* of the I/Os before it */
	uint64_t wake_tsc; /* when the job can go on; UINT64_MAX: completions decide */
	/* rate=, rate_iops= */
	bool rated; /* [I] */
	struct schedule schedule[DIR_COUNT];
	uint64_t epoch_tsc; /* start of the schedules */
	/* thinktime= */
	enum runner_thinking thinking;
	uint64_t think_until_tsc, spin_until_tsc;
	uint64_t thought_tsc, thought_count; /* at the end of the last pause */
	/* serialize_overlap=, and what needs it */
	bool serialized; /* [I] */
	/* iodepth_low= */
	bool is_full;
	/* flow= */
	struct runner_flow *flow; /* [I] NULL: none */
	uint64_t flow_count;
	uint64_t flow_sleep_until_tsc;
	/* write_bw_log= and so on */
	bool has_log; /* [I] */
	struct iolog log;
	/* latency_target= (target.c) */
	bool searches; /* [I] */
	struct latency_search search;
	bool search_drains;
	uint64_t window_end_tsc, window_ios, window_late;
	/* rate_min=, rate_iops_min= (target.c) */
	bool has_minimum; /* [I] */
	bool settles; /* the first cycle is only to get going */
	uint64_t cycle_start_tsc, cycle_end_tsc;
	uint64_t cycle_ios[DIR_COUNT], cycle_bytes[DIR_COUNT];
};

static inline uint32_t runner_job_busy(const struct runner_job *job)
{
	return job->depth - job->free_count;
}

/* Anything but finished I/Os and time that the job waits for: looks again at once. */
static inline void runner_job_look_again(struct runner_job *job)
{
	store_once(&job->cpu->wake, 1);
}

/* --- pace.c --- */

/* At set-up: NULL in job->pace if nothing paces the job. -ERR_NO_MEMORY. */
int runner_pace_init(struct runner_job *job);

/* startdelay=, drawn from its range. */
uint64_t runner_pace_start_delay_us(const struct runner_job *job);

void runner_pace_begin(struct runner_job *job, uint64_t now);
void runner_pace_end(struct runner_job *job);

/* May the job go on, whatever its next I/O is? */
bool runner_pace_may_go_on(struct runner_job *job, uint64_t now);

/* May this one be issued now? */
bool runner_pace_may_issue(struct runner_job *job, const struct generator_io *next, uint64_t now);

/* It was prepared. */
void runner_pace_prepared(struct runner_job *job, struct runner_io *io);

/* Something of the job came back, well or not. */
void runner_pace_done(struct runner_job *job, struct runner_io *io, uint64_t now);

/* The sequence that was issued: without the I/O that still waits. */
uint64_t runner_pace_digest(const struct runner_job *job);

/* --- target.c --- */

/* Is something watched that needs a completion's latency? */
bool runner_target_is_set(const struct job *options);

void runner_target_begin(struct runner_job *job, uint64_t now);
void runner_target_done(struct runner_job *job, const struct runner_io *io, uint64_t now);

/* The counters that a minimal rate is measured by have become 0. */
void runner_target_forget(struct runner_job *job, uint64_t now);

/*
 * The job was drained for its last window: its ramp ends now, so that the next step
 * begins the measurement before it issues anything.
 */
void runner_target_drained(struct runner_job *job, uint64_t now);

/* Windows and cycles that are over; true: the job has found what it looked for. */
bool runner_target_control(struct runner_job *job, uint64_t now);
uint64_t runner_target_next_tsc(const struct runner_job *job);

#endif
