/*
 * The short way of plain jobs: one direction, one disk, one block size, no
 * verification, latencies measured. They issue the same sequence as any other
 * job, with less to decide for each I/O.
 *
 *   free[] top: |  ...  | r | r | r |   filled in place, submitted from there
 *
 * What all I/Os of such a job have in common (operation, length, segments) is
 * written once, at set-up. A batch is one decision, so its I/Os share the
 * moment at which they began: their latency counts from before the first of
 * them was generated.
 *
 * Context as engine_job.c. What the short way does not know (the end of a
 * pass, errors, a full queue) it leaves to the long one.
 */
#include "bench/engine_impl.h"
#include "bench/generator_impl.h"

bool engine_plain_is_possible(const struct engine_job *job)
{
	const struct job *options = job->job;
	uint32_t directions = options->rw & (JOB_RW_READ | JOB_RW_WRITE | JOB_RW_TRIM);
	return directions == JOB_RW_READ && options->file_count == 1 && !job->special &&
	       job->measured && !job->full_histograms && !job->stages &&
	       !engine.settings->trace_events &&
	       options->min_bs[DIR_READ] == options->max_bs[DIR_READ] &&
	       job->generator->way != GENERATOR_GENERAL;
}

/* --- completion --- */

/* An error, or a latency beyond what was seen so far. */
static NOINLINE void done_rarely(struct blk_request *request, uint64_t now)
{
	struct engine_io *io = CONTAINER_OF(request, struct engine_io, request);
	struct stats_direction *direction = io->job->plain_stats;
	if (request->status != BLK_OK) {
		engine_job_note_error(io->job, io);
		return;
	}
	uint64_t begun_tsc = io->job->synchronous ? request->submit_tsc : request->doorbell_tsc;
	stats_latency_add(&direction->clat, clock_tsc_to_ns(now - begun_tsc));
	stats_summary_add(&direction->lat, clock_tsc_to_ns(now - request->submit_tsc));
}

/*
 * Calls nothing but in the last place, so that it needs no stack frame. clat
 * counts for lat, too (engine_plain_settle()); `synchronous`, a constant: it is
 * lat.
 */
