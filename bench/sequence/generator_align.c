/* SPDX-License-Identifier: MIT */
/*
 * Whether all that a job issues begins and ends with blocks of its disk, and
 * else which option moves it off them. With fio such an I/O fails when its time
 * comes (direct=1: EINVAL), which for a job that writes is too late.
 *
 *   place    region | + a random block's, of blockalign= | + sizes before | + rw=...:N
 *   length   a block size of a direction that counts, or cut to whole ones
 *
 * What the options ask for is judged, not what is drawn: a job is refused even
 * if its I/Os are too few to get there. At set-up.
 */
#include "bench/sequence/generator_impl.h"

static bool is_off(uint64_t bytes, const struct generator_misaligned *found)
{
	return bytes % found->block_bytes != 0;
}

/* True: that is it. */
static bool note(struct generator_misaligned *found, const char *key, uint64_t bytes)
{
	if (!is_off(bytes, found))
		return false;
	found->key = key;
	found->bytes = (int64_t)bytes;
	return true;
}

static bool sizes_are_off(const struct job *job, struct generator_misaligned *found)
{
	const uint32_t counts = job_sizes_that_count(job);

	for (unsigned d = 0; d < DIR_COUNT; d++)
		if (counts >> d & 1 &&
		    (note(found, "bs", job->min_bs[d]) || note(found, "bs", job->max_bs[d])))
			return true;
	return false;
}

/* Places in percent are rounded up, maybe to blocks that no I/O of the job has. */
static bool region_is_off(const struct job *job, const struct generator_region *region,
			  struct generator_misaligned *found)
{
	if (!is_off(region->offset_bytes, found))
		return false;
	if (job->offset.percent || job->offset_increment.percent)
		return note(found, job->offset_align ? "offset_align" : "bs",
			    generator_offset_align_bytes(job));
	return note(found, "offset", job->offset.bytes) ||
	       note(found, "offset_increment", job->offset_increment.bytes);
}

/* A trim's place is that of the write which follows it. */
static bool random_blocks_are_off(const struct job *job, struct generator_misaligned *found)
{
	const uint32_t placed = job->rw & JOB_RW_TRIMWRITE ? JOB_RW_TRIM : job->rw;

	for (unsigned d = 0; d < DIR_COUNT; d++)
		if (placed >> d & 1 && note(found, "blockalign", generator_align_bytes(job, d)))
			return true;
	return false;
}

/* Steps backwards begin at the region's end. */
static bool steps_are_off(const struct job *job, const struct generator_region *region,
			  struct generator_misaligned *found)
{
	return note(found, "rw", (uint64_t)job->rw_step) ||
	       (job->rw_step < 0 && note(found, "size", region->length_bytes));
}

static bool strides_are_off(const struct job *job, struct generator_misaligned *found)
{
	return is_off(job->zonerange + job->zoneskip, found) &&
	       (note(found, "zonerange", job->zonerange) || note(found, "zoneskip", job->zoneskip));
}

bool generator_is_misaligned(const struct job *job, const struct generator_region *region,
			     struct generator_misaligned *found)
{
	if (sizes_are_off(job, found))
		return true;
	if (job->engine == IOENGINE_NULL) /* to which a place is but a number */
		return false;
	if (region_is_off(job, region, found))
		return true;
	if (job->rw & JOB_RW_RANDOM ? random_blocks_are_off(job, found)
				    : steps_are_off(job, region, found))
		return true;
	return job->zonemode_strided && strides_are_off(job, found);
}
