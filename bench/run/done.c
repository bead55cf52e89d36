/* SPDX-License-Identifier: MIT */
/*
 * What a job does about an I/O that came back: it is free again, its latency is
 * noted, and an error ends the job unless it may go on.
 *
 * Nothing is issued here; the CPU's loop does that, in batches. The fast way
 * has a done() of its own (fast.c).
 *
 * The job's CPU, loop context: within blk_poll(). No allocation, no lock;
 * printing only when an I/O failed.
 */
#include "bench/pace/pace.h"
#include "bench/run/run_impl.h"
#include "bench/verify/readback.h"
#include "kernel/blk/recorder.h"
#include "kernel/lib/log.h"

/* Any I/O that went well. */
static void account(struct runner_job *job, const struct runner_io *io, uint64_t now)
{
	const struct blk_request *request = &io->request;
	struct stats_direction *direction = io->stats;
	direction->completed++;
	direction->io_bytes += io->length_bytes;
	if (!job->measured)
		return;
	uint64_t slat_ns = clock_tsc_to_ns(request->doorbell_tsc - request->submit_tsc);
	uint64_t clat_ns = clock_tsc_to_ns(now - request->doorbell_tsc);
	job->signal_to_delivery_tsc += now - request->signal_tsc;
	if (UNLIKELY(job->stages))
		runner_stages_add(job, request, now);
	stats_latency_add(&direction->clat, job->synchronous ? slat_ns + clat_ns : clat_ns);
	stats_summary_add(&direction->slat, slat_ns);
	stats_summary_add(&direction->lat, slat_ns + clat_ns);
	if (job->full_histograms) {
		direction->slat.bins[stats_bin(slat_ns)]++;
		direction->lat.bins[stats_bin(slat_ns + clat_ns)]++;
	}
}

static void account_flush(struct runner_job *job, const struct runner_io *io, uint64_t now)
{
	if (io->flush == FLUSH_OF_PASS)
		return;
	job->stats->sync_total += io->flush == FLUSH_FSYNC;
	if (job->measured)
		stats_latency_add(&job->stats->sync, clock_tsc_to_ns(now - io->request.submit_tsc));
}

/* All that an I/O which came back may mean. */
static NOINLINE void done_rarely(struct runner_io *io, uint64_t now)
{
	struct runner_job *job = io->job;
	if (job->pace)
		runner_pace_done(job, io, now);
	if (io->request.status != BLK_OK)
		runner_job_note_error(job, io);
	else if (io->direction == DIR_COUNT)
		account_flush(job, io, now);
	else
		account(job, io, now);
	if (job->verifies)
		runner_verify_done(job, io);
}

/*
 * What most I/Os mean: three latencies within what was seen before. Calls
 * nothing but in the last place, so that it needs no stack frame.
 */
static ALWAYS_INLINE void io_done(struct runner_io *io, uint64_t now)
{
	const struct blk_request *request = &io->request;
	struct runner_job *job = io->job;
	struct stats_direction *direction = io->stats;
	uint64_t slat_ns = clock_tsc_to_ns(request->doorbell_tsc - request->submit_tsc);
	uint64_t lat_ns = slat_ns + clock_tsc_to_ns(now - request->doorbell_tsc);
	uint64_t clat_ns = job->synchronous ? lat_ns : lat_ns - slat_ns;
	job->free[job->free_count] = &io->request;
	barrier_compiler(); /* lets the count be incremented where it is */
	job->free_count++;
	if (UNLIKELY(job->done_is_special) || UNLIKELY(request->status != BLK_OK) ||
	    UNLIKELY(io->direction == DIR_COUNT) ||
	    UNLIKELY(!stats_is_inside(&direction->slat, slat_ns)) ||
	    UNLIKELY(!stats_is_inside(&direction->clat, clat_ns)) ||
	    UNLIKELY(!stats_is_inside(&direction->lat, lat_ns))) {
		done_rarely(io, now);
		return;
	}
	job->signal_to_delivery_tsc += now - request->signal_tsc;
	direction->completed++;
	direction->io_bytes += io->length_bytes;
	direction->slat.count++;
	direction->clat.count++;
	direction->lat.count++;
	stats_sums_add_inside(&direction->slat, slat_ns);
	stats_sums_add_inside(&direction->clat, clat_ns);
	stats_sums_add_inside(&direction->lat, lat_ns);
	direction->clat.bins[stats_bin_below(clat_ns)]++;
}

void runner_io_done(struct blk_request *request)
{
	io_done(CONTAINER_OF(request, struct runner_io, request), clock_tsc());
}

void runner_io_done_recorded(struct blk_request *request)
{
	struct runner_io *io = CONTAINER_OF(request, struct runner_io, request);
	const struct runner_job *job = io->job;
	uint64_t now = clock_tsc();
	recorder_note_delivery(job->queues[io->file], request, (uint16_t)(job - runner.jobs), now);
	io_done(io, now);
}
