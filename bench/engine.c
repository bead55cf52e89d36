/*
 * The engine's loops: every CPU polls its queues, steps its jobs and waits.
 *
 *   for ever: blk_poll(queues) -> engine_job_step(jobs) -> blk_wait(queues)
 *
 * Jobs of several CPUs know of each other only through their phase: a job
 * that finishes wakes all CPUs, so that those behind a stonewall may start.
 * The boot CPU also prints the progress line and looks at changed disks.
 *
 * Timers: one per CPU, armed before sleeping for the earliest moment at which
 * anything there wants attention, and not touched again until it fired or an
 * earlier one is needed. With no deadline, no runtime and no progress line
 * nothing is ever armed.
 */
#include "bench/engine_pace.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/log.h"
#include "kernel/lib/mem.h"

struct engine engine;

/* How often queues are searched for requests past their deadline. */
#define DEADLINE_CHECKS_PER_TIMEOUT 4u

static uint64_t tsc_after_us(uint64_t tsc, uint64_t us)
{
	return tsc + clock_ns_to_tsc(us * NS_PER_US);
}

/* --- start and end of a job --- */

static bool is_finished(const struct engine_job *job)
{
	return load_acquire(&job->phase) == PHASE_FINISHED;
}

/* stonewall and wait_for: is everything over that the job waits for? */
static bool predecessors_are_done(const struct engine_job *job)
{
	for (uint32_t i = 0; i < job->wait_before; i++)
		if (!is_finished(&engine.jobs[i]))
			return false;
	if (!job->job->wait_for)
		return true;
	for (uint32_t i = 0; i < engine.set->job_count; i++)
		if (!strcmp(engine.jobs[i].job->name, job->job->wait_for) &&
		    !is_finished(&engine.jobs[i]))
			return false;
	return true;
}

void engine_job_begin_measuring(struct engine_job *job, uint64_t now)
{
	const struct job *options = job->job;
	job->start_tsc = now;
	job->idle_start_tsc = job->cpu->idle_tsc;
	job->bw_sampler = (struct engine_sampler){
		.period_tsc = clock_ns_to_tsc(options->bwavgtime_ms * NS_PER_MS), .last_tsc = now
	};
	job->iops_sampler = (struct engine_sampler){
		.period_tsc = clock_ns_to_tsc(options->iopsavgtime_ms * NS_PER_MS), .last_tsc = now
	};
	job->sample_due_tsc = options->disable_bw ?
				      UINT64_MAX :
				      now + MIN(job->bw_sampler.period_tsc,
						job->iops_sampler.period_tsc);
}

static void begin(struct engine_job *job, uint64_t now)
{
	const struct job *options = job->job;
	job->begun = true;
	engine_job_begin_measuring(job, now);
	if (job->pace)
		engine_pace_begin(job, now);
	engine_control_begin(job, now);
	if (options->verify_only && (options->rw & JOB_RW_WRITE)) {
		engine_verify_dry_run(job);
		job->phase = PHASE_DRAINING;
		return;
	}
	job->phase = PHASE_RUNNING;
}

/*
 * Jobs run beside others that wait for them, so a look in vain costs little: only
 * time, and jobs that finish, can change what it finds. The count is read first: a
 * job that finishes later is seen the next time.
 */
unsigned engine_job_wait_turn(struct engine_job *job, uint64_t now)
{
	uint32_t finished = load_acquire(&engine.finished_count);
	if (UNLIKELY(load_once(&job->stopping))) {
		job->start_tsc = now;
		engine_job_finish(job, now);
		return ENGINE_AGAIN;
	}
	if (LIKELY(now < job->eligible_tsc || finished == job->finished_seen))
		return ENGINE_UNFINISHED;
	job->finished_seen = finished;
	if (!predecessors_are_done(job))
		return ENGINE_UNFINISHED;
	job->step = engine_job_step;
	begin(job, now);
	return ENGINE_AGAIN | ENGINE_UNFINISHED;
}

static void wake_all(void)
{
	for (uint32_t i = 0; i < cpu_count; i++)
		cpu_wake(&cpu_table[i]);
}

/* fio counts whole milliseconds, rounded up. */
static uint64_t milliseconds(uint64_t from_tsc, uint64_t to_tsc)
{
	uint64_t ns = clock_tsc_to_ns(to_tsc - from_tsc);
	return MAX(1u, (ns + NS_PER_MS - 1) / NS_PER_MS);
}