static inline __attribute__((always_inline)) void done(struct blk_request *request,
						       bool synchronous)
{
	struct engine_job *job = CONTAINER_OF(request, struct engine_io, request)->job;
	uint64_t now = clock_tsc();
	job->free[job->free_count] = request;
	barrier_compiler(); /* lets the count be incremented where it is */
	job->free_count++;
	job->signal_to_delivery_tsc += now - request->discover_tsc;
	struct stats_direction *direction = job->plain_stats;
	uint64_t begun_tsc = synchronous ? request->submit_tsc : request->doorbell_tsc;
	uint64_t clat_ns = clock_tsc_to_ns(now - begun_tsc);
	uint64_t lat_ns = clock_tsc_to_ns(now - request->submit_tsc);
	if (UNLIKELY(!stats_is_inside(&direction->clat, clat_ns)) ||
	    UNLIKELY(!stats_is_inside(&direction->lat, lat_ns)) ||
	    UNLIKELY(request->status != BLK_OK)) {
		done_rarely(request, now);
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

void engine_plain_init(struct engine_job *job)
{
	job->plain = true;
	job->plain_bytes = (uint32_t)job->job->min_bs[DIR_READ];
	job->plain_stats = &job->stats->direction[DIR_READ];
	for (uint32_t i = 0; i < job->depth; i++) {
		struct engine_io *io = &job->ios[i];
		io->direction = DIR_READ;
		io->request.op = BLK_READ;
		io->request.done = job->synchronous ? done_synchronous : done_queued;
		engine_io_set_length(io, job->plain_bytes);
	}
}

/* --- issue --- */

/*
 * Fills requests with I/Os that all begin now; returns how many there were.
 * (Each way is a function of its own, for all of the registers.)
 */
static inline __attribute__((always_inline)) uint32_t
fill_random_any(struct engine_job *job, struct blk_request *const *requests, uint32_t count,
	    uint64_t now, bool map, bool exact)
{
	struct generator *g = job->generator;
	struct blk_request *const *at = requests, *const *end = requests + count;
	struct random_taus88 random = g->block_random.taus88;
	/* generator_mix(), with the tag of the next I/O mixed in already. */
	uint64_t tag = g->digest_tag, mixed = g->digest ^ tag;
	uint64_t first_offset = g->first_offset, bytes = job->plain_bytes;
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
	return (uint32_t)(at - requests);
}

static NOINLINE uint32_t fill_random(struct engine_job *job, struct blk_request *const *requests,
				     uint32_t count, uint64_t now)
{
	/* So few blocks that scaling needs no rounding (random_scale()). */
	if (LIKELY(job->generator->blocks <= 1u << 21))
		return fill_random_any(job, requests, count, now, false, true);
	return fill_random_any(job, requests, count, now, false, false);
}

static NOINLINE uint32_t fill_random_map(struct engine_job *job,
					 struct blk_request *const *requests, uint32_t count,
					 uint64_t now)
{
	return fill_random_any(job, requests, count, now, true, false);
}

static NOINLINE uint32_t fill_sequential(struct engine_job *job,
					 struct blk_request *const *requests, uint32_t count,
					 uint64_t now)
{
	struct generator *g = job->generator;
	uint32_t i;
	for (i = 0; i < count && g->next_offset < g->end_offset; i++) {
		uint64_t offset = g->next_offset;
		g->next_offset = offset + job->plain_bytes;
		g->digest = generator_mix(g->digest, g->digest_tag, offset);
		requests[i]->sector = offset / SECTOR_BYTES;
		requests[i]->submit_tsc = now;
	}
	return i;
}

static inline uint32_t fill(struct engine_job *job, struct blk_request *const *requests,
			    uint32_t count, uint64_t now)
{
	if (LIKELY(job->generator->way == GENERATOR_RANDOM))
		return fill_random(job, requests, count, now);
	if (job->generator->way == GENERATOR_RANDOM_MAP)
		return fill_random_map(job, requests, count, now);
	return fill_sequential(job, requests, count, now);
}

/*
 * Leave to issue as many as the pass and the limits allow, so that they are
 * looked at once. None while there is anything that the short way does not know.
 */
static NOINLINE bool grant(struct engine_job *job)
{
	engine_plain_settle(job);
	if (job->phase != PHASE_RUNNING || load_once(&job->stopping) || job->prepared_count)
		return false;
	uint64_t left_bytes = job->limit_bytes - MIN(job->issued_bytes, job->limit_bytes);
	uint64_t left = MIN(left_bytes / job->plain_bytes, job->limit_ios - job->issued_ios);
	/* The draw that finds no block free counts, too: it is left to the long way as a whole. */
	if (job->generator->way == GENERATOR_RANDOM_MAP && !job->job->time_based)
		left = MIN(left, job->generator->blocks - job->pass_ios);
	job->plain_granted = job->plain_left = (uint32_t)MIN(left, UINT32_MAX);
	return left;
}

void engine_plain_settle(struct engine_job *job)
{
	uint32_t issued = job->plain_granted - job->plain_left;
	struct stats_direction *direction = job->plain_stats;
	job->plain_granted = job->plain_left = 0;
	job->issued_ios += issued;
	job->pass_ios += issued;
	job->issued_bytes += (uint64_t)issued * job->plain_bytes;
	direction->total_ios += issued;
	direction->lat.count = direction->clat.count;
}

/*
 * Of `wanted` requests on top of the free ones only `filled` were, of those
 * `accepted`. The filled ones are gone: those above them move down, and what
 * was not accepted is prepared, for the long way.
 */
static NOINLINE void part_submitted(struct engine_job *job, uint32_t wanted, uint32_t filled,
				    uint32_t accepted)
{
	struct blk_request **from = job->free + job->free_count;
	for (uint32_t i = accepted; i < filled; i++)
		job->prepared[job->prepared_count++] = from[i];
	for (uint32_t i = filled; i < wanted; i++)
		from[i - filled] = from[i];
	job->free_count += wanted - filled;
	job->plain_left += wanted - filled;
	engine_plain_settle(job);
}

/* One batch; false: it was not all that was wanted. */
static inline bool issue_batch(struct engine_job *job, uint64_t now)
{
	uint32_t wanted = MIN(MIN(job->free_count, job->chunk), job->plain_left);
	uint32_t in_flight = job->depth - job->free_count;
	struct stats_job *stats = job->stats;
	struct blk_queue *queue = job->queues[0];
	job->free_count -= wanted;
	job->plain_left -= wanted;
	struct blk_request **requests = job->free + job->free_count;
	uint32_t filled = fill(job, requests, wanted, now);
	uint32_t accepted = blk_submit(queue, requests, filled);
	if (UNLIKELY(accepted < wanted)) {
		part_submitted(job, wanted, filled, accepted);
		if (!accepted)
			return false;
	}
	stats_add_batch(stats, in_flight, accepted);
	stats_summary_add_many(&stats->direction[DIR_READ].slat,
			       clock_tsc_to_ns(queue->doorbell_tsc - now), accepted);
	return accepted == wanted;
}

bool engine_plain_issue(struct engine_job *job, uint64_t now)
{
	for (;;) {
		if (UNLIKELY(!job->plain_left) && !grant(job))
			return false;
		if (job->free_count < job->batch)
			return true;
		if (UNLIKELY(!issue_batch(job, now)))
			return false;
		if (job->free_count < job->batch)
			return true;
		now = clock_tsc();
	}
}
