/* SPDX-License-Identifier: MIT */
/*
 * Which way the I/Os of a job go: a fast one for those that differ in nothing
 * but their place, and maybe their direction; else any job's. What a fast way
 * needs of each I/O is worked out here, once.
 *
 * At set-up.
 */
#include "bench/sequence/generator_impl.h"

/* Are all I/Os of this direction alike, but for where they are? */
static bool is_uniform(const struct job *job, unsigned d)
{
	const uint64_t bs = job->min_bs[d];

	if (job->max_bs[d] != bs || bs > UINT32_MAX || job->bs_is_seq_rand)
		return false;
	return !(job->rw & JOB_RW_RANDOM) ||
	       (job->percentage_random[d] == 100 && generator_align_bytes(job, d) == bs);
}

static enum generator_way choose_random_way(const struct generator_file *file, bool mixed)
{
	if (mixed)
		return GENERATOR_MIXED;
	return file->has_map ? GENERATOR_RANDOM_MAP : GENERATOR_RANDOM;
}

/* Which fast way fits, if any. d: the direction, or the first of two. */
static enum generator_way choose_way(const struct generator *g, unsigned d, bool mixed)
{
	const struct job *job = g->job;
	const struct generator_file *file = &g->files[0];

	if (job->file_count != 1 || job->zonemode_strided || !is_uniform(job, d))
		return GENERATOR_FULL;
	if (!(job->rw & JOB_RW_RANDOM))
		return job->rw_step || mixed ? GENERATOR_FULL : GENERATOR_SEQUENTIAL;
	if (mixed && (!is_uniform(job, DIR_WRITE) || job->min_bs[DIR_WRITE] != job->min_bs[d]))
		return GENERATOR_FULL;
	/* The map counts the smallest blocks, which may be those of another direction. */
	if (job->rw_step > 1 || job->distribution != JOB_UNIFORM ||
	    job->random_generator != JOB_TAUSWORTHE || file->blocks[d] > UINT32_MAX ||
	    (file->has_map && file->map.blocks != file->blocks[d]))
		return GENERATOR_FULL;
	return choose_random_way(file, mixed);
}

void generator_choose_way(struct generator *g)
{
	const struct generator_file *file = &g->files[0];
	const uint32_t directions = g->job->rw & (JOB_RW_READ | JOB_RW_WRITE | JOB_RW_TRIM);
	const unsigned d = (unsigned)__builtin_ctz(directions);
	const bool mixed = directions == (JOB_RW_READ | JOB_RW_WRITE);

	g->way = GENERATOR_FULL;
	if (mixed || is_power_of_two(directions))
		g->way = choose_way(g, d, mixed);
	if (g->way == GENERATOR_FULL)
		return;
	g->constant.length_bytes = (uint32_t)g->job->min_bs[d];
	g->constant.direction = (uint8_t)d;
	g->digest_tag = generator_digest_tag(g->constant.length_bytes, g->constant.direction);
	g->first_offset = file->region_offset;
	g->blocks = (uint32_t)file->blocks[d];
	g->map_words = file->map.words;
	/* An I/O starts below this: inside the region, and ends inside the device. */
	g->end_offset = MIN(file->region_offset + file->io_size,
			    file->device_bytes - g->constant.length_bytes + 1);
}
