/* SPDX-License-Identifier: MIT */
/*
 * Setting a generator up: regions, streams, maps.
 *
 * One block of memory holds the generator and its files, another their random
 * maps. Jobs that most runs consist of (one file, one block size) take a fast
 * way (generator_way.c), most of them inlined into the caller's loop; everything
 * else goes through generator_next_full(). Both count on the same state, so a fast
 * way may fall back at any I/O.
 *
 * A pass ends by itself (generator_next() returns 0) when the region has been
 * visited: the map is full, or the position has reached the end. Without a map
 * random jobs have no end. time_based jobs wrap inside generator_next(), since
 * fio draws on without reseeding and in the middle of an I/O.
 *
 * Deliberately absent: budgets (size, number_ios, runtime), flushes and rates,
 * which are the runner's.
 */
#include "bench/sequence/generator_impl.h"
#include "kernel/cpu/clock.h"
#include "kernel/lib/err.h"

static uint64_t min_block_bytes(const struct job *job)
{
	return MIN(MIN(job->min_bs[DIR_READ], job->min_bs[DIR_WRITE]), job->min_bs[DIR_TRIM]);
}

static bool keeps_map(const struct job *job)
{
	if (!(job->rw & JOB_RW_RANDOM) || job->norandommap || job->distribution != JOB_UNIFORM ||
	    job->random_generator == JOB_LFSR)
		return false;
	for (unsigned d = 0; d < DIR_COUNT; d++)
		if (generator_align_bytes(job, d) != job->min_bs[d])
			return false;
	return true;
}

/* Blocks that a map or a shift register covers. */
static uint64_t map_blocks(const struct job *job, const struct generator_region *region)
{
	uint64_t bytes = MIN(region->length_bytes, region->device_bytes);

	if (job->zonemode_strided)
		bytes = job->zonerange;
	return bytes / min_block_bytes(job);
}

uint64_t generator_memory_bytes(const struct job *job)
{
	return sizeof(struct generator) + job->file_count * sizeof(struct generator_file);
}

/* percent of bytes without overflow. */
static uint64_t percent_of(uint64_t bytes, uint32_t percent)
{
	return bytes / 100 * percent + bytes % 100 * percent / 100;
}

/* randseed= switches randrepeat off. */
static bool is_repeatable(const struct job *job)
{
	return job->randrepeat && !job->randseed_set;
}

/*
 * Where fio seeds blocks apart, randseed= switches that off for clones only: a
 * job's own streams have been seeded by then.
 */
static bool seeds_blocks_apart(const struct job *job)
{
	return job_fio(job)->seeds_blocks_apart && job->randrepeat &&
	       !(job->randseed_set && job->subjob);
}

static void choose_seeds(const struct job *job, uint64_t seeds[STREAM_COUNT])
{
	uint64_t seed = job->randseed_set || job->randseed ? job->randseed : RANDOM_DEFAULT_SEED;

	if (!job->randrepeat && !job->randseed_set)
		seed = clock_tsc(); /* wanted: another sequence every time */
	random_job_seeds(seeds, seed, job->thread_number, seeds_blocks_apart(job),
			 job->allrandrepeat);
}

static uint32_t choose_distribution_seed(const struct job *job, uint32_t file,
					 uint64_t block_seed)
{
	uint32_t of_name = distribution_seed(job->files[file], job->thread_number);

	if (!job_fio(job)->seeds_blocks_apart)
		return of_name * (uint32_t)block_seed;
	return is_repeatable(job) ? of_name : (uint32_t)block_seed;
}

static bool uses_lfsr(const struct job *job)
{
	return job->rw & JOB_RW_RANDOM && job->random_generator == JOB_LFSR;
}

/* One seed in 2^n is dead; fio refuses it, too. */
static bool lfsr_starts(const struct job *job, const struct generator_region *region)
{
	uint64_t seeds[STREAM_COUNT];
	struct lfsr lfsr;

	choose_seeds(job, seeds);
	return lfsr_init(&lfsr, map_blocks(job, region), seeds[STREAM_BLOCK]);
}

