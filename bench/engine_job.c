/*
 * One job's I/O path: from the generator to the queue and back.
 *
 *   generator -> prepared[] -> blk_submit() -> (device) -> engine_io_done() -> free[]
 *
 * A job owns `depth` I/Os, each with a buffer and a request; an I/O is free,
 * prepared or in flight. Requests that the queue does not accept stay
 * prepared. Completions only account and free: refilling happens in the CPU's
 * loop, in batches.
 *
 * Context: the job's CPU, loop context. No allocation, no lock; printing only
 * when an I/O failed.
 */
#include "bench/engine_pace.h"
#include "kernel/blk/lifecycle.h"
#include "kernel/lib/log.h"

/* fio reports errors as Linux' errno numbers. */
static int errno_of(enum blk_status status)
{
	switch (status) {
	case BLK_OK:
		return 0;
	case BLK_UNSUPPORTED:
		return 95; /* EOPNOTSUPP */
	case BLK_OUT_OF_RANGE:
		return 22; /* EINVAL */
	case BLK_READ_ONLY:
		return 30; /* EROFS */
	case BLK_IO_ERROR:
	case BLK_SHORT:
	case BLK_BROKEN:
		break;
	}
	return 5; /* EIO */
}

#define ERRORS_PRINTED 8u /* per job */

static bool error_is_tolerated(const struct engine_job *job, const struct engine_io *io)
{
	if (io->direction == DIR_READ)
		return job->job->continue_on_error_read;
	return job->job->continue_on_error_write;
}

NOINLINE void engine_job_note_error(struct engine_job *job, const struct engine_io *io)
{
	const struct blk_request *request = &io->request;
	struct stats_job *stats = job->stats;
	int number = errno_of(request->status);
	engine_job_fail(job, number, error_is_tolerated(job, io));
	if (stats->total_errors <= ERRORS_PRINTED)
		log_error(job->job->name, "%s on %s failed: %s (offset %lu, %u bytes)",
			  blk_op_name(request->op), job->job->files[io->file],
			  blk_status_name(request->status), io->offset_bytes, io->length_bytes);
}

void engine_job_fail(struct engine_job *job, int number, bool tolerated)
{
	struct stats_job *stats = job->stats;
	stats->total_errors++;
	if (!stats->first_error)
		stats->first_error = number;
	if (tolerated)
		return;
	if (!stats->error)
		stats->error = number;
	store_once(&engine.failed, 1);
	if (job->job->exitall_on_error && !job->stopping)
		engine_job_end_others(job);
	job->stopping = true;
	if (job->plain)
		engine_plain_settle(job); /* which ends the short way */
}

static inline void account(struct engine_job *job, const struct engine_io *io, uint64_t now)
{
	const struct blk_request *request = &io->request;
	struct stats_direction *direction = &job->stats->direction[io->direction];
	direction->completed++;
	direction->io_bytes += io->length_bytes;
	if (!job->measured)
		return;
	uint64_t slat_ns = clock_tsc_to_ns(request->doorbell_tsc - request->submit_tsc);
	uint64_t clat_ns = clock_tsc_to_ns(now - request->doorbell_tsc);
	job->signal_to_delivery_tsc += now - request->discover_tsc;
	if (UNLIKELY(job->stages))
		engine_stages_add(job, request, now);
	stats_latency_add(&direction->clat, job->synchronous ? slat_ns + clat_ns : clat_ns);
	if (LIKELY(!job->full_histograms)) {
		stats_summary_add(&direction->slat, slat_ns);
		stats_summary_add(&direction->lat, slat_ns + clat_ns);
	} else {
		stats_latency_add(&direction->slat, slat_ns);
		stats_latency_add(&direction->lat, slat_ns + clat_ns);
	}
}

static NOINLINE void account_flush(struct engine_job *job, const struct engine_io *io, uint64_t now)
{
	if (job->phase == PHASE_READ_BACK)
		return; /* fio does not count the one before it */
	job->stats->sync_total++;
	if (job->measured)
		stats_latency_add(&job->stats->sync, clock_tsc_to_ns(now - io->request.submit_tsc));
}

static inline void io_done(struct engine_io *io, uint64_t now)
{
	struct blk_request *request = &io->request;
	struct engine_job *job = io->job;
	job->free[job->free_count++] = request;
	if (UNLIKELY(job->pace))
		engine_pace_done(job, io, now);
	if (UNLIKELY(request->status != BLK_OK))
		engine_job_note_error(job, io);
	else if (UNLIKELY(io->direction == DIR_COUNT))
		account_flush(job, io, now);
	else
		account(job, io, now);
	if (UNLIKELY(job->verifies))
		engine_verify_done(job, io);
}

