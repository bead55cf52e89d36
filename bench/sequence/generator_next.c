/* SPDX-License-Identifier: MIT */
/*
 * The next I/O of any job, by fio's rules.
 *
 * The order of decisions is the order in which fio draws its random numbers:
 * direction, strided zone, place, length, map. An I/O that does not fit ends
 * its file; the next file is asked then, with a new decision about the
 * direction. Lengths and offsets inside this file are bytes; "block" is a unit
 * of blockalign= of the direction at hand.
 */
#include "bench/sequence/generator_impl.h"

/* An I/O in the making; offset relative to the file's region until placed. */
struct draft {
	unsigned direction;
	uint64_t offset;
	uint64_t length; /* 0 while it is open */
	bool is_random;
	bool outside_map; /* neither marks blocks nor minds marked ones */
};

static unsigned mixed_direction(struct generator *g)
{
	const uint32_t read_percent = g->job->rwmixread;
	const uint32_t percent[] = { read_percent, 100 - read_percent };

	if (g->issued[g->mix_direction] >= g->mix_limit) {
		uint32_t drawn = random_between(&g->streams[STREAM_RWMIX], 1, 100);
		uint32_t direction = drawn <= read_percent ? DIR_READ : DIR_WRITE;

		if (direction != g->mix_direction)
			g->mix_limit = g->issued[g->mix_direction] *
				       percent[g->mix_direction ^ 1] / 100;
		g->mix_direction = direction;
	}
	return g->mix_direction = g->instead_of[g->mix_direction];
}

static unsigned choose_direction(struct generator *g, const struct generator_file *file)
{
	const uint32_t rw = g->job->rw;

	if (rw & JOB_RW_TRIMWRITE)
		return file->last_start[DIR_WRITE] == file->last_start[DIR_TRIM] ? DIR_TRIM :
										     DIR_WRITE;
	if (rw & JOB_RW_READ)
		return rw & JOB_RW_WRITE ? mixed_direction(g) : DIR_READ;
	return rw & JOB_RW_WRITE ? DIR_WRITE : DIR_TRIM;
}

/* zonemode=strided: on to the next zone when this one has had its bytes. */
static void step_zone(struct generator *g, struct generator_file *file, unsigned direction)
{
	const struct job *job = g->job;

	if (g->zone_bytes >= job->zonesize) {
		uint64_t step;

		g->zone_bytes = 0;
		if (__builtin_add_overflow(job->zonerange, job->zoneskip, &step) ||
		    __builtin_add_overflow(file->offset, step, &file->offset) ||
		    file->offset >= file->device_bytes)
			file->offset = file->region_offset;
		file->last_end[direction] = file->offset;
	}
	if (file->last_end[direction] >= file->offset + job->zonerange)
		file->last_end[direction] = file->offset;
	if (g->zone_bytes % job->zonerange == 0)
		generator_file_reset(g, file);
}

static bool uniform_block(struct generator *g, struct generator_file *file, uint64_t blocks,
			  uint64_t *block)
{
	if (file->has_lfsr)
		return lfsr_next(&file->lfsr, block);
	*block = random_below(&g->block_random, blocks);
	if (file->has_map &&
	    (*block >= file->map.blocks || random_map_is_taken(&file->map, *block)))
		*block = random_map_next_free(&file->map, *block);
	return *block != RANDOM_MAP_FULL;
}

static bool zoned_block(struct generator *g, struct generator_file *file, unsigned direction,
			uint64_t blocks, uint64_t *block)
{
	uint32_t drawn = random_between(&g->streams[STREAM_ZONE], 1, 100);
	unsigned zone = g->zone_of_percent[direction][drawn - 1];
	uint64_t start = g->zone_start[direction][zone], end = g->zone_start[direction][zone + 1];

	if (g->job->distribution == JOB_ZONED_ABS) {
		start /= generator_align_bytes(g->job, direction);
		end /= generator_align_bytes(g->job, direction);
	} else {
		uint64_t size = blocks * (end - start) / 100;

		start = start * blocks / 100;
		end = start + size;
	}
	if (!uniform_block(g, file, end > start ? end - start : 0, block))
		return false;
	*block += start;
	return true;
}

static bool draw_block(struct generator *g, struct generator_file *file, unsigned direction,
		       uint64_t *block)
{
	uint64_t blocks = file->blocks[direction];

	if (!blocks)
		return false;
	switch (g->job->distribution) {
	case JOB_UNIFORM:
		return uniform_block(g, file, blocks, block);
	case JOB_ZONED:
	case JOB_ZONED_ABS:
		return zoned_block(g, file, direction, blocks, block);
	default:
		*block = distribution_next(&file->distribution);
		return true;
	}
}