/* Mixed jobs: both directions carry the same time; a read-back has its own. */
static void set_runtimes(struct engine_job *job)
{
	struct stats_direction *directions = job->stats->direction;
	if (!job->begun)
		return;
	uint64_t issue_end = job->write_finish_tsc ? job->write_finish_tsc : job->finish_tsc;
	for (int d = 0; d < DIR_COUNT; d++)
		if (job->job->rw & (1u << d))
			directions[d].runtime_ms = milliseconds(job->start_tsc, issue_end);
	if (job->job->verify_only)
		directions[DIR_WRITE].runtime_ms = 0;
	if (job->write_finish_tsc)
		directions[DIR_READ].runtime_ms += milliseconds(issue_end, job->finish_tsc);
	job->stats->job_runtime_ms = milliseconds(job->start_tsc, job->finish_tsc);
}

/* disable_*: what is not wanted is measured all the same, and not told. */
static void drop_unwanted(struct engine_job *job)
{
	for (int d = 0; d < DIR_COUNT; d++) {
		struct stats_direction *direction = &job->stats->direction[d];
		if (job->job->disable_slat || job->synchronous)
			stats_latency_reset(&direction->slat);
		if (job->job->disable_clat)
			stats_latency_reset(&direction->clat);
		if (job->job->disable_lat)
			stats_latency_reset(&direction->lat);
	}
}

void engine_job_finish(struct engine_job *job, uint64_t now)
{
	struct stats_job *stats = job->stats;
	job->finish_tsc = now;
	for (int d = 0; d < DIR_COUNT; d++) {
		stats->direction[d].completed = engine_job_completed(job, d);
		stats->direction[d].io_bytes = engine_job_bytes(job, d);
	}
	set_runtimes(job);
	engine_stages_end(job);
	drop_unwanted(job);
	if (job->pace && job->begun)
		engine_pace_end(job);
	stats->total_tsc = now - job->start_tsc;
	stats->busy_tsc = stats->total_tsc - (job->cpu->idle_tsc - job->idle_start_tsc);
	stats->sequence_digest = engine_pace_digest(job);
	store_release(&job->phase, PHASE_FINISHED);
	__atomic_fetch_add(&engine.finished_count, 1, __ATOMIC_RELEASE);
	if (job->job->exitall)
		engine_job_end_others(job);
	wake_all();
}

/* The next moment at which the job wants to be looked at; UINT64_MAX: none. */
static uint64_t job_next_event(const struct engine_job *job, uint64_t now)
{
	uint64_t next = UINT64_MAX;
	if (job->phase == PHASE_RUNNING && job->control_tsc)
		next = job->control_tsc;
	if (job->phase == PHASE_RUNNING && job->pace)
		next = MIN(next, job->pace->wake_tsc);
	if (job->phase == PHASE_WAITING && job->eligible_tsc > now)
		next = job->eligible_tsc;
	return next;
}

/* --- bandwidth samples --- */