void engine_io_done(struct blk_request *request)
{
	io_done(CONTAINER_OF(request, struct engine_io, request), clock_tsc());
}

void engine_io_done_recorded(struct blk_request *request)
{
	struct engine_io *io = CONTAINER_OF(request, struct engine_io, request);
	const struct engine_job *job = io->job;
	uint64_t now = clock_tsc();
	lifecycle_note_delivery(job->queues[io->file], request, (uint16_t)(job - engine.jobs), now);
	io_done(io, now);
}

/* The segments cover the buffer from its start. */
void engine_io_set_length(struct engine_io *io, uint32_t length_bytes)
{
	struct engine_job *job = io->job;
	uint32_t count = (uint32_t)((length_bytes + job->segment_bytes - 1) / job->segment_bytes);
	for (uint32_t i = 0; i + 1 < count; i++)
		io->segments[i].length_bytes = (uint32_t)job->segment_bytes;
	io->segments[count - 1].length_bytes =
		length_bytes - (count - 1) * (uint32_t)job->segment_bytes;
	io->length_bytes = length_bytes;
	io->request.segment_count = (uint16_t)count;
	io->request.sector_count = length_bytes / SECTOR_BYTES;
}

static const uint8_t op_of_direction[DIR_COUNT] = { BLK_READ, BLK_WRITE, BLK_DISCARD };

static inline struct engine_io *take_io(struct engine_job *job)
{
	return CONTAINER_OF(job->free[--job->free_count], struct engine_io, request);
}

static inline void prepare(struct engine_job *job, struct engine_io *io)
{
	job->prepared[job->prepared_count++] = &io->request;
}

void engine_job_prepare_flush(struct engine_job *job)
{
	struct engine_io *io = take_io(job);
	struct blk_request *request = &io->request;
	io->direction = DIR_COUNT;
	io->checked_read = false;
	io->file = 0;
	io->offset_bytes = 0;
	io->length_bytes = 0;
	request->op = BLK_FLUSH;
	request->flags = 0;
	request->segment_count = 0;
	request->sector = 0;
	request->sector_count = 0;
	request->submit_tsc = clock_tsc();
	prepare(job, io);
	job->last_was_flush = true;
}

/* fio: before the next I/O, whenever the writes issued are a multiple of N. */
static bool flush_is_due(const struct engine_job *job)
{
	uint32_t every = job->job->fsync ? job->job->fsync : job->job->fdatasync;
	bool at_end = job->issued_ios >= job->limit_ios ||
		      (!job->job->time_based && job->issued_bytes >= job->total_bytes);
	return every && !at_end && job->writes_issued && job->writes_issued % every == 0 &&
	       !job->last_was_flush;
}

/* What a write or trim needs beyond a plain read. */
static NOINLINE void fill_request(struct engine_job *job, struct engine_io *io)
{
	struct blk_request *request = &io->request;
	request->flags = 0;
	job->last_was_flush = false;
	io->checked_read = io->direction == DIR_READ && job->reads_are_checked;
	if (io->direction == DIR_READ)
		return;
	if (io->direction == DIR_TRIM) {
		request->segment_count = 0;
		return;
	}
	if (job->job->sync != JOB_SYNC_NONE)
		request->flags = BLK_FUA;
	engine_data_fill(job, io);
}

/* fio forgets that the files are through only for jobs that it expects to repeat. */
static bool may_pass_the_end(const struct job *options)
{
	return options->do_verify || options->loops > 1 || options->time_based;
}

/* The next pass over the region, if there is one. */
static bool next_pass(struct engine_job *job)
{
	const struct job *options = job->job;
	if (!options->time_based && job->issued_bytes >= job->total_bytes)
		return false;
	if (!options->time_based && !job->passes_left &&
	    job->repeat_bytes < job->issued_bytes + job->buffer_bytes)
		return false;
	if (!job->pass_ios)
		return false; /* an empty pass would repeat for ever */
	job->pass_ios = 0;
	if (job->passes_left)
		job->passes_left--;
	generator_restart(job->generator, true);
	uint64_t left = job->total_bytes - job->issued_bytes;
	job->limit_bytes = options->time_based ? UINT64_MAX :
						 job->issued_bytes + MIN(job->pass_bytes, left);
	return true;
}

