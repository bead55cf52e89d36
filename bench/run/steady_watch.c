/* SPDX-License-Identifier: MIT */
/*
 * steadystate=: ends jobs once their rate has settled.
 *
 * One watch per job that asks for it, or per reporting group, whose rates are
 * added up. Once per second the boot CPU visits the watches that are not over
 * and reads the counters of jobs on any CPU: a value may be an I/O old. A steady watch stops
 * its jobs, each of which ends when it is stepped next.
 *
 * Boot CPU; set up once, then loop context.
 */
#include "bench/measure/steady.h"
#include "bench/report/report.h"
#include "bench/run/run_impl.h"
#include "kernel/lib/err.h"
#include "kernel/mm/heap.h"

struct watch {
	struct steady steady;
	struct report_steadystate report;
	uint32_t first, end; /* [I] its jobs */
	uint64_t begin_tsc, sample_tsc; /* first seen running; samples count after the ramp */
	uint64_t last_tsc, last_ios, last_bytes;
	bool over;
};

static struct watch *watches;
static uint32_t watch_count;

int runner_steady_init(void)
{
	uint32_t count = runner.set->job_count;
	watches = heap_allocate(count * sizeof(watches[0]));
	if (!watches)
		return -ERR_NO_MEMORY;
	for (uint32_t first = 0, end; first < count; first = end) {
		const struct job *options = runner.jobs[first].options;
		end = first + 1;
		while (options->group_reporting && end < count &&
		       runner.jobs[end].options->group_reporting &&
		       runner.jobs[end].options->group_id == options->group_id)
			end++;
		if (!options->steadystate || !options->steadystate_duration_s)
			continue;
		uint32_t seconds = (uint32_t)MIN(options->steadystate_duration_s,
						 STEADY_SECONDS_MAX);
		uint64_t *memory = heap_allocate(2 * seconds * sizeof(memory[0]));
		if (!memory)
			return -ERR_NO_MEMORY;
		struct watch *watch = &watches[watch_count++];
		watch->first = first;
		watch->end = end;
		steady_init(&watch->steady, options->steadystate, seconds, memory,
			    memory + seconds);
	}
	return 0;
}

/* All that the jobs of a watch have completed; false: none has begun, or all are over. */
static bool add_up(const struct watch *watch, uint64_t *ios, uint64_t *bytes)
{
	bool any = false;
	*ios = *bytes = 0;
	for (uint32_t i = watch->first; i < watch->end; i++) {
		const struct runner_job *job = &runner.jobs[i];
		any |= load_acquire(&job->phase) == PHASE_RUNNING && !job->ramp_end_tsc;
		for (int d = 0; d < DIR_COUNT; d++) {
			*ios += runner_job_completed(job, d);
			*bytes += runner_job_bytes(job, d);
		}
	}
	return any;
}

static void note_figures(struct watch *watch, uint64_t now, uint64_t ios, uint64_t bytes)
{
	watch->last_tsc = now;
	watch->last_ios = ios;
	watch->last_bytes = bytes;
}

static void stop(struct watch *watch)
{
	watch->over = true;
	for (uint32_t i = watch->first; i < watch->end; i++)
		store_once(&runner.jobs[i].stopping, true);
	runner_turn_announce();
}

static void take_figures(struct watch *watch, uint64_t now, uint64_t ios, uint64_t bytes)
{
	double seconds = (double)MAX(1u, clock_tsc_to_ns(now - watch->last_tsc)) / 1e9;
	/* A ramp that ended meanwhile began to count anew. */
	uint64_t new_ios = ios - MIN(ios, watch->last_ios);
	uint64_t new_bytes = bytes - MIN(bytes, watch->last_bytes);
	note_figures(watch, now, ios, bytes);
	if (steady_add(&watch->steady, (uint64_t)((double)new_ios / seconds),
		       (uint64_t)((double)new_bytes / seconds)))
		stop(watch);
}

static void visit(struct watch *watch, uint64_t now)
{
	uint64_t ios, bytes;
	bool runs = add_up(watch, &ios, &bytes);
	if (!runs) {
		watch->over = watch->begin_tsc != 0;
		return;
	}
	if (!watch->begin_tsc) {
		watch->begin_tsc = now;
		const struct job *options = runner.jobs[watch->first].options;
		watch->sample_tsc = now + clock_ns_to_tsc(options->steadystate_ramp_s * NS_PER_S);
	}
	if (now > watch->sample_tsc && now > watch->begin_tsc)
		take_figures(watch, now, ios, bytes);
	else
		note_figures(watch, now, ios, bytes);
}

uint64_t runner_steady_update(uint64_t now)
{
	bool any = false;
	for (uint32_t i = 0; i < watch_count; i++) {
		if (!watches[i].over)
			visit(&watches[i], now);
		any |= !watches[i].over;
	}
	return any ? now + clock_ns_to_tsc(NS_PER_S) : UINT64_MAX;
}

const struct report_steadystate *runner_job_steadystate(uint32_t job)
{
	for (uint32_t i = 0; i < watch_count; i++) {
		struct watch *watch = &watches[i];
		const struct steady *s = &watch->steady;
		if (watch->first != job)
			continue;
		watch->report = (struct report_steadystate){
			.criterion = steady_name(s),
			.limit = s->limit,
			.limit_is_percent = s->limit_is_percent,
			.attained = s->attained,
			.deviation = s->criterion,
			.max_deviation = s->max_deviation,
			.slope = s->slope,
			.iops = s->iops,
			.bw_bytes = s->bw_bytes,
			.count = s->count,
			.duration_s = s->duration_s,
		};
		return &watch->report;
	}
	return NULL;
}