static bool place_random(struct generator *g, struct generator_file *file, struct draft *io)
{
	uint64_t block;

	if (!draw_block(g, file, io->direction, &block)) {
		if (!g->job->time_based)
			return false;
		generator_file_reset(g, file);
		if (!draw_block(g, file, io->direction, &block))
			return false;
	}
	io->offset = block * generator_align_bytes(g->job, io->direction);
	return true;
}

/* rw=...:N: holes or steps backwards; positions wrap like fio's unsigned ones. */
static uint64_t step_position(const struct generator_file *file, uint64_t position, int64_t step)
{
	position += (uint64_t)step;
	if (position < file->device_bytes)
		return position;
	if (step > 0)
		return file->offset;
	return MIN(file->io_size, file->device_bytes) + (uint64_t)step;
}

static bool place_sequential(struct generator *g, struct generator_file *file, struct draft *io)
{
	const struct job *job = g->job;
	const int64_t step = job->rw & JOB_RW_RANDOM ? 0 : job->rw_step;
	uint64_t *end = &file->last_end[io->direction];

	if (*end >= file->io_size + file->region_offset && g->wraps)
		*end = file->offset;
	if (*end >= file->device_bytes)
		return false;
	if (*end == file->offset && file->offset && step < 0)
		*end = MIN(file->io_size, file->device_bytes);
	io->offset = *end - file->offset;
	if (io->offset && step)
		io->offset = step_position(file, io->offset, step);
	return true;
}

static bool place(struct generator *g, struct generator_file *file, struct draft *io)
{
	const struct job *job = g->job;
	bool hit = --g->sequence_left == 0;

	if (hit)
		g->sequence_left = job->rw & JOB_RW_RANDOM && job->rw_step > 0 ?
					   (uint64_t)job->rw_step : 1;
	if (!(job->rw & JOB_RW_RANDOM))
		return place_sequential(g, file, io);
	if (job->rw & JOB_RW_TRIMWRITE && io->direction == DIR_WRITE) {
		io->outside_map = io->is_random = true;
		io->offset = file->last_start[DIR_TRIM] - file->offset;
		io->length = file->last_end[DIR_TRIM] - file->last_start[DIR_TRIM];
		return true;
	}
	if (hit) {
		uint32_t percent = job->percentage_random[io->direction];

		io->is_random = percent == 100 ||
				random_between(&g->choice[io->direction], 1, 100) <= percent;
		if (io->is_random)
			return place_random(g, file, io);
	}
	io->outside_map = true;
	if (!hit && job->sequencer_identical) {
		uint64_t last = file->last_start[io->direction];

		io->offset = last == GENERATOR_NOWHERE ? 0 : last - file->offset;
		return true;
	}
	return place_sequential(g, file, io) || place_random(g, file, io);
}

static bool fits(const struct generator_file *file, const struct draft *io, uint64_t length)
{
	return io->offset + length <= file->region_offset + file->io_size;
}

/* One draw of a block size; it need not fit. */
static uint64_t draw_length(struct generator *g, const struct generator_file *file,
			    const struct draft *io, unsigned direction)
{
	const struct job *job = g->job;
	struct random_stream *stream = &g->streams[STREAM_READ_BS + direction];
	const uint64_t min_bs = job->min_bs[direction], max_bs = job->max_bs[direction];
	const uint64_t one_percent = (stream->is_64bit ? UINT64_MAX : UINT32_MAX) / 100;
	uint64_t length = 0, percent = 0;

	if (job->bssplit_count[direction]) {
		uint64_t drawn = random_next(stream);

		for (uint32_t i = 0; i < job->bssplit_count[direction]; i++) {
			const struct job_bssplit *entry = &job->bssplit[direction][i];

			if (!entry->percent)
				continue;
			length = entry->bytes;
			percent += entry->percent;
			if (drawn / percent <= one_percent && fits(file, io, length))
				break;
		}
	} else {
		length = min_bs + random_below(stream, max_bs);
	}
	length -= length % min_bs;
	return MIN(length, max_bs);
}

/* Whether any size that may be drawn fits; the smallest may have no share of bssplit=. */
static bool some_length_fits(const struct job *job, const struct generator_file *file,
			     const struct draft *io, unsigned direction)
{
	const uint64_t min_bs = job->min_bs[direction];
	uint64_t last = min_bs; /* its whole blocks are what is drawn if nothing fits */

	if (!fits(file, io, min_bs))
		return false;
	for (uint32_t i = 0; i < job->bssplit_count[direction]; i++) {
		const struct job_bssplit *entry = &job->bssplit[direction][i];

		if (entry->percent && fits(file, io, entry->bytes))
			return true;
		if (entry->percent)
			last = entry->bytes;
	}
	return fits(file, io, last - last % min_bs);
}