static bool strides_hold_blocks(const struct job *job)
{
	if (!job->zonemode_strided)
		return true;
	for (unsigned d = 0; d < DIR_COUNT; d++)
		if (job->rw >> d & 1 &&
		    job->zonerange < MAX(job->min_bs[d], generator_align_bytes(job, d)))
			return false;
	return job->zonerange >= min_block_bytes(job);
}

/* fio finds out, and ends the job, only when a zone beyond the end is drawn. */
static bool zones_fit(const struct job *job, const struct generator_region *region)
{
	for (unsigned d = 0; d < DIR_COUNT && job->distribution == JOB_ZONED_ABS; d++) {
		const uint64_t align = generator_align_bytes(job, d),
			       blocks = region->length_bytes / align;
		uint64_t end = 0;

		for (uint32_t i = 0; i < job->zone_count[d] && job->rw >> d & 1; i++)
			if (__builtin_add_overflow(end, job->zones[d][i].size, &end) ||
			    end / align > blocks)
				return false;
	}
	return true;
}

uint64_t generator_offset_align_bytes(const struct job *job)
{
	return job->offset_align ? job->offset_align : min_block_bytes(job);
}

/*
 * As in fio: filesize= says where files end, however much of them size= lets be
 * issued; without it size= is divided among the files.
 */
static uint64_t region_length(const struct job *job, uint64_t offset, uint64_t end)
{
	const uint32_t percent = job->size.percent == 100 ? 0 : job->size.percent;
	uint64_t length = end - offset;

	if (percent) {
		length = MIN(percent_of(end, percent), length);
		length -= length % min_block_bytes(job);
	} else if (job->size.bytes && !job->filesize_bytes) {
		length = MIN(job->size.bytes / job->file_count, length);
	}
	return length;
}

int generator_region_resolve(const struct job *job, uint64_t device_bytes,
			     struct generator_region *out, const char **reason)
{
	uint64_t align = generator_offset_align_bytes(job);
	uint64_t offset = job->offset.bytes, increment = job->offset_increment.bytes;
	uint64_t moved, end = device_bytes;

	if (!device_bytes) {
		*reason = "it is empty";
		return -ERR_RANGE;
	}
	if (job->filesize_bytes)
		end = MIN(job->filesize_bytes, end);
	if (job->offset_increment.percent)
		increment = percent_of(device_bytes, job->offset_increment.percent);
	if (job->offset.percent)
		offset = percent_of(device_bytes, job->offset.percent);
	if (__builtin_mul_overflow(increment, job->subjob, &moved) ||
	    __builtin_add_overflow(offset, moved, &offset))
		offset = UINT64_MAX;
	if ((job->offset.percent || job->offset_increment.percent) && offset < device_bytes)
		offset = (offset + align - 1) / align * align;
	if (offset >= end) {
		*reason = end < device_bytes ?
			"you need to specify valid offset=: it lies beyond filesize=" :
			"you need to specify valid offset=: it lies beyond the device";
		return -ERR_RANGE;
	}
	out->offset_bytes = offset;
	out->length_bytes = region_length(job, offset, end);
	out->device_bytes = device_bytes;
	if (out->length_bytes < min_block_bytes(job)) {
		*reason = "the region is smaller than one block";
		return -ERR_RANGE;
	}
	if (!strides_hold_blocks(job)) {
		*reason = "zonerange= is smaller than one block";
		return -ERR_RANGE;
	}
	if (!zones_fit(job, out)) {
		*reason = "random_distribution=zoned_abs: the zones exceed the region";
		return -ERR_RANGE;
	}
	if (uses_lfsr(job) && !lfsr_starts(job, out)) {
		*reason = "random_generator=lfsr cannot start from this job's seed";
		return -ERR_RANGE;
	}
	return 0;
}

static void seed_stream(struct generator *g, unsigned stream)
{
	const bool follows = stream < STREAM_SEQ_RAND && stream != STREAM_RWMIX;

	random_seed(&g->streams[stream], follows && g->draws_64, g->seeds[stream]);
}

