/* SPDX-License-Identifier: MIT */
/*
 * Jobs with verify=: data that proves itself is written, read back, checked.
 *
 *   pass: write .. write | flush | read back .. check | next pass ..
 *
 * What was written is noted before each write and read back after each pass
 * over the region, as fio does it; with verify_backlog=N after every N writes,
 * and the rest after the pass. The note (written.h) knows which write lies
 * where, so overwritten data is not asked for, and a stale block does not pass
 * for a good one. Hence a job that may write a block again waits until the write
 * before it is done (job_overwrites_verified()). What is not known is not asked
 * for: number and seed of blocks that another job may write too, or that another
 * run wrote (verify_only).
 *
 * Unlike fio: a run that is over by time reads back all the same, and every
 * interval of an I/O counts, not only the last one.
 *
 * Boot CPU for runner_verify_init(); else the job's CPU, loop context.
 */
#include "bench/lib/checksum.h"
#include "bench/verify/readback.h"
#include "bench/verify/verify.h"
#include "bench/verify/written.h"
#include "kernel/lib/err.h"
#include "kernel/lib/log.h"
#include "kernel/mm/heap.h"

#define FAILURES_PRINTED 8u /* per job */

struct runner_verify {
	struct written *written; /* [I] NULL: nothing is read back */
	bool began; /* [c] the two below are known */
	bool numbers_are_known, seeds_are_known; /* [c] */
	bool wrote; /* [c] since the last batch of a backlog */
	uint32_t batch_left; /* [c] backlog: pieces to be read before writing goes on */
	uint64_t loops_left; /* [c] passes beside the first */
	uint64_t read_bytes; /* [c] back */
	uint64_t begin_tsc, read_tsc; /* [c] of this read-back; time of those before */
	uint32_t failures; /* [c] bad blocks */
	bool writer_is_told; /* [c] that another release of fio wrote what is read */
};

/* --- set-up --- */

/* After each pass what was written is read back; runner_verify_wants_pass() allows another. */
static void set_passes(struct runner_job *job)
{
	struct runner_verify *v = job->verify;
	v->loops_left = job->passes_left;
	if (v->written)
		job->passes_left = job->repeat_bytes = 0;
}

/* Over all passes. Before a pass of trims and writes number_ios= doubles. */
static struct written_limits limits_of(const struct runner_job *job)
{
	const struct job *options = job->options;
	return (struct written_limits){
		.ios = options->rw & JOB_RW_TRIMWRITE ? UINT64_MAX : job->limit_ios,
		.bytes = options->time_based ? UINT64_MAX : job->total_bytes,
	};
}

static struct written *allocate_written(const struct runner_job *job,
					const struct generator_region *regions)
{
	struct written_shape shape;
	uint32_t block_bytes = SECTOR_BYTES;
	for (uint32_t i = 0; i < job->options->file_count; i++)
		block_bytes = MAX(block_bytes, job->devices[i]->limits.block_bytes);
	if (!written_shape_for(job->options, regions, block_bytes, limits_of(job), &shape))
		return NULL;
	uint64_t bytes = written_memory_bytes(&shape);
	void *memory = bytes == UINT64_MAX ? NULL : heap_allocate(bytes);
	return memory ? written_init(memory, &shape) : NULL;
}

int runner_verify_init(struct runner_job *job, const struct generator_region *regions)
{
	static bool has_checksums;
	const struct job *options = job->options;
	if (!has_checksums)
		checksum_init();
	has_checksums = true;
	job->verify = heap_allocate(sizeof(*job->verify));
	if (!job->verify)
		return -ERR_NO_MEMORY;
	if (!(options->rw & JOB_RW_WRITE))
		return 0;
	if (options->do_verify) {
		job->verify->written = allocate_written(job, regions);
		if (!job->verify->written)
			return -ERR_NO_MEMORY;
	} else if (options->verify_only) {
		log_warn(options->name, "verify_only with do_verify=0 checks nothing");
	}
	if (!options->time_based)
		set_passes(job);
	return 0;
}

/* --- who else writes there? --- */

static bool is_ordered(const struct runner_job *a, const struct runner_job *b)
{
	return b->wait_before > (uint64_t)(a - runner.jobs) ||
	       a->wait_before > (uint64_t)(b - runner.jobs);
}

static bool regions_meet(const struct runner_job *a, uint32_t file_a, const struct runner_job *b,
			 uint32_t file_b)
{
	struct generator_region region_a, region_b;
	const char *reason;
	uint64_t bytes = a->devices[file_a]->limits.capacity_sectors * SECTOR_BYTES;
	if (a->devices[file_a] != b->devices[file_b])
		return false;
	if (generator_region_resolve(a->options, bytes, &region_a, &reason) ||
	    generator_region_resolve(b->options, bytes, &region_b, &reason))
		return true;
	/* The last I/O of a region may end outside. */
	return region_a.offset_bytes <
		       region_b.offset_bytes + region_b.length_bytes + b->largest_bytes &&
	       region_b.offset_bytes <
		       region_a.offset_bytes + region_a.length_bytes + a->largest_bytes;
}

