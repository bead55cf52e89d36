/* SPDX-License-Identifier: MIT */
/*
 * The runner's state, and what any part of it may do to a job: complain before it
 * runs, begin its measurement, fail it, stop others with it, and tell all CPUs that
 * somebody's turn may have come. It calls no other part.
 *
 * exitall: `stopping` of other jobs is set from here, whatever CPU they are on; each
 * stops itself when it is stepped next. A job that has not started ends without
 * having run.
 */
#include "bench/core/core.h"
#include "kernel/irq/smp.h"
#include "kernel/lib/err.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/log.h"

struct runner runner;

int runner_complain(const struct job *job, const char *key, const char *format, ...)
{
	char text[200];
	va_list arguments;
	va_start(arguments, format);
	fmt_vprint(text, sizeof(text), format, arguments);
	va_end(arguments);
	log_raw("%s:%u: %s: [%s] %s\n", runner.job_file, job->section_line, key, job->name,
		text);
	return -ERR_INVALID;
}

static struct runner_counts count_queues(const struct runner_job *job)
{
	struct runner_counts sum = { 0 };
	for (uint32_t f = 0; f < job->options->file_count; f++) {
		const struct blk_counters *counters = &job->queues[f]->counters;
		sum.requests += counters->requests;
		sum.doorbells += counters->doorbells;
		sum.interrupts += load_once(&counters->interrupts);
	}
	return sum;
}

void runner_counts_begin(struct runner_job *job)
{
	job->counts = count_queues(job);
}

void runner_counts_end(struct runner_job *job)
{
	struct runner_counts now = count_queues(job);
	job->counts.requests = now.requests - job->counts.requests;
	job->counts.doorbells = now.doorbells - job->counts.doorbells;
	job->counts.interrupts = now.interrupts - job->counts.interrupts;
}

void runner_job_begin_measuring(struct runner_job *job, uint64_t now)
{
	const struct job *options = job->options;
	job->start_tsc = now;
	job->idle_start_tsc = job->cpu->idle_tsc;
	runner_counts_begin(job);
	job->bw_sampler = (struct runner_sampler){
		.period_tsc = clock_ns_to_tsc(options->bwavgtime_ms * NS_PER_MS), .last_tsc = now
	};
	job->iops_sampler = (struct runner_sampler){
		.period_tsc = clock_ns_to_tsc(options->iopsavgtime_ms * NS_PER_MS), .last_tsc = now
	};
	job->sample_due_tsc = options->disable_bw ? UINT64_MAX
						  : now + MIN(job->bw_sampler.period_tsc,
							      job->iops_sampler.period_tsc);
}

/* --- the end of others --- */

enum { EXIT_GROUP = 1, EXIT_STONEWALL, EXIT_ALL };

static bool takes_along(const struct runner_job *job, const struct runner_job *other)
{
	switch (job->options->exit_what) {
	case EXIT_GROUP:
		return other->options->group_id == job->options->group_id;
	case EXIT_STONEWALL: /* those behind the next wall still have their turn */
		return other->wait_before == job->wait_before;
	case EXIT_ALL:
		return true;
	default:
		return false;
	}
}

void runner_job_end_others(const struct runner_job *job)
{
	for (uint32_t i = 0; i < runner.set->job_count; i++)
		if (&runner.jobs[i] != job && takes_along(job, &runner.jobs[i]))
			store_once(&runner.jobs[i].stopping, true);
}

void runner_turn_announce(void)
{
	atomic_add(&runner.turns, 1);
	for (uint32_t i = 0; i < cpu_count; i++)
		smp_wake(&cpu_table[i]);
}

/* --- errors --- */

void runner_job_fail(struct runner_job *job, int number, bool tolerated)
{
	struct stats_job *stats = job->stats;
	stats->total_errors++;
	if (!stats->first_error)
		stats->first_error = number;
	if (tolerated)
		return;
	if (!stats->error)
		stats->error = number;
	store_once(&runner.failed, 1);
	if (job->options->exitall_on_error && !job->stopping)
		runner_job_end_others(job);
	job->stopping = true;
}

static int errno_of(enum blk_status status)
{
	switch (status) {
	case BLK_OK:
		return 0;
	case BLK_UNSUPPORTED:
		return EOPNOTSUPP_LINUX;
	case BLK_OUT_OF_RANGE:
		return EINVAL_LINUX;
	case BLK_READ_ONLY:
		return EROFS_LINUX;
	case BLK_IO_ERROR:
	case BLK_SHORT:
	case BLK_BROKEN:
		break;
	}
	return EIO_LINUX;
}

#define ERRORS_PRINTED 8u /* per job */

static bool error_is_tolerated(const struct runner_job *job, const struct runner_io *io)
{
	if (io->direction == DIR_READ)
		return job->options->continue_on_error_read;
	return job->options->continue_on_error_write;
}

NOINLINE void runner_job_note_error(struct runner_job *job, const struct runner_io *io)
{
	const struct blk_request *request = &io->request;
	struct stats_job *stats = job->stats;
	int number = errno_of(request->status);
	runner_job_fail(job, number, error_is_tolerated(job, io));
	if (stats->total_errors <= ERRORS_PRINTED)
		log_error(job->options->name, "%s on %s failed: %s (offset %lu, %lu bytes)",
			  blk_op_name(request->op), job->options->files[io->file],
			  blk_status_name(request->status), request->sector * SECTOR_BYTES,
			  (uint64_t)request->sector_count * SECTOR_BYTES);
}