/* Generates one I/O; false when the job has none to issue (any more). */
static inline bool draw_next(struct engine_job *job, struct generator_io *next)
{
	if (UNLIKELY(job->issued_bytes >= job->limit_bytes) && !next_pass(job))
		return false;
	if (UNLIKELY(job->issued_ios >= job->limit_ios))
		return false;
	while (UNLIKELY(!generator_next(job->generator, next)))
		if (!may_pass_the_end(job->job) || !next_pass(job))
			return false;
	return true;
}

static inline struct engine_io *prepare_drawn(struct engine_job *job,
					      const struct generator_io *next)
{
	struct engine_io *io = take_io(job);
	struct blk_request *request = &io->request;
	job->issued_ios++;
	job->issued_bytes += next->length_bytes;
	job->pass_ios++;
	job->stats->direction[next->direction].total_ios++;
	io->direction = next->direction;
	io->file = next->file;
	io->offset_bytes = next->offset_bytes;
	request->op = op_of_direction[next->direction];
	request->sector = next->offset_bytes / SECTOR_BYTES;
	if (io->length_bytes != next->length_bytes || !request->segment_count)
		engine_io_set_length(io, next->length_bytes);
	if (UNLIKELY(job->special))
		fill_request(job, io);
	request->submit_tsc = clock_tsc();
	prepare(job, io);
	return io;
}

void engine_job_mark_depth(struct engine_job *job, uint32_t accepted)
{
	stats_add_batches(job->stats, engine_job_in_flight(job) - accepted, accepted, 1);
}

/* Submits a run of requests to one disk; returns how many were accepted. */
static uint32_t submit_run(struct engine_job *job, uint32_t first)
{
	struct engine_io *io = CONTAINER_OF(job->prepared[first], struct engine_io, request);
	uint32_t count = job->prepared_count - first;
	if (UNLIKELY(job->job->file_count > 1)) {
		uint8_t file = io->file;
		count = 0;
		for (uint32_t i = first; i < job->prepared_count; i++, count++)
			if (CONTAINER_OF(job->prepared[i], struct engine_io, request)->file != file)
				break;
	}
	return blk_submit(job->queues[io->file], &job->prepared[first], count);
}

/* What the done() of a plain job leaves to whoever submits. */
static NOINLINE void note_slat(struct engine_job *job, uint32_t count)
{
	/* A request that was merged knows its doorbell only when it is back. */
	uint64_t doorbell_tsc = job->queues[0]->doorbell_tsc;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t slat_tsc = doorbell_tsc - job->prepared[i]->submit_tsc;
		stats_summary_add(&job->plain_stats->slat, clock_tsc_to_ns(slat_tsc));
	}
}

static bool submit_prepared(struct engine_job *job)
{
	uint32_t sent = 0, accepted;
	do {
		accepted = submit_run(job, sent);
		sent += accepted;
	} while (accepted && sent < job->prepared_count);
	if (!sent)
		return false;
	if (job->plain)
		note_slat(job, sent);
	uint32_t left = job->prepared_count - sent;
	for (uint32_t i = 0; i < left; i++)
		job->prepared[i] = job->prepared[sent + i];
	job->prepared_count = left;
	engine_job_mark_depth(job, sent);
	return true;
}

void engine_job_prepare_read(struct engine_job *job, const struct written_piece *what)
{
	struct engine_io *io = take_io(job);
	struct blk_request *request = &io->request;
	job->stats->direction[DIR_READ].total_ios++;
	io->direction = DIR_READ;
	io->file = what->file;
	io->offset_bytes = what->offset_bytes;
	io->checked_read = true;
	request->op = BLK_READ;
	request->flags = 0;
	request->sector = what->offset_bytes / SECTOR_BYTES;
	engine_io_set_length(io, what->length_bytes);
	request->submit_tsc = clock_tsc();
	prepare(job, io);
}

enum refill {
	REFILL_MORE, /* as much as is free, or as a batch may be */
	REFILL_STALL, /* submit it; what is out must come back first */
	REFILL_OVER, /* the job will issue nothing more */
};

static NOINLINE enum refill refill_backlog(struct engine_job *job)
{
	if (!job->backlog_reading) {
		if (job->prepared_count || engine_job_in_flight(job))
			return REFILL_STALL;
		job->backlog_reading = true;
	}
	while (job->free_count && job->prepared_count < job->chunk)
		if (!engine_verify_backlog_next(job))
			return job->backlog_reading ? REFILL_STALL : REFILL_MORE;
	return REFILL_MORE;
}

