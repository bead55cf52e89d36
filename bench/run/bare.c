/* SPDX-License-Identifier: MIT */
/*
 * Jobs with engine=floor or engine=layer: random reads without what the job
 * file's language needs, so that the difference to engine=blk tells its cost.
 *
 *   floor   a bare loop over the disk's first ring (kernel/blk/blk_floor.h)
 *   layer   a bare loop over the block layer: no generator but a multiplication,
 *           no statistics, no time stamps of ours, no state of the job
 *
 * Each job runs alone, one after the other, on the boot CPU. Only plain reads;
 * there is nothing that could do more. engine=layer watches no deadlines.
 */
#include "bench/run/run_impl.h"
#include "kernel/blk/blk_floor.h"
#include "kernel/lib/err.h"
#include "kernel/lib/log.h"

static bool is_plain_read(const struct job *job)
{
	return job->rw == (JOB_RW_READ | JOB_RW_RANDOM) && job->file_count == 1 &&
	       job->verify == JOB_VERIFY_NONE;
}

/* --- engine=layer --- */

static uint64_t layer_failed;

static void layer_done(struct blk_request *request)
{
	struct runner_job *job = request->owner;
	job->free[job->free_count++] = request;
	if (UNLIKELY(request->status != BLK_OK))
		layer_failed++;
}

static void layer_prepare(struct runner_job *job, uint32_t block_bytes)
{
	for (uint32_t i = 0; i < job->depth; i++) {
		struct runner_io *io = &job->ios[i];
		io->request.op = BLK_READ;
		runner_io_set_length(io, block_bytes);
		io->request.done = layer_done;
		io->request.owner = job;
	}
}

/* Submits that many of the free requests, at most; returns how many it were. */
static uint32_t layer_issue(struct runner_job *job, uint32_t count, uint64_t *random,
			    const struct blk_floor_run *run)
{
	struct blk_request **from = job->free + job->free_count - count;
	uint64_t blocks = run->region_bytes / run->block_bytes;
	uint32_t sectors = run->block_bytes / SECTOR_BYTES;
	for (uint32_t i = 0; i < count; i++) {
		*random = *random * 6364136223846793005ull + 1442695040888963407ull;
		from[i]->sector = ((*random >> 32) * blocks >> 32) * sectors;
	}
	job->free_count -= count;
	struct blk_queue *queue = job->queues[0];
	uint32_t accepted =
		count == 1 ? blk_submit_one(queue, *from) : blk_submit(queue, from, count);
	for (uint32_t i = accepted; i < count; i++)
		job->free[job->free_count++] = from[i];
	return accepted;
}

static int layer_run(struct runner_job *job, struct blk_floor_run *run)
{
	struct blk_queue *queue = job->queues[0];
	uint64_t left = run->ios, random = 0x89, start_tsc = clock_tsc();
	layer_failed = 0;
	layer_prepare(job, run->block_bytes);
	for (;;) {
		blk_poll(queue);
		if (run->runtime_tsc && clock_tsc() - start_tsc >= run->runtime_tsc)
			left = 0;
		while (left && job->free_count >= MIN(run->batch, left)) {
			uint64_t most = run->batch > 1 ? run->batch : job->free_count;
			uint32_t issued = layer_issue(job, (uint32_t)MIN(most, left), &random, run);
			left -= issued;
			run->completed += issued;
			if (!issued)
				break;
		}
		if (!left && job->free_count == job->depth)
			break;
		blk_wait(&queue, 1, job->complete_min);
	}
	run->failed = layer_failed;
	run->elapsed_tsc = clock_tsc() - start_tsc;
	return 0;
}

/* --- both --- */

static int run_bare(struct runner_job *job)
{
	struct blk_floor_run run = {
		.depth = job->depth,
		.batch = job->batch,
		.block_bytes = (uint32_t)job->options->min_bs[DIR_READ],
		.region_bytes = job->pass_bytes,
		.ios = job->options->time_based ?
			       UINT64_MAX :
			       MIN(job->limit_ios,
				   job->total_bytes / job->options->min_bs[DIR_READ]),
		.runtime_tsc = clock_ns_to_tsc(job->options->runtime_us * NS_PER_US),
		.timeout_tsc = runner.timeout_tsc,
	};
	job->fast = false; /* its counts are those set here, not its latencies' */
	job->begin_tsc = job->start_tsc = clock_tsc();
	job->idle_start_tsc = job->cpu->idle_tsc;
	runner_counts_begin(job);
	int error = runner.settings->engine == ENGINE_FLOOR ?
			    blk_floor(job->devices[0], &run) :
			    layer_run(job, &run);
	struct stats_direction *direction = &job->stats->direction[DIR_READ];
	direction->total_ios = direction->completed = run.completed;
	direction->io_bytes = run.completed * run.block_bytes;
	job->stats->total_errors = run.failed + (error != 0);
	if (run.failed || error)
		job->stats->error = job->stats->first_error =
			error == -ERR_TIMEOUT ? ETIMEDOUT_LINUX : EIO_LINUX;
	runner_job_finish(job, job->start_tsc + run.elapsed_tsc);
	return error;
}

static void say_why(const struct runner_job *job, const char *name, int error)
{
	if (error == -ERR_TIMEOUT)
		log_error(job->options->name,
			  "engine=%s: nothing came back for longer than "
			  "request_timeout_ms=%u allows; all jobs end here", name,
			  runner.settings->request_timeout_ms);
	else
		log_error(job->options->name, "engine=%s: %s", name, err_name(error));
}

/* Each job after the one before; 0, or why one could not go on. */
static int run_all(const char *name)
{
	for (uint32_t i = 0; i < runner.set->job_count; i++) {
		struct runner_job *job = &runner.jobs[i];
		int error = run_bare(job);
		if (error) {
			say_why(job, name, error);
			blk_dump(job->queues[0]);
			return error;
		}
		if (job->stats->error)
			runner.failed = 1;
	}
	return 0;
}

enum exit_status runner_bare_run(void)
{
	const char *name = runner.settings->engine == ENGINE_FLOOR ? "floor" : "layer";
	struct runner_cpu *cpu = &runner.cpus[0];
	cpu->cpu = &cpu_table[0];
	cpu->start_tsc = clock_tsc();
	cpu->idle_start_tsc = cpu->cpu->idle_tsc;
	for (uint32_t i = 0; i < runner.set->job_count; i++) {
		struct runner_job *job = &runner.jobs[i];
		if (!is_plain_read(job->options)) {
			log_raw("%s:%u: rw: [%s] engine=%s makes random reads of one disk only\n",
				runner.job_file, job->options->section_line, job->options->name,
				name);
			return EXIT_USAGE;
		}
	}
	int error = run_all(name);
	cpu->finish_tsc = clock_tsc();
	cpu->idle_tsc = cpu->cpu->idle_tsc - cpu->idle_start_tsc;
	if (error)
		return error == -ERR_UNSUPPORTED ? EXIT_USAGE : EXIT_CRASH;
	return runner.failed ? EXIT_JOB_ERROR : EXIT_OK;
}
