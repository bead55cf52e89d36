/* SPDX-License-Identifier: MIT */
/*
 * Preparing I/Os: from the generator, or from what is to be read back, to
 * prepared[].
 *
 * A refill takes free I/Os until a batch is prepared. Before each it asks
 * whether something else has its turn: reading back a backlog, a flush, a pause.
 *
 * The job's CPU, loop context.
 */
#include "bench/pace/pace.h"
#include "bench/run/run_impl.h"
#include "bench/sequence/generator_impl.h"
#include "bench/verify/readback.h"

static const uint8_t op_of_direction[DIR_COUNT] = { BLK_READ, BLK_WRITE, BLK_DISCARD };

void runner_refill_flush(struct runner_job *job)
{
	runner_io_prepare_flush(job, job->options->file_count - job->flushes_left--, FLUSH_OF_PASS);
}

/* Whether fio flushes behind the last I/O at all. */
static bool may_flush_behind(const struct runner_job *job)
{
	if (job_fio(job->options)->flushes_after_reads)
		return job->last_direction != DIR_COUNT && !(job->options->rw & JOB_RW_TRIMWRITE);
	return job->last_direction == DIR_WRITE;
}

/* fio: before the next I/O, whenever the writes issued are a multiple of N. */
static bool flush_is_due(const struct runner_job *job, uint32_t every)
{
	bool at_end = job->issued_ios >= job->limit_ios ||
		      (!job->options->time_based && job->issued_bytes >= job->total_bytes);
	return every && !at_end && job->writes_issued && job->writes_issued % every == 0 &&
	       may_flush_behind(job);
}

/* The file whose turn it is; of both kinds at once, as in fio, fsync's alone. */
static bool prepare_due_flush(struct runner_job *job)
{
	const struct job *options = job->options;
	bool is_fsync = flush_is_due(job, options->fsync);
	if (!is_fsync && !flush_is_due(job, options->fdatasync))
		return false;
	runner_io_prepare_flush(job, generator_next_file(job->generator),
				is_fsync ? FLUSH_FSYNC : FLUSH_FDATASYNC);
	return true;
}

static NOINLINE void fill_trim(struct runner_job *job, struct runner_io *io)
{
	io->request.segment_count = 0; /* it may have been a write of that length */
	if (!(job->options->rw & JOB_RW_TRIMWRITE))
		return;
	/* Until all is written, trims go on: as in fio the last one may have its write, too. */
	job->issued_bytes -= io->length_bytes;
	job->pretrimmed_bytes += io->length_bytes;
}

/* What a write or trim needs beyond a plain read. */
static inline void fill_request(struct runner_job *job, struct runner_io *io)
{
	struct blk_request *request = &io->request;
	job->last_direction = io->direction;
	io->checked_read = io->direction == DIR_READ && job->reads_are_checked;
	request->flags = io->direction == DIR_WRITE ? job->write_flags : 0;
	if (io->direction == DIR_TRIM)
		fill_trim(job, io);
	if (io->direction != DIR_WRITE)
		return;
	uint64_t number = job->writes_issued++;
	if (job->data != DATA_KEPT)
		runner_data_fill(job, io, number);
}

/* fio forgets that the files are through only for jobs that it expects to repeat. */
static bool may_pass_the_end(const struct job *options)
{
	return options->do_verify || options->loops > 1 || options->time_based;
}

bool runner_refill_next_pass(struct runner_job *job)
{
	const struct job *options = job->options;
	if (!options->time_based && job->issued_bytes >= job->total_bytes)
		return false;
	uint64_t done = job->issued_bytes + job->pretrimmed_bytes;
	if (!options->time_based && !job->passes_left &&
	    (job->issued_ios >= job->limit_ios || job->repeat_bytes < done + job->spare_bytes))
		return false;
	if (!job->pass_ios)
		return false; /* an empty pass would repeat for ever */
	job->pass_ios = 0;
	/* Before a pass of trims and writes fio doubles number_ios=, each time anew. */
	if (options->rw & JOB_RW_TRIMWRITE && job->limit_ios != UINT64_MAX)
		job->limit_ios *= 2;
	if (job->passes_left)
		job->passes_left--;
	generator_restart(job->generator, true);
	uint64_t left = job->total_bytes - job->issued_bytes;
	job->limit_bytes =
		options->time_based ? UINT64_MAX : job->issued_bytes + MIN(job->pass_bytes, left);
	return true;
}