static bool may_destroy(const struct runner_job *other, const struct runner_job *job)
{
	if (other == job || !(other->options->rw & (JOB_RW_WRITE | JOB_RW_TRIM)) ||
	    is_ordered(other, job))
		return false;
	for (uint32_t i = 0; i < job->options->file_count; i++)
		for (uint32_t k = 0; k < other->options->file_count; k++)
			if (regions_meet(job, i, other, k))
				return true;
	return false;
}

static bool as_asked(uint32_t option, bool if_not)
{
	return option == JOB_AS_KNOWN ? if_not : option;
}

/* Before the first write, when all jobs are set up. */
static void find_out_what_is_known(struct runner_job *job)
{
	const struct job *options = job->options;
	struct runner_verify *v = job->verify;
	bool alone = true, repeats = options->randrepeat && !options->randseed_set;
	for (uint32_t i = 0; i < runner.set->job_count && alone; i++)
		alone = !may_destroy(&runner.jobs[i], job);
	v->began = true;
	v->numbers_are_known = as_asked(options->verify_write_sequence,
					alone && !options->verify_only);
	/* fio's rule for verify_only: seeds are those of a mixed job's own sequence. */
	v->seeds_are_known =
		as_asked(options->verify_header_seed,
			 alone && (!options->verify_only ||
				   (job_fio(options)->checks_seeds_of_dry_runs &&
				    (options->rw & JOB_RW_READ) && !options->time_based &&
				    (options->loops == 1 || repeats))));
}

/* --- writing --- */

static struct written_piece piece_of(const struct runner_io *io)
{
	return (struct written_piece){ .offset_bytes = io->offset_bytes,
				       .length_bytes = io->length_bytes,
				       .file = io->file };
}

/* As fio: a pattern needs no seed, and takes none from the stream. */
static uint64_t next_read_seed(struct runner_job *job)
{
	return job->options->verify_pattern_bytes ? 0 : generator_verify_seed(job->generator);
}

bool runner_verify_fill(struct runner_job *job, struct runner_io *io, uint64_t number)
{
	const struct job *options = job->options;
	struct runner_verify *v = job->verify;
	struct written_piece piece = piece_of(io);
	struct verify_io what = { .offset_bytes = io->offset_bytes,
				  .length_bytes = io->length_bytes,
				  .seed = next_read_seed(job),
				  .number = number };
	if (v->written) {
		if (UNLIKELY(!v->began))
			find_out_what_is_known(job);
		written_note(v->written, &piece, number, what.seed);
		v->wrote = true;
	}
	if (!job_verify_is_checked(options) && !options->verify_pattern_bytes)
		return false;
	verify_fill(options, &what, clock_ns(), io->buffer);
	return true;
}

void runner_verify_dry_run(struct runner_job *job)
{
	struct runner_verify *v = job->verify;
	struct generator_io next;
	if (!v->began)
		find_out_what_is_known(job);
	while (job->issued_bytes < job->limit_bytes && job->issued_ios < job->limit_ios &&
	       generator_next(job->generator, &next)) {
		struct stats_direction *direction = &job->stats->direction[next.direction];
		struct written_piece piece = { .offset_bytes = next.offset_bytes,
					       .length_bytes = next.length_bytes,
					       .file = next.file };
		if (next.direction == DIR_TRIM)
			job->pretrimmed_bytes += next.length_bytes;
		else
			job->issued_bytes += next.length_bytes;
		job->issued_ios++;
		job->pass_ios++;
		direction->total_ios++;
		direction->io_bytes += next.length_bytes;
		if (next.direction != DIR_WRITE)
			continue;
		uint64_t seed = next_read_seed(job), number = job->writes_issued++;
		if (!v->written)
			continue;
		written_note(v->written, &piece, number, seed);
	}
}

/* --- checking --- */

static void note_failure(struct runner_job *job, const struct runner_io *io,
			 const struct verify_io *what, const struct verify_failure *failure)
{
	struct runner_verify *v = job->verify;
	if (v->failures++ < FAILURES_PRINTED)
		verify_print_failure(job->options, job->options->files[io->file], what, failure,
				     log_raw);
	else if (v->failures == FAILURES_PRINTED + 1)
		log_raw("verify: further bad blocks of job %s are not shown\n", job->options->name);
}

/* is_dry: verify_only. */
static void expect(const struct runner_verify *v, bool is_dry, const struct runner_io *io,
		   struct verify_io *what)
{
	struct written_piece piece = piece_of(io);
	struct written_fact fact = written_find(v->written, &piece);
	what->into_bytes = fact.into_bytes;
	what->seed = fact.seed;
	what->seed_mask = v->seeds_are_known ? WRITTEN_SEED_MASK : 0;
	what->number = fact.number;
	what->check_number = v->numbers_are_known;
	what->is_own = !is_dry;
}

static void tell_writer(struct runner_job *job, const struct runner_io *io)
{
	const char *writer = verify_foreign_writer(job->options, io->buffer);
	if (!writer)
		return;
	log_raw("verify: job %s: %s has the headers of %s; fio_version=%s writes others\n",
		job->options->name, job->options->files[io->file], writer,
		job_fio(job->options)->name);
	job->verify->writer_is_told = true;
}