static void seed_streams(struct generator *g)
{
	for (unsigned i = 0; i < STREAM_COUNT; i++)
		seed_stream(g, i);
	g->block_random = g->streams[STREAM_BLOCK];
	for (unsigned d = 0; d < DIR_COUNT; d++)
		g->choice[d] = g->streams[STREAM_SEQ_RAND];
	if (g->job->verify != JOB_VERIFY_NONE) /* so that reading back draws the same */
		g->streams[STREAM_WRITE_BS] = g->streams[STREAM_READ_BS];
	if (g->job->rw & JOB_RW_TRIMWRITE)
		g->streams[STREAM_TRIM_BS] = g->streams[STREAM_WRITE_BS];
}

void generator_file_reset(struct generator *g, struct generator_file *file)
{
	for (unsigned d = 0; d < DIR_COUNT; d++) {
		file->last_end[d] = file->offset;
		file->last_start[d] = GENERATOR_NOWHERE;
	}
	if (file->has_map)
		random_map_reset(&file->map);
	if (file->has_lfsr)
		lfsr_reset(&file->lfsr, g->seeds[STREAM_BLOCK]);
	g->next_offset = file->offset;
}

void generator_turn(struct generator *g, unsigned of_read, unsigned of_write)
{
	g->instead_of[DIR_READ] = (uint8_t)of_read;
	g->instead_of[DIR_WRITE] = (uint8_t)of_write;
}

bool generator_outgrows_32_bits(const struct generator *g)
{
	bool beyond = false;

	for (uint32_t i = 0; i < g->job->file_count; i++)
		beyond |= g->files[i].map_blocks > UINT32_MAX;
	return beyond && g->job->rw & JOB_RW_RANDOM && g->job->distribution != JOB_ZIPF &&
	       g->job->distribution != JOB_PARETO && g->job->distribution != JOB_NORMAL &&
	       g->job->random_generator == JOB_TAUSWORTHE;
}

static bool rewinds_seeds_by_pass(const struct job *job)
{
	return job_fio(job)->rewinds_seeds_by_pass && !is_repeatable(job);
}

void generator_restart(struct generator *g, bool reseed)
{
	/* fio chooses the other generator when the streams of the first pass are seeded. */
	if (reseed && !g->job->random_generator_set && generator_outgrows_32_bits(g))
		g->draws_64 = true;
	if (reseed && is_repeatable(g->job))
		seed_streams(g);
	if (reseed && !g->job->do_verify && rewinds_seeds_by_pass(g->job))
		g->streams[STREAM_VERIFY] = g->verify_of_pass;
	g->verify_of_pass = g->streams[STREAM_VERIFY];
	for (uint32_t i = 0; i < g->job->file_count; i++) {
		g->files[i].done = false;
		g->files[i].offset = g->files[i].region_offset;
		generator_file_reset(g, &g->files[i]);
	}
	g->mix_limit = 0;
	g->zone_bytes = 0;
}

/* random_distribution=zoned: where zones begin, and which one a percentage means. */
static void zones_init(struct generator *g, unsigned direction)
{
	const struct job *job = g->job;
	unsigned percent = 0;
	uint64_t start = 0;

	for (uint32_t i = 0; i < job->zone_count[direction]; i++) {
		const struct job_zone *zone = &job->zones[direction][i];

		for (uint32_t n = 0; n < zone->access_percent && percent < 100; n++)
			g->zone_of_percent[direction][percent++] = (uint8_t)i;
		start += zone->size;
		g->zone_start[direction][i + 1] = start;
	}
}

/* Blocks that a random I/O of this direction may begin at. */
static uint64_t start_blocks(const struct job *job, const struct generator_file *file,
			     unsigned direction)
{
	uint64_t bytes = MIN(file->io_size, file->device_bytes);
	uint64_t align = generator_align_bytes(job, direction), min_bs = job->min_bs[direction];

	if (job->zonemode_strided)
		bytes = job->zonerange;
	if (min_bs > align)
		bytes -= MIN(bytes, min_bs - align);
	return bytes / align;
}

