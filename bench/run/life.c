/* SPDX-License-Identifier: MIT */
/*
 * The life of a job: when its turn begins, its runtimes, and what is left to do when
 * it ends; and which of a CPU's jobs goes first where a queue has room for few.
 *
 *   PHASE_WAITING --- delay over, those before it finished ---> PHASE_RUNNING
 *   ... ---> PHASE_FINISHED: its figures are whole, and all CPUs are woken, as
 *            jobs behind a stonewall on any of them may have been waiting for it
 *
 * A request that misses its deadline ends all jobs, whatever their phase, with what
 * is back by then.
 *
 * The job's CPU, loop context. Of other CPUs' jobs only the phase is read, which
 * is published last.
 */
#include "bench/pace/pace.h"
#include "bench/run/run_impl.h"
#include "bench/verify/readback.h"
#include "kernel/irq/smp.h"
#include "kernel/lib/mem.h"

/* --- its turn, and the start --- */

static bool is_finished(const struct runner_job *job)
{
	return load_acquire(&job->phase) == PHASE_FINISHED;
}

/* stonewall: is everything before it over? */
static bool wall_is_down(const struct runner_job *job)
{
	for (uint32_t i = 0; i < job->wait_before; i++)
		if (!is_finished(&runner.jobs[i]))
			return false;
	return true;
}

/* wait_for: is everything over with this name? */
static bool waitees_are_done(const struct runner_job *job)
{
	if (!job->options->wait_for)
		return true;
	for (uint32_t i = 0; i < runner.set->job_count; i++)
		if (!strcmp(runner.jobs[i].options->name, job->options->wait_for) &&
		    !is_finished(&runner.jobs[i]))
			return false;
	return true;
}

static void begin(struct runner_job *job, uint64_t now)
{
	const struct job *options = job->options;
	job->begin_tsc = now;
	runner_job_begin_measuring(job, now);
	if (job->pace)
		runner_pace_begin(job, now);
	runner_control_begin(job, now);
	if (options->verify_only && (options->rw & JOB_RW_WRITE)) {
		runner_verify_dry_run(job);
		job->phase = PHASE_DRAINING;
		return;
	}
	job->phase = PHASE_RUNNING;
}

/* exitall: it may be over before its turn came. */
static void take_turn(struct runner_job *job, uint64_t now)
{
	if (load_once(&job->stopping)) {
		job->start_tsc = now;
		runner_job_finish(job, now);
	} else if (now >= job->eligible_tsc && job->has_memory && waitees_are_done(job)) {
		begin(job, now);
	}
}

static void add_queues(struct runner_cpu *cpu, const struct runner_job *job)
{
	for (uint32_t f = 0; f < job->options->file_count; f++) {
		uint32_t known = 0;
		while (known < cpu->active_queue_count &&
		       cpu->active_queues[known] != job->queues[f])
			known++;
		cpu->active_queues[known] = job->queues[f];
		cpu->active_queue_count = MAX(cpu->active_queue_count, known + 1);
	}
}

static void choose_active(struct runner_cpu *cpu)
{
	cpu->active_job_count = cpu->active_queue_count = 0;
	for (uint32_t i = 0; i < cpu->job_count; i++) {
		struct runner_job *job = cpu->jobs[i];
		if (job->phase == PHASE_WAITING || job->phase == PHASE_FINISHED)
			continue;
		cpu->active_jobs[cpu->active_job_count++] = job;
		add_queues(cpu, job);
	}
	/* blk_wait() takes no more than are in flight. */
	cpu->wanted = cpu->active_job_count == 1 ? cpu->active_jobs[0]->complete_min : 1;
	/* What is due has changed with them. */
	cpu->look_tsc = 0;
	cpu->timer_is_stale = true;
}

/* Before any of them begins, as it takes its time. */
static void prepare_behind_walls(struct runner_cpu *cpu)
{
	for (uint32_t i = 0; i < cpu->job_count; i++) {
		struct runner_job *job = cpu->jobs[i];
		if (!job->has_memory && !load_once(&job->stopping) && wall_is_down(job))
			runner_memory_prepare(job);
	}
}

bool runner_turn_take(struct runner_cpu *cpu)
{
	bool unfinished = false;
	/* Read first: what is announced from here on is seen the next time. */
	cpu->turns_seen = load_acquire(&runner.turns);
	prepare_behind_walls(cpu);
	uint64_t now = clock_tsc();
	cpu->turn_tsc = UINT64_MAX;
	for (uint32_t i = 0; i < cpu->job_count; i++) {
		struct runner_job *job = cpu->jobs[i];
		if (job->phase == PHASE_WAITING)
			take_turn(job, now);
		if (job->phase == PHASE_WAITING && job->eligible_tsc > now)
			cpu->turn_tsc = MIN(cpu->turn_tsc, job->eligible_tsc);
		unfinished |= job->phase != PHASE_FINISHED;
	}
	choose_active(cpu);
	return unfinished;
}

/* --- at a full queue --- */

