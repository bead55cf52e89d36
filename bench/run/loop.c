/* SPDX-License-Identifier: MIT */
/*
 * The runner's loops: every CPU polls its queues, steps its jobs and waits.
 *
 *   runner_turn_take(): what is active here; and until that changes:
 *   blk_poll(queues) -> step(jobs) -> runner_clock_look() -> blk_wait(queues)
 *
 * Jobs of several CPUs know of each other only through their phase, and those
 * that wait or are over cost nothing here (life.c). The boot CPU also
 * prints the progress line and looks at changed disks.
 */
#include "bench/pace/pace.h"
#include "bench/run/run_impl.h"
#include "kernel/irq/smp.h"
#include "kernel/lib/assert.h"

/* How long the boot CPU waits for the others to end their jobs after a missed deadline. */
#define FAREWELL_NS (10 * NS_PER_S)

/* --- a CPU's loop --- */

/* `stamps`: notes when it looks at the rings. */
static inline unsigned poll_queues(struct runner_cpu *cpu, struct blk_queue *const *queues,
				   uint32_t count, bool stamps)
{
	unsigned delivered = 0;
	for (struct blk_queue *const *at = queues, *const *end = queues + count; at != end; at++) {
		if (stamps)
			cpu->discovery_tsc = clock_tsc();
		delivered += blk_poll(*at);
	}
	return delivered;
}

static inline unsigned step_jobs(struct runner_job *const *jobs, uint32_t count, uint64_t now)
{
	unsigned state = 0;
	for (struct runner_job *const *at = jobs, *const *end = jobs + count; at != end; at++) {
		cpu_assert_owner((*at)->cpu);
		state |= (*at)->step(*at, now);
	}
	return state;
}

static bool all_cpus_finished(void)
{
	for (uint32_t i = 1; i < cpu_count; i++)
		if (runner.cpus[i].job_count && !load_acquire(&runner.cpus[i].finished))
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

/*
 * Until other jobs are to be active. The constants: `stamps`, as above; `alone`:
 * one job on one queue is.
 */
static ALWAYS_INLINE void loop(struct runner_cpu *cpu, bool stamps, bool alone)
{
	struct runner_job *const *jobs = cpu->active_jobs;
	struct blk_queue *const *queues = cpu->active_queues;
	uint32_t job_count = alone ? 1 : cpu->active_job_count;
	uint32_t queue_count = alone ? 1 : cpu->active_queue_count;
	for (;;) {
		unsigned delivered = poll_queues(cpu, queues, queue_count, stamps);
		uint64_t now = clock_tsc();
		unsigned state = step_jobs(jobs, job_count, now);
		if (UNLIKELY(now >= cpu->look_tsc))
			runner_clock_look(cpu, now);
		if (UNLIKELY(!delivered) && cpu->cpu->index == 0)
			notice_config_changes(); /* something else woke this CPU */
		if (UNLIKELY(load_acquire(&runner.turns) != cpu->turns_seen))
			return;
		if (UNLIKELY(state & STEP_AGAIN)) {
			cpu->timer_is_stale = true;
			cpu->look_tsc = 0;
			continue;
		}
		if (UNLIKELY(load_once(&cpu->timer_is_stale)))
			runner_clock_arm_timer(cpu);
		if (LIKELY(state & STEP_BUSY)) {
			blk_wait(queues, queue_count, cpu->wanted);
			continue;
		}
		cpu_wait();
		if (!job_count)
			return;
	}
}

static void run_active(struct runner_cpu *cpu)
{
	if (runner.settings->stages == STAGES_FULL)
		loop(cpu, true, false);
	else if (cpu->active_job_count == 1 && cpu->active_queue_count == 1)
		loop(cpu, false, true);
	else
		loop(cpu, false, false);
}

static void run_cpu(struct runner_cpu *cpu)
{
	cpu->start_tsc = clock_tsc();
	cpu->idle_start_tsc = cpu->cpu->idle_tsc;
	cpu->next_deadline_check_tsc = cpu->start_tsc + runner.timeout_tsc;
	/* The boot CPU stays for the others. */
	while (!load_acquire(&runner.late) &&
	       (runner_turn_take(cpu) || (!cpu->cpu->index && !all_cpus_finished())))
		run_active(cpu);
	if (runner.late)
		runner_turn_cut_off(cpu, clock_tsc());
	timer_cancel(&cpu->wake_timer);
	cpu->finish_tsc = clock_tsc();
	cpu->idle_tsc = cpu->cpu->idle_tsc - cpu->idle_start_tsc;
	store_release(&cpu->finished, 1);
	smp_wake(&cpu_table[0]);
}

/* The figures of one that is stuck are those that it left. */
static void await_other_cpus(void)
{
	uint64_t start = clock_tsc();
	while (!all_cpus_finished() && clock_tsc() - start < clock_ns_to_tsc(FAREWELL_NS))
		x86_pause();
}

static void run_cpu_task(void *argument)
{
	run_cpu(argument);
}

/* --- the run --- */

static void set_start_times(void)
{
	for (uint32_t i = 0; i < runner.set->job_count; i++) {
		struct runner_job *job = &runner.jobs[i];
		uint64_t delay_ns = runner_pace_start_delay_us(job) * NS_PER_US;
		job->eligible_tsc = runner.start_tsc + clock_ns_to_tsc(delay_ns);
	}
}

enum exit_status runner_run(const struct job_set *set, const char *job_file,
			    const struct settings *settings, struct runner_boot *boot)
{
	runner.set = set;
	runner.job_file = job_file;
	runner.settings = settings;
	runner.boot = boot;
	runner.timeout_tsc = clock_ns_to_tsc(settings->request_timeout_ms * NS_PER_MS);
	if (runner_setup())
		return EXIT_USAGE;

	runner.start_tsc = clock_tsc();
	if (settings->engine != ENGINE_BLK) {
		enum exit_status status = runner_bare_run();
		runner.finish_tsc = clock_tsc();
		return status;
	}
	set_start_times();
	progress_init(settings->status_interval_ms);
	runner.cpus[0].cpu = &cpu_table[0];
	for (uint32_t i = 1; i < cpu_count; i++)
		if (runner.cpus[i].job_count)
			assert_always(!smp_run(&cpu_table[i], run_cpu_task, &runner.cpus[i]));
	run_cpu(&runner.cpus[0]);
	await_other_cpus();
	progress_end();
	runner.finish_tsc = clock_tsc();
	if (runner.late)
		return EXIT_CRASH;
	return runner.failed ? EXIT_JOB_ERROR : EXIT_OK;
}

uint64_t runner_elapsed_s(void)
{
	uint64_t ns = clock_tsc_to_ns(runner.finish_tsc - runner.start_tsc);
	return (ns + NS_PER_S - 1) / NS_PER_S;
}

uint64_t runner_job_age_ms(uint32_t job)
{
	uint64_t begin_tsc = runner.jobs[job].begin_tsc;
	return begin_tsc ? clock_tsc_to_ns(clock_tsc() - begin_tsc) / NS_PER_MS : UINT64_MAX;
}

struct stats_job *runner_job_stats(uint32_t job)
{
	return runner.jobs[job].stats;
}

uint32_t runner_job_latency_depth(uint32_t job)
{
	const struct runner_pace *pace = runner.jobs[job].pace;
	return pace && pace->searches ? pace->search.depth : 0;
}

void runner_write_logs(void (*emit)(const char *text, size_t length))
{
	for (uint32_t i = 0; i < runner.set->job_count; i++)
		if (runner.jobs[i].pace && runner.jobs[i].pace->has_log)
			iolog_write(&runner.jobs[i].pace->log, emit);
}
