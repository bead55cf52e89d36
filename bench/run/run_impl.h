/* SPDX-License-Identifier: MIT */
/*
 * What the files of bench/run offer each other: setup.c leads from a job file to jobs
 * that can run, loop.c has the CPUs' loops, life.c a job's start and end, step.c its I/O
 * path; the others stand with their functions below. No other folder includes this.
 */
#ifndef BENCH_RUN_RUN_IMPL_H
#define BENCH_RUN_RUN_IMPL_H

#include "bench/core/core.h"
#include "bench/run/run.h"

/* --- setup.c: everything a person can have got wrong ends here --- */

int runner_setup(void);

/* --- memory.c: what a job needs only while it runs --- */

/* At set-up, of all jobs. Not 0: it has been said of which there is not enough. */
int runner_memory_allot(void);

/* When all jobs before the wall are over: fills what the job has, which others had before. */
void runner_memory_prepare(struct runner_job *job);

/* --- step.c: a job's steps; the job's CPU, loop context, as all that follows --- */

/* The full way: any job that has begun. */
runner_step_function runner_job_step;

/* --- refill.c: preparing I/Os; free_count > 0 --- */

/* What a refill ended with. */
enum runner_refilled {
	REFILL_MORE, /* as much as is free, or as a batch may be */
	REFILL_STALL, /* submit it; what is out must come back first */
	REFILL_OVER, /* the job will issue nothing more */
};

/* Prepares up to a batch of the job's I/Os, or of the reads of its read-back. */
enum runner_refilled runner_refill(struct runner_job *job, uint64_t now);
enum runner_refilled runner_refill_read_back(struct runner_job *job);

/* The next pass over the region, if there is one. */
bool runner_refill_next_pass(struct runner_job *job);

/* The next of the flushes_left. */
void runner_refill_flush(struct runner_job *job);

/* --- done.c: completion --- */

/* A request's done(). */
void runner_io_done(struct blk_request *request);
void runner_io_done_recorded(struct blk_request *request); /* trace_events= */

/* --- fast.c: the fast way --- */

bool runner_fast_is_possible(const struct runner_job *job);

/* At set-up. -ERR_NO_MEMORY. */
int runner_fast_init(struct runner_job *job);

/*
 * Leave for a running job to go the fast way from its next step on: for as many
 * I/Os as the pass and the limits allow, so that they are looked at once. None
 * for less than a batch, or while there is anything that the fast way does not
 * know.
 */
bool runner_fast_grant(struct runner_job *job);

/*
 * Back to the full way: statistics, issued_ios and the like are brought up to
 * date, which the fast one lets be.
 */
void runner_fast_settle(struct runner_job *job);

/* All that is noted there of a batch that was issued as a whole. */
static inline void runner_fast_note_batch(struct runner_job *job, uint32_t in_flight,
					   uint32_t accepted, uint64_t slat_tsc)
{
	job->fast_batches[in_flight]++;
	stats_summary_add_many(&job->fast_stats->slat, clock_tsc_to_ns(slat_tsc), accepted);
}

/* --- life.c: start and end of a job; its CPU --- */

/*
 * Begins the CPU's jobs whose turn has come, and chooses what is active; to be
 * called when runner.turns is not turns_seen. False: all of its jobs are over.
 */
bool runner_turn_take(struct runner_cpu *cpu);

/*
 * A queue had no room for all that the job prepared. The first job that is refused in a
 * round is stepped first in the next one (runner_turn_rotate()), so each gets a turn at a
 * queue that any one of them could keep full. The job that was stepped first does not
 * count: it had its turn.
 */
void runner_turn_refused(struct runner_job *job);
void runner_turn_rotate(struct runner_cpu *cpu);

void runner_job_finish(struct runner_job *job, uint64_t now);

/*
 * A deadline was missed: ends the CPU's jobs with what they did until now. What is in
 * flight stays with the device, and its memory too.
 */
void runner_turn_cut_off(struct runner_cpu *cpu, uint64_t now);

/* --- timer.c: what is due by the clock; the CPU at hand --- */

/* When look_tsc has passed: does what is due, and works out look_tsc anew. */
void runner_clock_look(struct runner_cpu *cpu, uint64_t now);

/* Before sleeping, if timer_is_stale: this CPU is woken for the next of its events. */
void runner_clock_arm_timer(struct runner_cpu *cpu);

/* --- limits.c: moments; the job's CPU --- */

void runner_control_begin(struct runner_job *job, uint64_t now);

/* At control_tsc; true: the job issues nothing more. */
bool runner_job_control(struct runner_job *job, uint64_t now);

/* --- overhead.c: what measuring costs --- */

/* At the end of set-up, once it is known which way the job goes. */
void runner_measuring_calibrate(struct runner_job *job);

/* --- steady_watch.c: steadystate=; boot CPU --- */

int runner_steady_init(void);

/* Looks at all that is watched; returns when to look again. */
uint64_t runner_steady_update(uint64_t now);

/* --- bare.c: engine=floor, engine=layer --- */
enum exit_status runner_bare_run(void);

/* --- data.c: what is written --- */

/* At set-up: job->data. */
void runner_data_init(struct runner_job *job);

/* Before the first I/O of a job that writes: fills the buffers once. */
void runner_data_begin(struct runner_job *job);

/* Before the write with this number in its job is submitted; unless DATA_KEPT. */
void runner_data_fill(struct runner_job *job, struct runner_io *io, uint64_t number);

/* --- progress.c --- */
void progress_init(uint32_t interval_ms);
void progress_update(uint64_t now); /* boot CPU; prints when due */
uint64_t progress_next_tsc(void);
void progress_end(void);

#endif