static void check(struct runner_job *job, const struct runner_io *io)
{
	const struct job *options = job->options;
	struct runner_verify *v = job->verify;
	struct verify_failure failure;
	struct verify_io what = { .offset_bytes = io->offset_bytes,
				  .length_bytes = io->length_bytes };
	uint32_t at = 0;
	bool failed = false;
	if (load_once(&job->stopping) && options->verify_fatal)
		return;
	if (options->engine == IOENGINE_NULL)
		return; /* it moves no data, and is believed, as by fio */
	if (v->written)
		expect(v, options->verify_only, io, &what);
	while (UNLIKELY(verify_check(options, &what, io->buffer, &at, &failure) != VERIFY_OK)) {
		if (!failed)
			runner_job_fail(job, EILSEQ_LINUX, options->continue_on_error_verify);
		failed = true;
		note_failure(job, io, &what, &failure);
		if (options->verify_fatal)
			break;
	}
	if (!failed && !v->writer_is_told)
		tell_writer(job, io);
	if (failed && options->verify_fatal)
		store_once(&job->stopping, true);
}

void runner_verify_done(struct runner_job *job, const struct runner_io *io)
{
	struct written *written = job->verify->written;
	bool good = io->request.status == BLK_OK;
	if (io->checked_read && good)
		check(job, io);
	/* Whatever the buffer reads next has to come from the disk. */
	if ((written || io->checked_read) && io->direction < DIR_TRIM &&
	    job_verify_is_checked(job->options))
		verify_spoil(job->options, io->buffer, io->length_bytes);
	if (LIKELY(good) || io->direction != DIR_WRITE || !written)
		return;
	struct written_piece piece = piece_of(io);
	written_forget(written, &piece);
}

/* --- reading back --- */

static void prepare_read(struct runner_job *job, const struct written_piece *piece)
{
	job->verify->read_bytes += piece->length_bytes;
	/* fio counts these, too, against number_ios=. */
	if (job->limit_ios != UINT64_MAX && job->limit_ios > job->issued_ios)
		job->limit_ios--;
	/* As in fio, where a later write gets another seed for it. */
	next_read_seed(job);
	runner_io_prepare_read(job, piece->file, piece->offset_bytes, piece->length_bytes);
}

bool runner_verify_backlog_is_due(const struct runner_job *job)
{
	const struct runner_verify *v = job->verify;
	if (!job->options->verify_backlog || !job->verifies || !v->written)
		return false;
	if (job->backlog_reading)
		return true;
	uint32_t history = written_history(v->written);
	return history && (v->batch_left ||
			   (v->wrote && history % job->options->verify_backlog == 0));
}

bool runner_verify_backlog_next(struct runner_job *job)
{
	struct runner_verify *v = job->verify;
	struct written_piece piece;
	if (v->wrote && !v->batch_left) /* more than a backlog: the rest follows the writes */
		v->batch_left = job->options->verify_backlog_batch;
	v->wrote = false;
	if (v->batch_left && written_next_remembered(v->written, &piece)) {
		v->batch_left--;
		prepare_read(job, &piece);
		return true;
	}
	if (!job->prepared_count && !runner_job_in_flight(job))
		job->backlog_reading = false;
	return false;
}

static void end_read_back(struct runner_job *job, uint64_t now)
{
	struct runner_verify *v = job->verify;
	if (v->begin_tsc)
		v->read_tsc += now - v->begin_tsc;
	v->begin_tsc = 0;
}

bool runner_verify_begin(struct runner_job *job, uint64_t now)
{
	struct runner_verify *v = job->verify;
	if (!job->verifies || !v->written)
		return false;
	end_read_back(job, now);
	if (!written_is_pending(v->written))
		return false;
	/* What is before it counts as writing, whenever it was. */
	job->write_finish_tsc = now - v->read_tsc;
	v->begin_tsc = now;
	generator_restart_verify_seeds(job->generator);
	if (!job->options->verify_only)
		job->flushes_left = job->options->file_count;
	return true;
}

bool runner_verify_next(struct runner_job *job)
{
	struct written_piece piece;
	if (!written_next(job->verify->written, &piece))
		return false;
	prepare_read(job, &piece);
	return true;
}

/*
 * fio goes on for its loops= and then until what was written and read back is
 * as much as io_size= or size= asks for, but for less than a block.
 */
bool runner_verify_wants_pass(struct runner_job *job)
{
	struct runner_verify *v = job->verify;
	const struct job *options = job->options;
	if (!job->verifies || !v->written || options->time_based ||
	    job->issued_ios >= job->limit_ios)
		return false;
	uint64_t done = job->issued_bytes + job->pretrimmed_bytes + v->read_bytes;
	uint64_t limit = job->total_bytes / options->loops;
	if (v->loops_left)
		v->loops_left--;
	else if (done >= limit || limit - done < job->spare_bytes)
		return false;
	job->passes_left = 1;
	return true;
}