/* Generates one I/O; false when the job has none to issue (any more). */
static ALWAYS_INLINE bool draw_next(struct runner_job *job, struct generator_io *next)
{
	if (UNLIKELY(job->issued_bytes >= job->limit_bytes) && !runner_refill_next_pass(job))
		return false;
	if (UNLIKELY(job->issued_ios >= job->limit_ios) &&
	    (!(job->options->rw & JOB_RW_TRIMWRITE) || !runner_refill_next_pass(job)))
		return false;
	while (UNLIKELY(!generator_next_inline(job->generator, next)))
		if (!may_pass_the_end(job->options) || !runner_refill_next_pass(job))
			return false;
	return true;
}

static inline struct runner_io *prepare_drawn(struct runner_job *job,
					      const struct generator_io *next)
{
	struct runner_io *io = runner_io_take(job);
	struct blk_request *request = &io->request;
	job->issued_ios++;
	job->issued_bytes += next->length_bytes;
	job->pass_ios++;
	io->stats = &job->stats->direction[next->direction];
	io->stats->total_ios++;
	io->direction = next->direction;
	io->file = next->file;
	io->offset_bytes = next->offset_bytes;
	request->op = op_of_direction[next->direction];
	request->sector = next->offset_bytes / SECTOR_BYTES;
	if (io->length_bytes != next->length_bytes || !request->segment_count)
		runner_io_set_length(io, next->length_bytes);
	request->submit_tsc = clock_tsc();
	if (UNLIKELY(job->special))
		fill_request(job, io);
	runner_io_prepare(job, io);
	return io;
}

static NOINLINE enum runner_refilled refill_backlog(struct runner_job *job)
{
	if (!job->backlog_reading) {
		if (job->prepared_count || runner_job_in_flight(job))
			return REFILL_STALL;
		job->backlog_reading = true;
	}
	while (job->free_count && job->prepared_count < job->chunk)
		if (!runner_verify_backlog_next(job))
			return job->backlog_reading ? REFILL_STALL : REFILL_MORE;
	return REFILL_MORE;
}

/* One I/O of a paced job, if it is its time. */
static NOINLINE enum runner_refilled refill_paced(struct runner_job *job, uint64_t now)
{
	struct runner_pace *pace = job->pace;
	if (!runner_pace_may_go_on(job, now))
		return REFILL_STALL;
	if (!pace->has_next) {
		pace->digest_before = generator_digest(job->generator);
		if (!draw_next(job, &pace->next))
			return REFILL_OVER;
		pace->has_next = true;
	}
	if (!runner_pace_may_issue(job, &pace->next, now))
		return REFILL_STALL;
	pace->has_next = false;
	runner_pace_prepared(job, prepare_drawn(job, &pace->next));
	return REFILL_MORE;
}

/* Before an I/O of the generator: is anything else due? Then it has been done. */
static NOINLINE bool refill_otherwise(struct runner_job *job, uint64_t now,
				      enum runner_refilled *state)
{
	if (runner_verify_backlog_is_due(job)) {
		*state = refill_backlog(job);
		return true;
	}
	if (prepare_due_flush(job))
		return true;
	if (job->pace)
		*state = refill_paced(job, now);
	return job->pace;
}

enum runner_refilled runner_refill(struct runner_job *job, uint64_t now)
{
	struct generator_io next;
	enum runner_refilled state = REFILL_MORE;
	while (state == REFILL_MORE && job->free_count && job->prepared_count < job->chunk) {
		if (UNLIKELY(job->asks) && refill_otherwise(job, now, &state))
			continue;
		if (!draw_next(job, &next))
			return REFILL_OVER;
		prepare_drawn(job, &next);
	}
	return state;
}

enum runner_refilled runner_refill_read_back(struct runner_job *job)
{
	while (job->free_count && job->prepared_count < job->chunk) {
		if (job->flushes_left)
			runner_refill_flush(job);
		else if (!runner_verify_next(job))
			return REFILL_OVER;
	}
	return REFILL_MORE;
}