static void file_init(struct generator *g, struct generator_file *file, uint32_t index,
		      const struct generator_region *region)
{
	const struct job *job = g->job;
	uint64_t bytes = MIN(region->length_bytes, region->device_bytes);
	/* Of a distribution; as in fio, the size of trims does not count. */
	uint64_t block = MIN(job->min_bs[DIR_READ], job->min_bs[DIR_WRITE]);

	file->region_offset = region->offset_bytes;
	file->io_size = region->length_bytes;
	file->device_bytes = region->device_bytes;
	for (unsigned d = 0; d < DIR_COUNT; d++)
		file->blocks[d] = start_blocks(job, file, d);
	file->map_blocks = map_blocks(job, region);
	file->has_distribution = job->distribution == JOB_ZIPF ||
				 job->distribution == JOB_PARETO ||
				 job->distribution == JOB_NORMAL;
	if (file->has_distribution)
		distribution_init(&file->distribution, job, (bytes + block - 1) / block,
				  choose_distribution_seed(job, index, g->seeds[STREAM_BLOCK]));
}

void generator_rewind(struct generator *g)
{
	const struct job *job = g->job;

	g->digest = GENERATOR_DIGEST_START;
	g->draws_64 = job->random_generator == JOB_TAUSWORTHE64;
	g->sequence_left = 1;
	g->mix_direction = DIR_READ;
	generator_turn(g, DIR_READ, DIR_WRITE);
	g->file_next = 0;
	g->outside_map = false;
	for (unsigned d = 0; d < DIR_COUNT; d++)
		g->issued[d] = 0;
	seed_streams(g);
	generator_restart(g, false);
	for (uint32_t i = 0; i < job->file_count; i++) {
		struct generator_file *file = &g->files[i];

		if (file->has_distribution)
			distribution_rewind(&file->distribution, job);
		/* Anew, since its first value of all is unlike those after a reset. */
		if (uses_lfsr(job)) /* a seed by the clock may be the dead one; 0 never is */
			file->has_lfsr = lfsr_init(&file->lfsr, file->map_blocks,
						   g->seeds[STREAM_BLOCK]) ||
					 lfsr_init(&file->lfsr, file->map_blocks, 0);
	}
}

/* Whether positions begin again at the region's end. */
static bool wraps(const struct job *job, const struct generator_region *regions)
{
	const uint32_t mixed = JOB_RW_READ | JOB_RW_WRITE;
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < job->file_count; i++)
		bytes += regions[i].length_bytes;
	return (job->time_based && job->file_count == 1) ||
	       (job_fio(job)->wraps_mixed_jobs && (job->rw & mixed) == mixed &&
		job->io_size.bytes > bytes);
}

struct generator *generator_init(void *memory, const struct job *job,
				 const struct generator_region *regions)
{
	struct generator *g = memory;

	g->job = job;
	choose_seeds(job, g->seeds);
	g->wraps = wraps(job, regions);
	for (uint32_t i = 0; i < job->file_count; i++)
		file_init(g, &g->files[i], i, &regions[i]);
	for (unsigned d = 0; d < DIR_COUNT; d++)
		zones_init(g, d);
	generator_rewind(g);
	generator_choose_way(g);
	return g;
}

uint64_t generator_map_bytes(const struct generator *g)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < g->job->file_count && keeps_map(g->job); i++)
		bytes += random_map_memory_bytes(g->files[i].map_blocks);
	return bytes;
}

void generator_set_maps(struct generator *g, void *memory)
{
	uint8_t *at = memory;

	for (uint32_t i = 0; i < g->job->file_count; i++) {
		struct generator_file *file = &g->files[i];

		file->has_map = true;
		random_map_init(&file->map, at, file->map_blocks);
		at += random_map_memory_bytes(file->map_blocks);
	}
	generator_choose_way(g);
}

static uint64_t next_seed(struct random_stream *stream)
{
	uint64_t seed = random_next(stream);

	return seed * random_next(stream);
}

uint64_t generator_verify_seed(struct generator *g)
{
	return next_seed(&g->streams[STREAM_VERIFY]);
}

void generator_restart_verify_seeds(struct generator *g)
{
	if (rewinds_seeds_by_pass(g->job))
		g->streams[STREAM_VERIFY] = g->verify_of_pass;
	else
		seed_stream(g, STREAM_VERIFY);
}

uint64_t generator_buffer_seed(struct generator *g)
{
	return next_seed(&g->streams[STREAM_BUFFER]);
}

uint64_t generator_digest(const struct generator *g)
{
	return g->digest;
}
