/* SPDX-License-Identifier: MIT */
/*
 * The fast way, of jobs with one direction, one disk, one block size and no
 * verification, whose latencies are measured. They issue the same sequence as any
 * other job, with less to decide for each I/O.
 *
 *   free[] top: |  ...  | r | r | r |   filled in place, submitted from there
 *
 * What all I/Os of such a job have in common (operation, length, segments) is
 * written once, at set-up. A batch is one decision, so its I/Os share the
 * moment at which they began: their latency counts from before the first of
 * them was generated. A job whose depth is 1 takes the same steps, compiled for
 * a batch of one (`lone`).
 *
 * Context as step.c. What the fast way does not know (the end of a
 * pass, errors, a full queue) it leaves to the full one.
 */
#include "bench/run/run_impl.h"
#include "bench/sequence/generator_impl.h"
#include "kernel/lib/err.h"
#include "kernel/mm/heap.h"

bool runner_fast_is_possible(const struct runner_job *job)
{
	const struct job *options = job->options;
	uint32_t directions = options->rw & (JOB_RW_READ | JOB_RW_WRITE | JOB_RW_TRIM);
	/* The last doorbell may be another CPU's, or of other requests than the last accepted. */
	return directions == JOB_RW_READ && options->file_count == 1 && !job->special &&
	       !job->queues[0]->shared && !job->queues[0]->sched &&
	       job->measured && !job->full_histograms && !job->stages &&
	       !runner.settings->trace_events &&
	       options->min_bs[DIR_READ] == options->max_bs[DIR_READ] &&
	       job->generator->way != GENERATOR_FULL;
}

/* --- completion --- */

/* An error, or a latency beyond what was seen so far. */
static NOINLINE void fast_done_rarely(struct blk_request *request, uint64_t now)
{
	struct runner_io *io = CONTAINER_OF(request, struct runner_io, request);
	struct stats_direction *direction = io->job->fast_stats;
	if (request->status != BLK_OK) {
		runner_job_note_error(io->job, io);
		return;
	}
	uint64_t begun_tsc = io->job->synchronous ? request->submit_tsc : request->doorbell_tsc;
	stats_latency_add(&direction->clat, clock_tsc_to_ns(now - begun_tsc));
	stats_summary_add(&direction->lat, clock_tsc_to_ns(now - request->submit_tsc));
}

/*
 * Calls nothing but in the last place, so that it needs no stack frame. clat
 * counts for lat, too (runner_fast_settle()); `synchronous`, a constant: it is
 * lat.
 */
static ALWAYS_INLINE void done(struct blk_request *request, bool synchronous)
{
	struct runner_job *job = CONTAINER_OF(request, struct runner_io, request)->job;
	uint64_t now = clock_tsc();
	job->free[job->free_count] = request;
	barrier_compiler(); /* lets the count be incremented where it is */
	job->free_count++;
	job->signal_to_delivery_tsc += now - request->signal_tsc;
	struct stats_direction *direction = job->fast_stats;
	uint64_t begun_tsc = synchronous ? request->submit_tsc : request->doorbell_tsc;
	uint64_t clat_ns = clock_tsc_to_ns(now - begun_tsc);
	uint64_t lat_ns = clock_tsc_to_ns(now - request->submit_tsc);
	if (UNLIKELY(!stats_is_inside(&direction->clat, clat_ns)) ||
	    UNLIKELY(!stats_is_inside(&direction->lat, lat_ns)) ||
	    UNLIKELY(request->status != BLK_OK)) {
		fast_done_rarely(request, now);
		return;
	}
	direction->clat.count++;
	stats_sums_add_inside(&direction->lat, lat_ns);
	stats_sums_add_inside(&direction->clat, clat_ns);
	direction->clat.bins[stats_bin_below(clat_ns)]++;
}

static void done_queued(struct blk_request *request)
{
	done(request, false);
}

static void done_synchronous(struct blk_request *request)
{
	done(request, true);
}

/* --- issue --- */

/*
 * Makes I/Os that all begin now of these requests. count > 0; the constants
 * tell the way.
 */
static ALWAYS_INLINE void fill_random(struct runner_job *job, struct blk_request *const *requests,
				      uint32_t count, uint64_t now, bool map, bool exact)
{
	struct generator *g = job->generator;
	struct blk_request *const *at = requests, *const *end = requests + count;
	struct random_taus88 random = g->block_random.taus88;
	/* generator_mix(), with the tag of the next I/O mixed in already. */
	uint64_t tag = g->digest_tag, mixed = g->digest ^ tag;
	uint64_t first_offset = g->first_offset, bytes = job->fast_bytes;
	uint32_t blocks = g->blocks;
	do {
		uint32_t drawn = random_taus88_next(&random);
		uint64_t block = exact ? (uint64_t)drawn * blocks >> 32 :
					 random_scale(drawn, blocks);
		if (map && !random_map_take(g->map_words, block)) {
			g->block_random.taus88 = random;
			block = generator_next_free(g, block);
			random = g->block_random.taus88;
		}
		uint64_t offset = first_offset + block * bytes;
		struct blk_request *request = *at++;
		mixed = (mixed ^ offset) * GENERATOR_DIGEST_PRIME ^ tag;
		request->sector = offset / SECTOR_BYTES;
		request->submit_tsc = now;
	} while (at != end);
	g->block_random.taus88 = random;
	g->digest = mixed ^ tag;
}