static void take_sample(struct engine_job *job, struct engine_sampler *sampler, uint64_t now)
{
	bool is_bw = sampler == &job->bw_sampler;
	double seconds = (double)clock_tsc_to_ns(now - sampler->last_tsc) / 1e9;
	for (int d = 0; d < DIR_COUNT; d++) {
		struct stats_direction *direction = &job->stats->direction[d];
		uint64_t total = is_bw ? engine_job_bytes(job, d) : engine_job_completed(job, d);
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

static void take_samples(struct engine_job *job, uint64_t now)
{
	if (now < job->sample_due_tsc || job->phase != PHASE_RUNNING)
		return;
	struct engine_sampler *samplers[] = { &job->bw_sampler, &job->iops_sampler };
	job->sample_due_tsc = UINT64_MAX;
	for (unsigned i = 0; i < ARRAY_COUNT(samplers); i++) {
		if (now >= samplers[i]->last_tsc + samplers[i]->period_tsc)
			take_sample(job, samplers[i], now);
		job->sample_due_tsc = MIN(job->sample_due_tsc,
					  samplers[i]->last_tsc + samplers[i]->period_tsc);
	}
}

/* --- deadlines --- */

NORETURN static void give_up(struct blk_queue *queue, uint64_t age_tsc)
{
	queue->counters.timeouts++;
	log_error(queue->device->name,
		  "a request on queue %u is %lu ms old; its deadline was %u ms",
		  queue->index, clock_tsc_to_ns(age_tsc) / NS_PER_MS,
		  engine.settings->request_timeout_ms);
	blk_dump(queue);
	machine_exit(EXIT_CRASH);
}

static void check_deadlines(struct engine_cpu *cpu, uint64_t now)
{
	for (uint32_t i = 0; i < cpu->queue_count; i++) {
		uint64_t oldest = blk_oldest_submit_tsc(cpu->queues[i]);
		if (oldest && now > oldest && now - oldest > engine.timeout_tsc)
			give_up(cpu->queues[i], now - oldest);
	}
	cpu->next_deadline_check_tsc = now + engine.timeout_tsc / DEADLINE_CHECKS_PER_TIMEOUT;
	cpu->timer_is_stale = true;
}

/* --- a CPU's loop --- */

static void on_wake_timer(void *context)
{
	struct engine_cpu *cpu = context;
	cpu->wake_timer_tsc = 0;
	cpu->timer_is_stale = true;
	store_once(&cpu->cpu->wake, 1);
}

static uint64_t next_event(const struct engine_cpu *cpu, uint64_t now)
{
	uint64_t next = UINT64_MAX;
	if (engine.timeout_tsc)
		next = cpu->next_deadline_check_tsc;
	if (cpu->cpu->index == 0)
		next = MIN(next, progress_next_tsc());
	for (uint32_t i = 0; i < cpu->job_count; i++)
		next = MIN(next, job_next_event(cpu->jobs[i], now));
	return next;
}

static NOINLINE void arm_wake_timer(struct engine_cpu *cpu, uint64_t now)
{
	cpu->timer_is_stale = false;
	uint64_t next = next_event(cpu, now);
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

static inline unsigned step_jobs(struct engine_job *const *jobs, struct engine_job *const *end,
				 uint64_t now)
{
	unsigned state = 0;
	for (struct engine_job *const *at = jobs; at != end; at++)
		if (LIKELY((*at)->phase != PHASE_FINISHED))
			state |= (*at)->step(*at, now);
	return state;
}

static inline void wait_for_work(struct engine_cpu *cpu, unsigned state, uint64_t now)
{
	if (UNLIKELY(load_once(&cpu->timer_is_stale)))
		arm_wake_timer(cpu, now);
	if (LIKELY(state & ENGINE_BUSY))
		blk_wait(cpu->queues, cpu->queue_count, cpu->wanted);
	else
		cpu_wait();
}

static bool all_cpus_finished(void)
{
	for (uint32_t i = 1; i < cpu_count; i++)
		if (engine.cpus[i].job_count && !load_acquire(&engine.cpus[i].finished))
			return false;
	return true;
}

static void notice_config_changes(void)
{
	for (unsigned i = 0; i < blk_device_count(); i++) {
		struct blk_device *device = blk_device_at(i);
		if (LIKELY(!load_once(&device->config_changes)) || !device->refresh)
			continue;
		store_once(&device->config_changes, 0);
		device->refresh(device);
	}
}

static void note_first_read(const struct engine_cpu *cpu, uint64_t now)
{
	for (uint32_t i = 0; i < cpu->job_count; i++)
		if (engine_job_completed(cpu->jobs[i], DIR_READ))
			engine.boot->first_read_tsc = now;
}

/* What is due by the clock, and when that will be so again. */
static NOINLINE void look_at_clock(struct engine_cpu *cpu, uint64_t now)
{
	uint64_t next = UINT64_MAX;
	for (uint32_t i = 0; i < cpu->job_count; i++) {
		take_samples(cpu->jobs[i], now);
		if (cpu->jobs[i]->phase == PHASE_RUNNING)
			next = MIN(next, cpu->jobs[i]->sample_due_tsc);
	}
	if (engine.timeout_tsc) {
		if (now >= cpu->next_deadline_check_tsc)
			check_deadlines(cpu, now);
		next = MIN(next, cpu->next_deadline_check_tsc);
	}
	if (cpu->cpu->index == 0) {
		progress_update(now);
		next = MIN(next, progress_next_tsc());
		if (!engine.boot->first_read_tsc) {
			note_first_read(cpu, now);
			next = now;
		}
	}
	cpu->look_tsc = next;
}

/* `stamps`, a constant: notes when it looks at the rings. */
static ALWAYS_INLINE void loop(struct engine_cpu *cpu, bool stamps)
{
	struct blk_queue *const *queues = cpu->queues;
	struct blk_queue *const *queues_end = queues + cpu->queue_count;
	struct engine_job *const *jobs = cpu->jobs, *const *jobs_end = jobs + cpu->job_count;
	for (;;) {
		unsigned delivered = 0;
		for (struct blk_queue *const *queue = queues; queue != queues_end; queue++) {
			if (stamps)
				cpu->discovery_tsc = clock_tsc();
			delivered += blk_poll(*queue);
		}
		uint64_t now = clock_tsc();
		unsigned state = step_jobs(jobs, jobs_end, now);
		if (UNLIKELY(now >= cpu->look_tsc))
			look_at_clock(cpu, now);
		if (UNLIKELY(!delivered) && cpu->cpu->index == 0)
			notice_config_changes(); /* something else woke this CPU */
		if (UNLIKELY(state & ENGINE_AGAIN)) {
			cpu->timer_is_stale = true;
			cpu->look_tsc = 0;
			continue;
		}
		if (UNLIKELY(!(state & ENGINE_UNFINISHED)) &&
		    (cpu->cpu->index || all_cpus_finished()))
			return;
		wait_for_work(cpu, state, now);
	}
}

static void run_cpu(struct engine_cpu *cpu)
{
	cpu->start_tsc = clock_tsc();
	cpu->idle_start_tsc = cpu->cpu->idle_tsc;
	cpu->next_deadline_check_tsc = cpu->start_tsc + engine.timeout_tsc;
	cpu->timer_is_stale = true;
	/* blk_wait() takes no more than are in flight. */
	cpu->wanted = cpu->job_count == 1 ? cpu->jobs[0]->complete_min : 1;
	if (engine.settings->stages == STAGES_FULL)
		loop(cpu, true);
	else
		loop(cpu, false);
	timer_cancel(&cpu->wake_timer);
	cpu->finish_tsc = clock_tsc();
	cpu->idle_tsc = cpu->cpu->idle_tsc - cpu->idle_start_tsc;
	store_release(&cpu->finished, 1);
	cpu_wake(&cpu_table[0]);
}

static void run_cpu_task(void *argument)
{
	run_cpu(argument);
}

/* --- the run --- */

static void set_start_times(void)
{
	for (uint32_t i = 0; i < engine.set->job_count; i++) {
		struct engine_job *job = &engine.jobs[i];
		job->eligible_tsc = tsc_after_us(engine.start_tsc, engine_pace_start_delay_us(job));
	}
}

enum exit_status engine_run(const struct job_set *set, const char *job_file,
			    const struct settings *settings, struct engine_boot *boot)
{
	engine.set = set;
	engine.job_file = job_file;
	engine.settings = settings;
	engine.boot = boot;
	engine.timeout_tsc = clock_ns_to_tsc(settings->request_timeout_ms * NS_PER_MS);
	if (engine_setup())
		return EXIT_USAGE;

	engine.start_tsc = clock_tsc();
	if (settings->engine != ENGINE_BLK) {
		enum exit_status status = engine_bare_run();
		engine.finish_tsc = clock_tsc();
		return status;
	}
	set_start_times();
	progress_init(settings->status_interval_ms);
	engine.cpus[0].cpu = &cpu_table[0];
	for (uint32_t i = 1; i < cpu_count; i++)
		if (engine.cpus[i].job_count)
			assert_always(!cpu_run(&cpu_table[i], run_cpu_task, &engine.cpus[i]));
	run_cpu(&engine.cpus[0]);
	progress_end();
	engine.finish_tsc = clock_tsc();
	return engine.failed ? EXIT_JOB_ERROR : EXIT_OK;
}

uint64_t engine_elapsed_s(void)
{
	uint64_t ns = clock_tsc_to_ns(engine.finish_tsc - engine.start_tsc);
	return (ns + NS_PER_S - 1) / NS_PER_S;
}

struct stats_job *engine_job_stats(uint32_t job)
{
	return engine.jobs[job].stats;
}

uint32_t engine_job_latency_depth(uint32_t job)
{
	const struct engine_pace *pace = engine.jobs[job].pace;
	return pace && pace->searches ? pace->search.depth : 0;
}

void engine_write_logs(void (*emit)(const char *text, size_t length))
{
	for (uint32_t i = 0; i < engine.set->job_count; i++)
		if (engine.jobs[i].pace && engine.jobs[i].pace->has_log)
			iolog_write(&engine.jobs[i].pace->log, emit);
}
