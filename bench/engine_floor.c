/*
 * Jobs with engine=floor: each runs alone, one after the other, on the boot
 * CPU, as a bare loop over its disk's first ring (kernel/blk/floor.h). Only
 * plain reads; there is nothing above the ring that could do more.
 */
#include "bench/engine_impl.h"
#include "kernel/blk/floor.h"
#include "kernel/lib/err.h"
#include "kernel/lib/log.h"

static bool is_plain_read(const struct job *job)
{
	return job->rw == (JOB_RW_READ | JOB_RW_RANDOM) && job->file_count == 1 &&
	       job->verify == JOB_VERIFY_NONE;
}

static int run_floor(struct engine_job *job)
{
	struct floor_run run = {
		.depth = job->depth,
		.batch = job->batch,
		.block_bytes = (uint32_t)job->job->min_bs[DIR_READ],
		.region_bytes = job->pass_bytes,
		.ios = job->job->time_based ?
			       UINT64_MAX :
			       MIN(job->limit_ios,
				   job->total_bytes / job->job->min_bs[DIR_READ]),
		.runtime_tsc = clock_ns_to_tsc(job->job->runtime_us * NS_PER_US),
		.timeout_tsc = engine.timeout_tsc,
	};
	job->plain = false; /* its counts are those set here, not its latencies' */
	job->begun = true;
	job->start_tsc = clock_tsc();
	job->idle_start_tsc = job->cpu->idle_tsc;
	int error = virtio_blk_floor(job->devices[0], &run);
	struct stats_direction *direction = &job->stats->direction[DIR_READ];
	direction->total_ios = direction->completed = run.completed;
	direction->io_bytes = run.completed * run.block_bytes;
	job->stats->total_errors = run.failed;
	if (run.failed)
		job->stats->error = job->stats->first_error = 5; /* EIO */
	engine_job_finish(job, job->start_tsc + run.elapsed_tsc);
	return error;
}

enum exit_status engine_floor_run(void)
{
	struct engine_cpu *cpu = &engine.cpus[0];
	cpu->cpu = &cpu_table[0];
	cpu->start_tsc = clock_tsc();
	cpu->idle_start_tsc = cpu->cpu->idle_tsc;
	for (uint32_t i = 0; i < engine.set->job_count; i++) {
		struct engine_job *job = &engine.jobs[i];
		if (!is_plain_read(job->job)) {
			log_raw("%s:%u: rw: [%s] engine=floor makes random reads of one disk "
				"only\n", engine.job_file, job->job->section_line, job->job->name);
			return EXIT_USAGE;
		}
	}
	for (uint32_t i = 0; i < engine.set->job_count; i++) {
		int error = run_floor(&engine.jobs[i]);
		if (error) {
			log_error(engine.jobs[i].job->name, "engine=floor: %s", err_name(error));
			return error == -ERR_UNSUPPORTED ? EXIT_USAGE : EXIT_CRASH;
		}
		if (engine.jobs[i].stats->error)
			engine.failed = 1;
	}
	cpu->finish_tsc = clock_tsc();
	cpu->idle_tsc = cpu->cpu->idle_tsc - cpu->idle_start_tsc;
	return engine.failed ? EXIT_JOB_ERROR : EXIT_OK;
}