static inline void fill_sequential(struct runner_job *job, struct blk_request *const *requests,
				   uint32_t count, uint64_t now)
{
	struct generator *g = job->generator;
	uint64_t offset = g->next_offset, digest = g->digest;
	for (uint32_t i = 0; i < count; i++, offset += job->fast_bytes) {
		digest = generator_mix(digest, g->digest_tag, offset);
		requests[i]->sector = offset / SECTOR_BYTES;
		requests[i]->submit_tsc = now;
	}
	g->next_offset = offset;
	g->digest = digest;
}

/* How the offsets come about, and with how much arithmetic. */
enum fill_way {
	FILL_RANDOM_EXACT, /* so few blocks that scaling needs no rounding (random_scale()) */
	FILL_RANDOM,
	FILL_RANDOM_MAP,
	FILL_SEQUENTIAL,
};
#define EXACT_BLOCKS_MAX (1u << 21)

static ALWAYS_INLINE void fill_batch(struct runner_job *job, struct blk_request *const *requests,
				     uint32_t count, uint64_t now, enum fill_way way)
{
	if (way == FILL_SEQUENTIAL)
		fill_sequential(job, requests, count, now);
	else
		fill_random(job, requests, count, now, way == FILL_RANDOM_MAP,
			    way == FILL_RANDOM_EXACT);
}

/* How many are issued at once when so many are free. */
static inline uint32_t batch_of(const struct runner_job *job, uint32_t free_count)
{
	return MIN(free_count, job->chunk);
}

/* From counts of what happened to the levels that they stand for. */
static void settle_counts(struct runner_job *job)
{
	struct stats_job *stats = job->stats;
	for (uint32_t in_flight = 0; in_flight < job->depth; in_flight++) {
		uint64_t *times = &job->fast_batches[in_flight];
		if (*times)
			stats_add_batches(stats, in_flight, batch_of(job, job->depth - in_flight),
					  *times);
		*times = 0;
	}
	for (uint32_t count = 0; count <= job->depth; count++) {
		uint64_t *times = &job->fast_reaped[count];
		if (count) {
			stats->complete_calls += *times;
			stats->complete_level[stats_batch_level(count)] += *times;
		}
		*times = 0;
	}
}

void runner_fast_settle(struct runner_job *job)
{
	job->fast_stats->lat.count = job->fast_stats->clat.count;
	if (job->step == job->full_step)
		return; /* it has no leave to settle */
	job->step = job->full_step;
	uint32_t issued = job->fast_granted - job->fast_left;
	struct stats_direction *direction = job->fast_stats;
	job->fast_granted = job->fast_left = 0;
	job->issued_ios += issued;
	job->pass_ios += issued;
	job->issued_bytes += (uint64_t)issued * job->fast_bytes;
	direction->total_ios += issued;
	settle_counts(job);
}

/* Of a batch only `accepted` were; what was not is prepared, for the full way. */
static NOINLINE void part_submitted(struct runner_job *job, struct blk_request *const *requests,
				    uint32_t wanted, uint32_t accepted, uint64_t slat_tsc)
{
	uint32_t in_flight = job->depth - job->free_count - wanted;
	for (uint32_t i = accepted; i < wanted; i++)
		job->prepared[job->prepared_count++] = requests[i];
	runner_fast_settle(job);
	if (!accepted)
		return;
	stats_add_batches(job->stats, in_flight, accepted, 1);
	stats_summary_add_many(&job->fast_stats->slat, clock_tsc_to_ns(slat_tsc), accepted);
}

/* One batch; false: it was not accepted as a whole. */
static ALWAYS_INLINE bool issue_batch(struct runner_job *job, uint32_t wanted, uint32_t in_flight,
				      uint64_t now, enum fill_way way, bool lone)
{
	struct blk_queue *queue = job->queues[0];
	job->free_count -= wanted;
	job->fast_left -= wanted;
	struct blk_request **requests = job->free + job->free_count;
	fill_batch(job, requests, wanted, now, way);
	uint32_t accepted = lone ? blk_submit_one(queue, *requests) :
				   blk_submit(queue, requests, wanted);
	if (UNLIKELY(accepted != wanted)) {
		part_submitted(job, requests, wanted, accepted, queue->doorbell_tsc - now);
		return false;
	}
	runner_fast_note_batch(job, in_flight, wanted, queue->doorbell_tsc - now);
	return true;
}

/*
 * Batches, while there are enough free I/Os. False: the full way must look at the
 * job. A lone I/O is free if any is.
 */