void runner_turn_refused(struct runner_job *job)
{
	struct runner_cpu *cpu = &runner.cpus[job->cpu->index];
	if (cpu->refused || cpu->active_jobs[0] == job)
		return; /* the first had its turn, and may want more than there ever is */
	cpu->refused = job;
	cpu->look_tsc = 0; /* not now: the jobs are being stepped */
}

void runner_turn_rotate(struct runner_cpu *cpu)
{
	struct runner_job **jobs = cpu->active_jobs;
	uint32_t last = cpu->active_job_count - 1;
	for (uint32_t left = last; left && jobs[0] != cpu->refused; left--) {
		struct runner_job *first = jobs[0];
		memmove(jobs, jobs + 1, last * sizeof(jobs[0]));
		jobs[last] = first;
	}
	cpu->refused = NULL;
}

/* --- the end --- */

/* fio counts whole milliseconds, rounded up. */
static uint64_t milliseconds(uint64_t from_tsc, uint64_t to_tsc)
{
	uint64_t ns = clock_tsc_to_ns(to_tsc - from_tsc);
	return MAX(1u, (ns + NS_PER_MS - 1) / NS_PER_MS);
}

/* Mixed jobs: both directions carry the same time; a read-back has its own. */
static void set_runtimes(struct runner_job *job)
{
	struct stats_direction *directions = job->stats->direction;
	if (!job->begin_tsc)
		return;
	uint64_t issue_end = job->write_finish_tsc ? job->write_finish_tsc : job->finish_tsc;
	for (int d = 0; d < DIR_COUNT; d++)
		if (job->options->rw & (1u << d))
			directions[d].runtime_ms = milliseconds(job->start_tsc, issue_end);
	if (job->options->verify_only)
		directions[DIR_WRITE].runtime_ms = 0;
	if (job->write_finish_tsc)
		directions[DIR_READ].runtime_ms += milliseconds(issue_end, job->finish_tsc);
	job->stats->job_runtime_ms = milliseconds(job->start_tsc, job->finish_tsc);
}

/* disable_*: what is not wanted is measured all the same, and not told. */
static void drop_unwanted(struct runner_job *job)
{
	for (int d = 0; d < DIR_COUNT; d++) {
		struct stats_direction *direction = &job->stats->direction[d];
		if (job->options->disable_slat || job->synchronous)
			stats_latency_reset(&direction->slat);
		if (job->options->disable_clat)
			stats_latency_reset(&direction->clat);
		if (job->options->disable_lat)
			stats_latency_reset(&direction->lat);
	}
}

void runner_job_finish(struct runner_job *job, uint64_t now)
{
	struct stats_job *stats = job->stats;
	job->finish_tsc = now;
	for (int d = 0; d < DIR_COUNT; d++) {
		stats->direction[d].completed = runner_job_completed(job, d);
		stats->direction[d].io_bytes = runner_job_bytes(job, d);
	}
	set_runtimes(job);
	runner_stages_end(job);
	if (job->begin_tsc)
		runner_counts_end(job);
	drop_unwanted(job);
	if (!stats->error) /* as in fio, of a job that went on after it, too */
		stats->error = stats->first_error;
	if (job->pace && job->begin_tsc)
		runner_pace_end(job);
	stats->total_tsc = now - job->start_tsc;
	stats->busy_tsc = stats->total_tsc - (job->cpu->idle_tsc - job->idle_start_tsc);
	stats->sequence_digest = runner_pace_digest(job);
	store_release(&job->phase, PHASE_FINISHED);
	if (job->options->exitall)
		runner_job_end_others(job);
	runner_turn_announce();
}

/* --- a missed deadline --- */

static bool is_free(const struct runner_job *job, const struct runner_io *io)
{
	for (uint32_t i = 0; i < job->free_count; i++)
		if (job->free[i] == &io->request)
			return true;
	return false;
}

/* What did not come back was not done. */
static void forget_unreturned(struct runner_job *job)
{
	for (uint32_t i = 0; i < job->depth; i++) {
		const struct runner_io *io = &job->ios[i];
		if (io->direction < DIR_COUNT && !is_free(job, io) &&
		    job->stats->direction[io->direction].total_ios)
			job->stats->direction[io->direction].total_ios--;
	}
}

static bool waits_for(const struct runner_job *job, const struct blk_queue *queue)
{
	for (uint32_t f = 0; f < job->options->file_count; f++)
		if (job->queues[f] == queue)
			return runner_job_in_flight(job) != 0;
	return false;
}

static void cut_off(struct runner_job *job, uint64_t now)
{
	if (!job->begin_tsc) {
		job->start_tsc = now;
	} else {
		if (job->fast)
			runner_fast_settle(job);
		forget_unreturned(job);
		if (waits_for(job, runner.late))
			runner_job_fail(job, ETIMEDOUT_LINUX, false);
	}
	runner_job_finish(job, now);
}

void runner_turn_cut_off(struct runner_cpu *cpu, uint64_t now)
{
	for (uint32_t i = 0; i < cpu->job_count; i++)
		if (cpu->jobs[i]->phase != PHASE_FINISHED)
			cut_off(cpu->jobs[i], now);
}
