/* SPDX-License-Identifier: MIT */
/*
 * What the clock asks of a CPU: bandwidth samples, deadlines of requests, the
 * progress line; and the timer that wakes a sleeping CPU in time for them.
 *
 *   look_tsc:  the loop compares it with the clock each time round; when it has
 *              passed, runner_clock_look() does what is due and moves it on
 *   the timer: one per CPU, armed before sleeping for the earliest moment at
 *              which anything there wants attention, and not touched again until
 *              it fired or an earlier one is needed
 *
 * With no deadline, no runtime and no progress line nothing is ever armed. What
 * a job itself does by the clock is limits.c and pace/pace.c; here is
 * only when they want to be asked.
 *
 * The CPU, loop context; the timer's handler: interrupt.
 */
#include "bench/pace/pace.h"
#include "bench/run/run_impl.h"
#include "kernel/lib/log.h"

/* --- bandwidth samples --- */

static void take_sample(struct runner_job *job, struct runner_sampler *sampler, uint64_t now)
{
	bool is_bw = sampler == &job->bw_sampler;
	double seconds = (double)clock_tsc_to_ns(now - sampler->last_tsc) / 1e9;
	for (int d = 0; d < DIR_COUNT; d++) {
		struct stats_direction *direction = &job->stats->direction[d];
		uint64_t total = is_bw ? runner_job_bytes(job, d) : runner_job_completed(job, d);
		double amount = (double)(total - sampler->seen[d]);
		if (total == sampler->seen[d])
			continue;
		sampler->seen[d] = total;
		if (is_bw)
			stats_samples_add(&direction->bw_kib, amount / 1024 / seconds);
		else
			stats_samples_add(&direction->iops, amount / seconds);
	}
	sampler->last_tsc = now;
}

static void take_samples(struct runner_job *job, uint64_t now)
{
	if (now < job->sample_due_tsc || job->phase != PHASE_RUNNING)
		return;
	struct runner_sampler *samplers[] = { &job->bw_sampler, &job->iops_sampler };
	job->sample_due_tsc = UINT64_MAX;
	for (unsigned i = 0; i < ARRAY_COUNT(samplers); i++) {
		if (now >= samplers[i]->last_tsc + samplers[i]->period_tsc)
			take_sample(job, samplers[i], now);
		job->sample_due_tsc =
			MIN(job->sample_due_tsc, samplers[i]->last_tsc + samplers[i]->period_tsc);
	}
}

/* --- deadlines --- */

/* How often queues are searched for requests past their deadline. */
#define DEADLINE_CHECKS_PER_TIMEOUT 4u

/* All CPUs end their jobs then. */
static void give_up(struct blk_queue *queue, uint64_t age_tsc)
{
	const struct blk_queue *none = NULL;
	if (!atomic_replace(&runner.late, &none, queue))
		return; /* another CPU was first, and has said it */
	queue->counters.timeouts++;
	log_error(queue->device->name,
		  "a request on queue %u is %lu ms old, request_timeout_ms=%u allows no more; "
		  "all jobs end here", queue->index, clock_tsc_to_ns(age_tsc) / NS_PER_MS,
		  runner.settings->request_timeout_ms);
	blk_dump(queue);
	runner_turn_announce();
}

static void check_deadlines(struct runner_cpu *cpu, uint64_t now)
{
	for (uint32_t i = 0; i < cpu->active_queue_count; i++) {
		uint64_t oldest = blk_oldest_submit_tsc(cpu->active_queues[i]);
		if (oldest && now > oldest && now - oldest > runner.timeout_tsc)
			give_up(cpu->active_queues[i], now - oldest);
	}
	cpu->next_deadline_check_tsc = now + runner.timeout_tsc / DEADLINE_CHECKS_PER_TIMEOUT;
	cpu->timer_is_stale = true;
}

/* --- what is due --- */

static bool may_read(const struct runner_job *job)
{
	return job->phase == PHASE_READ_BACK ||
	       (job->phase == PHASE_RUNNING && (job->verifies || (job->options->rw & JOB_RW_READ)));
}

/* For the boot phases. True: it may come any time, so keep looking. */
static bool awaits_first_read(const struct runner_cpu *cpu, uint64_t now)
{
	bool awaits = false;
	for (uint32_t i = 0; i < cpu->job_count; i++) {
		if (runner_job_completed(cpu->jobs[i], DIR_READ))
			runner.boot->first_read_tsc = now;
		awaits |= may_read(cpu->jobs[i]);
	}
	return awaits && !runner.boot->first_read_tsc;
}

void runner_clock_look(struct runner_cpu *cpu, uint64_t now)
{
	uint64_t next = cpu->turn_tsc;
	if (cpu->refused)
		runner_turn_rotate(cpu);
	if (now >= cpu->turn_tsc)
		cpu->turns_seen--; /* differs from what is there: the loop looks */
	for (uint32_t i = 0; i < cpu->active_job_count; i++) {
		struct runner_job *job = cpu->active_jobs[i];
		take_samples(job, now);
		if (job->phase == PHASE_RUNNING)
			next = MIN(next, job->sample_due_tsc);
	}
	if (runner.timeout_tsc) {
		if (now >= cpu->next_deadline_check_tsc)
			check_deadlines(cpu, now);
		next = MIN(next, cpu->next_deadline_check_tsc);
	}
	if (cpu->cpu->index == 0) {
		progress_update(now);
		next = MIN(next, progress_next_tsc());
		if (!runner.boot->first_read_tsc && awaits_first_read(cpu, now))
			next = now;
	}
	cpu->look_tsc = next;
}

/* --- the timer --- */

/* In an interrupt, which leaves SSE registers as they are. */
__attribute__((target("general-regs-only"))) static void on_wake_timer(void *context)
{
	struct runner_cpu *cpu = context;
	cpu->wake_timer_tsc = 0;
	cpu->timer_is_stale = true;
	store_once(&cpu->cpu->wake, 1);
}

/* The next moment at which the job wants to be looked at; UINT64_MAX: none. */
static uint64_t job_next_event(const struct runner_job *job)
{
	uint64_t next = UINT64_MAX;
	if (job->phase == PHASE_RUNNING && job->control_tsc)
		next = job->control_tsc;
	if (job->phase == PHASE_RUNNING && job->pace)
		next = MIN(next, job->pace->wake_tsc);
	return next;
}

static uint64_t next_event(const struct runner_cpu *cpu)
{
	uint64_t next = cpu->turn_tsc;
	if (runner.timeout_tsc)
		next = MIN(next, cpu->next_deadline_check_tsc);
	if (cpu->cpu->index == 0)
		next = MIN(next, progress_next_tsc());
	for (uint32_t i = 0; i < cpu->active_job_count; i++)
		next = MIN(next, job_next_event(cpu->active_jobs[i]));
	return next;
}

void runner_clock_arm_timer(struct runner_cpu *cpu)
{
	cpu->timer_is_stale = false;
	uint64_t next = next_event(cpu);
	if (next == UINT64_MAX)
		return;
	/* The handler clears this variable: a stale value only costs a wake-up. */
	uint64_t armed = load_once(&cpu->wake_timer_tsc);
	if (armed && armed <= next)
		return;
	timer_cancel(&cpu->wake_timer);
	store_once(&cpu->wake_timer_tsc, next);
	cpu->wake_timer.expired = on_wake_timer;
	cpu->wake_timer.context = cpu;
	timer_arm(&cpu->wake_timer, next);
}