static ALWAYS_INLINE bool issue(struct runner_job *job, uint64_t now, enum fill_way way, bool lone)
{
	if (lone)
		return !job->free_count ||
		       (LIKELY(job->fast_left) && issue_batch(job, 1, 0, now, way, true));
	while (job->free_count >= job->batch) {
		uint32_t wanted = batch_of(job, job->free_count);
		if (UNLIKELY(job->fast_left < wanted) ||
		    UNLIKELY(!issue_batch(job, wanted, job->depth - job->free_count, now, way,
					  false)))
			return false;
		if (LIKELY(job->free_count < job->batch))
			break;
		now = clock_tsc();
	}
	return true;
}

static ALWAYS_INLINE unsigned step_fast(struct runner_job *job, uint64_t now, enum fill_way way,
					bool lone)
{
	job->fast_reaped[job->free_count - job->free_seen]++;
	/* 0, never, is beyond every moment. */
	bool issued = LIKELY(!load_once(&job->stopping)) && LIKELY(now <= job->control_tsc - 1) &&
		      issue(job, now, way, lone);
	job->free_seen = job->free_count;
	return LIKELY(issued) ? STEP_BUSY : job->full_step(job, now);
}

/* One for each way, compiled for a batch of any size and of one. */

static unsigned step_random_exact(struct runner_job *job, uint64_t now)
{
	return step_fast(job, now, FILL_RANDOM_EXACT, false);
}

static unsigned step_random_exact_lone(struct runner_job *job, uint64_t now)
{
	return step_fast(job, now, FILL_RANDOM_EXACT, true);
}

static unsigned step_random(struct runner_job *job, uint64_t now)
{
	return step_fast(job, now, FILL_RANDOM, false);
}

static unsigned step_random_lone(struct runner_job *job, uint64_t now)
{
	return step_fast(job, now, FILL_RANDOM, true);
}

static unsigned step_random_map(struct runner_job *job, uint64_t now)
{
	return step_fast(job, now, FILL_RANDOM_MAP, false);
}

static unsigned step_random_map_lone(struct runner_job *job, uint64_t now)
{
	return step_fast(job, now, FILL_RANDOM_MAP, true);
}

static unsigned step_sequential(struct runner_job *job, uint64_t now)
{
	return step_fast(job, now, FILL_SEQUENTIAL, false);
}

static unsigned step_sequential_lone(struct runner_job *job, uint64_t now)
{
	return step_fast(job, now, FILL_SEQUENTIAL, true);
}

/* --- start, and leave to go this way --- */

static runner_step_function *step_of(const struct generator *g, bool lone)
{
	if (g->way == GENERATOR_RANDOM_MAP)
		return lone ? step_random_map_lone : step_random_map;
	if (g->way == GENERATOR_SEQUENTIAL)
		return lone ? step_sequential_lone : step_sequential;
	if (g->blocks <= EXACT_BLOCKS_MAX)
		return lone ? step_random_exact_lone : step_random_exact;
	return lone ? step_random_lone : step_random;
}

int runner_fast_init(struct runner_job *job)
{
	job->fast = true;
	job->fast_bytes = (uint32_t)job->options->min_bs[DIR_READ];
	job->fast_step = step_of(job->generator, job->depth == 1);
	job->fast_stats = &job->stats->direction[DIR_READ];
	job->fast_batches = heap_allocate(job->depth * sizeof(job->fast_batches[0]));
	job->fast_reaped = heap_allocate((job->depth + 1u) * sizeof(job->fast_reaped[0]));
	for (uint32_t i = 0; i < job->depth; i++) {
		struct runner_io *io = &job->ios[i];
		io->direction = DIR_READ;
		io->request.op = BLK_READ;
		io->request.done = job->synchronous ? done_synchronous : done_queued;
		runner_io_set_length(io, job->fast_bytes);
	}
	return job->fast_batches && job->fast_reaped ? 0 : -ERR_NO_MEMORY;
}

/* I/Os to be had from the fast ways of the generator, and then of this pass. */
static uint64_t generator_left(const struct runner_job *job)
{
	const struct generator *g = job->generator;
	if (g->way == GENERATOR_SEQUENTIAL)
		return (g->end_offset - MIN(g->next_offset, g->end_offset)) / job->fast_bytes;
	/* The draw that finds no block free counts, too: it is left to the full way as a whole. */
	if (g->way == GENERATOR_RANDOM_MAP && !job->options->time_based)
		return g->blocks - job->pass_ios;
	return UINT64_MAX;
}

bool runner_fast_grant(struct runner_job *job)
{
	if (!job->fast || job->prepared_count || load_once(&job->stopping))
		return false;
	uint64_t left_bytes = job->limit_bytes - MIN(job->issued_bytes, job->limit_bytes);
	uint64_t left = MIN(left_bytes / job->fast_bytes, job->limit_ios - job->issued_ios);
	left = MIN(left, generator_left(job));
	if (left < job->chunk)
		return false;
	job->step = job->fast_step;
	job->fast_granted = job->fast_left = (uint32_t)MIN(left, UINT32_MAX);
	return true;
}
