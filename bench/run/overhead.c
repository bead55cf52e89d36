/* SPDX-License-Identifier: MIT */
/*
 * The cost of measuring, found by measuring it before the run:
 *
 *   1. The job's own done() is given made-up I/Os, and timed.
 *   2. So is a done() that measures nothing: on the fast way a function that only
 *      frees; on the full way the same with gtod_reduce, and its stamps are added.
 *   3. The difference is what stamps, sums and histograms take of each I/O. The notes
 *      that a batch takes are timed apart.
 *
 * The best of a few rows counts: the others were interrupted or cold. Under icount
 * all are alike, and a nanosecond is an instruction. Boot CPU, at set-up; the
 * figures of the trial are thrown away.
 */
#include "bench/run/run_impl.h"
#include "kernel/lib/mem.h"

#define ROWS 6u
#define ROW_IOS 256u

/* A job with nothing but what is measured. */
static struct {
	struct runner_job job;
	struct stats_job stats;
	struct runner_io io;
	struct blk_request *free[1];
} trial;

static NOINLINE void free_only(struct blk_request *request)
{
	struct runner_job *job = CONTAINER_OF(request, struct runner_io, request)->job;
	job->free[job->free_count++] = request;
}

static void set_up(const struct runner_job *job)
{
	trial.job = *job;
	memset(&trial.stats, 0, sizeof(trial.stats));
	trial.job.stats = &trial.stats;
	trial.job.fast_stats = &trial.stats.direction[DIR_READ];
	trial.job.free = trial.free;
	trial.job.pace = NULL;
	trial.job.verifies = false;
	trial.io = job->ios[0];
	trial.io.job = &trial.job;
	trial.io.direction = DIR_READ;
	trial.io.stats = &trial.stats.direction[DIR_READ];
	trial.io.request.status = BLK_OK;
}

/* Latencies from 2 to 66 us and a little, so that many bins are touched. */
static NOINLINE uint64_t row_of_ios(void)
{
	struct blk_request *request = &trial.io.request;
	uint64_t start_tsc = clock_tsc(), step_tsc = clock_ns_to_tsc(NS_PER_US);
	for (uint32_t i = 0; i < ROW_IOS; i++) {
		request->signal_tsc = start_tsc;
		request->doorbell_tsc = start_tsc - (2 + i * 37 % 64) * step_tsc;
		request->submit_tsc = request->doorbell_tsc - step_tsc;
		trial.job.free_count = 0;
		request->done(request);
	}
	return clock_tsc() - start_tsc;
}

static uint64_t best_row_of_ios(void (*done)(struct blk_request *request))
{
	uint64_t best_tsc = UINT64_MAX;
	trial.io.request.done = done;
	for (unsigned row = 0; row < ROWS; row++)
		best_tsc = MIN(best_tsc, row_of_ios());
	return best_tsc;
}

/* What is noted of a batch, by either way. */
static NOINLINE uint64_t row_of_batches(void)
{
	uint32_t batch = trial.job.batch, depths = trial.job.depth - batch + 1;
	uint64_t start_tsc = clock_tsc();
	for (uint32_t i = 0; i < ROW_IOS; i++) {
		uint64_t slat_tsc = clock_tsc() - start_tsc;
		if (trial.job.fast)
			runner_fast_note_batch(&trial.job, i % depths, batch, slat_tsc);
		else
			stats_add_batches(&trial.stats, i % depths, batch, 1);
	}
	return clock_tsc() - start_tsc;
}

/* Per element of a row. */
static double mean_ns(uint64_t row_tsc)
{
	return (double)clock_tsc_to_ns(row_tsc) / ROW_IOS;
}

void runner_measuring_calibrate(struct runner_job *job)
{
	if (!job->measured)
		return;
	set_up(job);
	void (*done)(struct blk_request *request) = job->ios[0].request.done;
	uint64_t with_tsc = best_row_of_ios(done);
	trial.job.measured = false;
	trial.job.done_is_special = true; /* which looks at the line before */
	uint64_t without_tsc = best_row_of_ios(job->fast ? free_only : done);
	uint64_t batches_tsc = UINT64_MAX, stamp_tsc = clock_scale.stamp_cost_tsc * ROW_IOS;
	for (unsigned row = 0; row < ROWS; row++)
		batches_tsc = MIN(batches_tsc, row_of_batches());
	if (job->fast)
		memset(job->fast_batches, 0, job->depth * sizeof(job->fast_batches[0]));
	runner_stages_forget(job);
	/* The full way stamps when each I/O begins and ends, the fast one when a batch begins. */
	job->measuring.io_ns = mean_ns(with_tsc - MIN(with_tsc, without_tsc) +
				       (job->fast ? 0 : 2 * stamp_tsc));
	job->measuring.batch_ns = mean_ns(batches_tsc + (job->fast ? stamp_tsc : 0));
}

double runner_measuring_share(const struct runner_job *job)
{
	const struct stats_job *stats = job->stats;
	double ns = job->measuring.io_ns * (double)job->stage_sums.count +
		    job->measuring.batch_ns * (double)stats->submit_calls;
	return stats->total_tsc ? ns / (double)clock_tsc_to_ns(stats->total_tsc) : 0;
}
