/* SPDX-License-Identifier: MIT */
/*
 * How large the note of what was written is, and its memory laid out: header,
 * entries, history, and of a table in chunks the directory and the owners.
 */
#include "bench/verify/verify.h"
#include "bench/verify/written_impl.h"

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

static uint64_t magnitude(int64_t value)
{
	return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

/* The largest piece that divides every place at which a write may begin or end. */
static uint64_t granule_for(const struct job *job, const struct generator_region *regions,
			    uint64_t unit)
{
	uint64_t granule = unit;
	for (int d = 0; d < DIR_COUNT; d++)
		if (d != DIR_READ || job->bs_is_seq_rand)
			granule = common_divisor(common_divisor(granule, job->min_bs[d]),
						 job->blockalign[d]);
	if (!(job->rw & JOB_RW_RANDOM))
		granule = common_divisor(granule, magnitude(job->rw_step));
	for (uint32_t i = 0; i < job->file_count && job->rw_step < 0; i++) /* from the end */
		granule = common_divisor(granule, regions[i].length_bytes);
	if (job->zonemode_strided)
		granule = common_divisor(common_divisor(granule, job->zonerange), job->zoneskip);
	return granule;
}

static uint64_t area_entries(const struct written_shape *shape, uint32_t area)
{
	return shape->areas[area].length_bytes / shape->granule_bytes +
	       (shape->areas[area].length_bytes % shape->granule_bytes != 0);
}

static uint64_t all_entries(const struct written_shape *shape)
{
	uint64_t entries = 0;
	for (uint32_t i = 0; i < shape->area_count; i++)
		entries += area_entries(shape, i);
	return entries;
}

static uint64_t chunk_count(const struct written_shape *shape)
{
	return (all_entries(shape) >> shape->chunk_shift) + 1;
}

/* Of the table; UINT64_MAX: more than can be. */
static uint64_t table_bytes(const struct written_shape *shape)
{
	uint64_t pool = shape->pool_chunks, chunks = chunk_count(shape);
	uint64_t entries = pool ? pool << shape->chunk_shift : all_entries(shape);
	if (entries >= UINT32_MAX || (pool && chunks > UINT32_MAX))
		return UINT64_MAX;
	return entries * sizeof(struct entry) + (pool ? (chunks + pool) * sizeof(uint32_t) : 0);
}

/*
 * Whole, or in chunks of the size that needs least. A write of one granule lies
 * in one chunk; a longer one in two, and one more for each chunk's length of it.
 */
static void choose_chunks(struct written_shape *shape, struct written_limits most,
			  uint64_t largest_write)
{
	struct written_shape other = *shape;
	uint64_t each = largest_write / shape->granule_bytes;
	uint64_t writes = MIN(most.ios, UINT32_MAX);
	uint64_t granules = MIN(most.bytes / shape->granule_bytes + each, writes * each);
	for (uint32_t shift = 0; shift < 32; shift++) {
		other.chunk_shift = shift;
		uint64_t touched = each == 1 ? writes : 2 * writes + (granules >> shift);
		other.pool_chunks = (uint32_t)MIN(MIN(touched, chunk_count(&other)) + 1,
						  UINT32_MAX);
		if (table_bytes(&other) < table_bytes(shape))
			*shape = other;
	}
}

static uint64_t smallest_write(const struct job *job)
{
	uint64_t smallest = job->min_bs[DIR_WRITE];
	return job->bs_is_seq_rand ? MIN(smallest, job->min_bs[DIR_READ]) : smallest;
}

bool written_shape_for(const struct job *job, const struct generator_region *regions,
		       uint32_t block_bytes, struct written_limits most,
		       struct written_shape *shape)
{
	uint64_t interval = verify_interval_bytes(job), largest = 0;
	uint64_t unit = interval / common_divisor(interval, block_bytes) * block_bytes;
	uint64_t granule = granule_for(job, regions, unit), history = 0;
	uint64_t writes = MIN(most.ios, most.bytes / smallest_write(job) + 1);
	bool kept_in_order = (job->rw & JOB_RW_RANDOM) && !job->norandommap &&
			     job->random_generator != JOB_LFSR;
	for (int d = 0; d < DIR_COUNT; d++)
		largest = MAX(largest, job->max_bs[d]);
	*shape = (struct written_shape){ .granule_bytes = (uint32_t)granule,
					 .unit_bytes = (uint32_t)unit,
					 .area_count = job->file_count };
	for (uint32_t i = 0; i < job->file_count; i++) {
		uint64_t offset = regions[i].offset_bytes, length = regions[i].length_bytes;
		shape->areas[i].offset_bytes = offset;
		/* The last I/O may begin inside the region and end outside. */
		shape->areas[i].length_bytes = MIN(length + largest,
						   regions[i].device_bytes - offset);
		history += kept_in_order ? length / job->min_bs[DIR_WRITE] : 0;
	}
	if (job->verify_backlog && !job->verify_only) {
		history = job->verify_backlog;
		shape->history_sorted = !kept_in_order;
	}
	shape->history_entries = (uint32_t)MIN(MIN(history, writes), UINT32_MAX);
	most.ios = writes;
	choose_chunks(shape, most, largest);
	return largest / granule < 1u << POSITION_BITS;
}

uint64_t written_memory_bytes(const struct written_shape *shape)
{
	uint64_t table = table_bytes(shape);
	if (table == UINT64_MAX)
		return table;
	return align_up(sizeof(struct written), CACHE_LINE_BYTES) + table +
	       shape->history_entries * sizeof(uint32_t);
}

static void init_table(struct written *w, const struct written_shape *shape)
{
	uint64_t pool = shape->pool_chunks;
	uint64_t entries = pool ? pool << shape->chunk_shift : w->entry_count;
	w->history = (uint32_t *)(w->entries + entries);
	w->history_size = shape->history_entries;
	w->history_sorted = shape->history_sorted;
	if (!pool)
		return;
	w->directory = w->history + w->history_size;
	w->owners = w->directory + chunk_count(shape);
	w->chunk_shift = shape->chunk_shift;
	w->chunks_used = 1;
	w->chunks_max = shape->pool_chunks;
}

struct written *written_init(void *memory, const struct written_shape *shape)
{
	struct written *w = memory;
	w->entries = (struct entry *)((uint8_t *)memory +
				      align_up(sizeof(struct written), CACHE_LINE_BYTES));
	w->granule_bytes = shape->granule_bytes;
	w->unit_granules = shape->unit_bytes / shape->granule_bytes;
	w->area_count = shape->area_count;
	for (uint32_t i = 0; i < shape->area_count; i++) {
		w->areas[i] = (struct area){ .offset_bytes = shape->areas[i].offset_bytes,
					     .first = w->entry_count,
					     .count = area_entries(shape, i) };
		w->entry_count += w->areas[i].count;
	}
	init_table(w, shape);
	return w;
}