/* 0: none fits. */
static uint64_t choose_length(struct generator *g, const struct generator_file *file,
			      const struct draft *io)
{
	const struct job *job = g->job;
	unsigned direction = io->direction;
	uint64_t length;

	if (job->bs_is_seq_rand)
		direction = io->is_random ? DIR_WRITE : DIR_READ;
	if (job->min_bs[direction] == job->max_bs[direction])
		return job->min_bs[direction];
	if (!some_length_fits(job, file, io, direction))
		return 0;
	do
		length = draw_length(g, file, io, direction);
	while (!fits(file, io, length));
	return length;
}

/* Takes the I/O's blocks; cuts its length at the first block that is taken already. */
static void mark_blocks(struct generator *g, struct generator_file *file, struct draft *io)
{
	const uint64_t min_bs = g->job->min_bs[io->direction];
	const uint64_t block = (io->offset - file->offset) / min_bs;
	uint64_t count = (io->length + min_bs - 1) / min_bs;

	count = random_map_take_run(&file->map, block, count);
	io->length = MIN(io->length, count * min_bs);
}

static bool fill_draft(struct generator *g, struct generator_file *file, struct draft *io)
{
	io->direction = choose_direction(g, file);
	io->is_random = false;
	io->length = 0;
	if (g->job->zonemode_strided)
		step_zone(g, file, io->direction);
	if (!place(g, file, io) || io->offset >= file->io_size)
		return false;
	io->offset += file->offset;
	if (io->offset >= file->device_bytes)
		return false;
	if (!io->length)
		io->length = choose_length(g, file, io);
	if (!io->length || io->length > file->device_bytes - io->offset)
		return false;
	if (file->has_map && !io->outside_map)
		mark_blocks(g, file, io);
	g->zone_bytes += io->length;
	return io->length > 0;
}

static struct generator_file *next_file(struct generator *g)
{
	const uint32_t count = g->job->file_count;

	for (uint32_t i = 0; i < count; i++) {
		struct generator_file *file = &g->files[g->file_next];

		g->file_next = g->file_next + 1 < count ? g->file_next + 1 : 0;
		if (!file->done)
			return file;
	}
	return NULL;
}

uint32_t generator_next_file(struct generator *g)
{
	const struct generator_file *file = next_file(g);

	return file ? (uint32_t)(file - g->files) : 0;
}

static int next_of_any_file(struct generator *g, struct generator_io *io)
{
	struct generator_file *file;
	/* What an I/O that fitted nowhere left behind, the next one finds, as in fio. */
	struct draft draft = { .outside_map = g->outside_map };

	g->outside_map = false;
	while ((file = next_file(g))) {
		if (!fill_draft(g, file, &draft)) {
			file->done = true;
			continue;
		}
		if (draft.direction == DIR_TRIM) /* randtrimwrite: its write is due */
			file->last_start[DIR_WRITE] = GENERATOR_NOWHERE;
		file->last_start[draft.direction] = draft.offset;
		file->last_end[draft.direction] = draft.offset + draft.length;
		g->issued[draft.direction]++;
		io->offset_bytes = draft.offset;
		io->length_bytes = (uint32_t)draft.length;
		io->direction = (uint8_t)draft.direction;
		io->file = (uint8_t)(file - g->files);
		g->digest = generator_mix(g->digest,
					  generator_digest_tag(io->length_bytes, io->direction),
					  io->offset_bytes);
		return 1;
	}
	g->outside_map = draft.outside_map;
	return 0;
}

int generator_next_full(struct generator *g, struct generator_io *io)
{
	int result;

	if (g->way == GENERATOR_SEQUENTIAL) /* the end: maybe it wraps */
		g->files[0].last_end[g->constant.direction] = g->next_offset;
	result = next_of_any_file(g, io);
	g->next_offset = g->files[0].last_end[g->constant.direction];
	return result;
}

uint64_t generator_next_free(struct generator *g, uint64_t block)
{
	struct random_map *map = &g->files[0].map;
	uint64_t found = random_map_next_free(map, block);

	if (UNLIKELY(found == RANDOM_MAP_FULL)) {
		if (!g->job->time_based)
			return found;
		random_map_reset(map);
		found = random_scale(random_next_32(&g->block_random), g->blocks);
	}
	random_map_take(map->words, found);
	return found;
}

int generator_next_mixed(struct generator *g, struct generator_io *io)
{
	unsigned direction = mixed_direction(g);
	uint64_t block = generator_random_block(g, g->map_words != NULL);

	if (UNLIKELY(block == RANDOM_MAP_FULL))
		return 0;
	g->issued[direction]++;
	io->offset_bytes = g->first_offset + block * g->constant.length_bytes;
	io->length_bytes = g->constant.length_bytes;
	io->direction = (uint8_t)direction;
	io->file = 0;
	g->digest = generator_mix(g->digest, g->digest_tag ^ direction, io->offset_bytes);
	return 1;
}

int generator_next(struct generator *g, struct generator_io *io)
{
	return generator_next_inline(g, io);
}