/* One I/O of a paced job, if it is its time. */
static NOINLINE enum refill refill_paced(struct engine_job *job, uint64_t now)
{
	struct engine_pace *pace = job->pace;
	if (!engine_pace_may_go_on(job, now))
		return REFILL_STALL;
	if (!pace->has_next) {
		pace->digest_before = generator_digest(job->generator);
		if (!draw_next(job, &pace->next))
			return REFILL_OVER;
		pace->has_next = true;
	}
	if (!engine_pace_may_issue(job, &pace->next, now))
		return REFILL_STALL;
	pace->has_next = false;
	engine_pace_prepared(job, prepare_drawn(job, &pace->next));
	return REFILL_MORE;
}

/* Prepares up to a batch. */
static enum refill refill(struct engine_job *job, uint64_t now)
{
	struct generator_io next;
	while (job->free_count && job->prepared_count < job->chunk) {
		if (UNLIKELY(job->special)) {
			if (UNLIKELY(engine_verify_backlog_is_due(job))) {
				enum refill state = refill_backlog(job);
				if (job->backlog_reading || state == REFILL_STALL)
					return state;
				continue;
			}
			if (flush_is_due(job)) {
				engine_job_prepare_flush(job);
				continue;
			}
			if (job->pace) {
				enum refill state = refill_paced(job, now);
				if (state != REFILL_MORE)
					return state;
				continue;
			}
		}
		if (!draw_next(job, &next))
			return REFILL_OVER;
		prepare_drawn(job, &next);
	}
	return REFILL_MORE;
}

static enum refill refill_read_back(struct engine_job *job)
{
	while (job->free_count && job->prepared_count < job->chunk)
		if (!engine_verify_next(job))
			return REFILL_OVER;
	return REFILL_MORE;
}

static void mark_reaped(struct engine_job *job)
{
	job->stats->complete_calls++;
	job->stats->complete_level[stats_batch_level(job->free_count - job->free_seen)]++;
}

static inline bool is_over(struct engine_job *job, uint64_t now)
{
	/* 0, never, is beyond every moment. */
	return UNLIKELY(load_once(&job->stopping)) ||
	       (UNLIKELY(now > job->control_tsc - 1) && engine_job_control(job, now));
}

/* After a read-back. */
static bool start_next_pass(struct engine_job *job, uint64_t now)
{
	if (is_over(job, now) || !engine_verify_wants_pass(job) || !next_pass(job))
		return false;
	if (job->job->verify_only)
		engine_verify_dry_run(job);
	else
		job->phase = PHASE_RUNNING;
	return true;
}

/* When the I/Os of the job are all back: flush if asked, read back, go on or finish. */
static bool step_draining(struct engine_job *job, uint64_t now)
{
	if (job->prepared_count)
		submit_prepared(job);
	if (job->prepared_count || engine_job_in_flight(job))
		return false;
	if (job->job->end_fsync && !job->final_flush_done && !job->stopping) {
		job->final_flush_done = true;
		engine_job_prepare_flush(job);
		return true;
	}
	if (!job->stopping && engine_verify_begin(job, now)) {
		job->phase = PHASE_READ_BACK;
		return true;
	}
	if (start_next_pass(job, now))
		return true;
	engine_job_finish(job, now);
	return true;
}

/* RUNNING and READ_BACK: issue while there is a batch's worth of free I/Os. */
static bool step_issuing(struct engine_job *job, uint64_t now)
{
	bool reading_back = job->phase == PHASE_READ_BACK;
	bool is_done = reading_back ? load_once(&job->stopping) : is_over(job, now);
	enum refill state = is_done ? REFILL_OVER : REFILL_MORE;
	while (state == REFILL_MORE && job->free_count + job->prepared_count >= job->batch) {
		if (engine_plain_grant(job))
			return true;
		state = reading_back ? refill_read_back(job) : refill(job, now);
		if (state == REFILL_STALL && job->prepared_count)
			submit_prepared(job);
		if (job->prepared_count < job->batch || !submit_prepared(job))
			break;
	}
	if (state != REFILL_OVER && !job->stopping)
		return false;
	job->phase = PHASE_DRAINING;
	return true;
}

static bool step(struct engine_job *job, uint64_t now)
{
	if (job->plain)
		engine_plain_settle(job);
	if (job->phase == PHASE_RUNNING || job->phase == PHASE_READ_BACK)
		return step_issuing(job, now);
	return step_draining(job, now);
}

unsigned engine_job_step(struct engine_job *job, uint64_t now)
{
	if (job->free_count != job->free_seen)
		mark_reaped(job);
	unsigned state = step(job, now) ? ENGINE_AGAIN : 0;
	job->free_seen = job->free_count;
	if (engine_job_in_flight(job))
		state |= ENGINE_BUSY;
	return state;
}
