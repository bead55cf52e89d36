/*
 * The table of what was written: 64 bits per granule.
 *
 *   number:16 | position:18 | seed:29 | pending:1
 *
 * number and the low bits of the seed tell the write, position how many
 * granules into that write this one is: a run of entries with equal number and
 * seed and ascending positions is what is left of one write in one piece. Only
 * whole units of such a run can be checked; the rest is dropped.
 *
 * A granule is pending from a write until it is handed out to be read back. Of
 * a write that does not fit the granules, should there be one, nothing can be
 * said: what it touches is not pending.
 *
 * The history is a ring of the granules at which writes began. It serves the
 * order only: whatever of a write it does not lead to any more, the sweep over
 * the table finds.
 */
#include "bench/verify/written.h"

#include "bench/verify/verify.h"

#define POSITION_BITS 18
#define POSITION_MASK ((1ull << POSITION_BITS) - 1)

struct entry {
	uint64_t number : 16;
	uint64_t position : POSITION_BITS; /* in its write, in granules */
	uint64_t seed : WRITTEN_SEED_BITS;
	uint64_t pending : 1;
};
_Static_assert(sizeof(struct entry) == 8, "one word per granule");

struct area {
	uint64_t offset_bytes;
	uint64_t first, count; /* entries */
};

struct written {
	struct entry *entries;
	uint32_t *history; /* ring of entry indices */
	uint64_t entry_count, pending_count;
	uint64_t sweep; /* the next entry that written_next() looks at */
	uint32_t history_size, history_head, history_count;
	bool history_lost; /* it was too small: only the sweep is left */
	uint32_t granule_bytes, unit_granules;
	uint32_t area_count;
	struct area areas[JOB_FILES_MAX];
};

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

bool written_shape_for(const struct job *job, const struct generator_region *regions,
		       uint32_t block_bytes, struct written_shape *shape)
{
	uint64_t interval = verify_interval_bytes(job), largest = 0;
	uint64_t unit = interval / common_divisor(interval, block_bytes) * block_bytes;
	uint64_t granule = granule_for(job, regions, unit);
	bool kept_in_order = (job->rw & JOB_RW_RANDOM) && !job->norandommap &&
			     job->random_generator != JOB_LFSR;
	for (int d = 0; d < DIR_COUNT; d++)
		largest = MAX(largest, job->max_bs[d]);
	*shape = (struct written_shape){ .granule_bytes = (uint32_t)granule,
					 .unit_bytes = (uint32_t)unit,
					 .area_count = job->file_count };
	for (uint32_t i = 0; i < job->file_count; i++) {
		uint64_t offset = regions[i].offset_bytes, length = regions[i].length_bytes;
		uint64_t blocks = kept_in_order ? length / job->min_bs[DIR_WRITE] : 0;
		shape->areas[i].offset_bytes = offset;
		/* The last I/O may begin inside the region and end outside. */
		shape->areas[i].length_bytes = MIN(length + largest,
						   regions[i].device_bytes - offset);
		shape->history_entries += (uint32_t)MIN(blocks, UINT32_MAX / JOB_FILES_MAX);
	}
	if (job->verify_backlog && !job->verify_only)
		shape->history_entries = job->verify_backlog;
	return largest / granule < 1u << POSITION_BITS;
}

static uint64_t area_entries(const struct written_shape *shape, uint32_t area)
{
	return shape->areas[area].length_bytes / shape->granule_bytes +
	       (shape->areas[area].length_bytes % shape->granule_bytes != 0);
}

uint64_t written_memory_bytes(const struct written_shape *shape)
{
	uint64_t entries = 0;
	for (uint32_t i = 0; i < shape->area_count; i++) {
		uint64_t more = area_entries(shape, i);
		if (more > UINT32_MAX - entries)
			return UINT64_MAX;
		entries += more;
	}
	return align_up(sizeof(struct written), CACHE_LINE_BYTES) + entries * sizeof(struct entry) +
	       shape->history_entries * sizeof(uint32_t);
}

struct written *written_init(void *memory, const struct written_shape *shape)
{
	struct written *w = memory;
	w->entries = (struct entry *)((uint8_t *)memory +
				      align_up(sizeof(struct written), CACHE_LINE_BYTES));
	w->granule_bytes = shape->granule_bytes;
	w->unit_granules = shape->unit_bytes / shape->granule_bytes;
	w->history_size = shape->history_entries;
	w->area_count = shape->area_count;
	for (uint32_t i = 0; i < shape->area_count; i++) {
		w->areas[i] = (struct area){ .offset_bytes = shape->areas[i].offset_bytes,
					     .first = w->entry_count,
					     .count = area_entries(shape, i) };
		w->entry_count += w->areas[i].count;
	}
	w->history = (uint32_t *)(w->entries + w->entry_count);
	return w;
}

/* --- writing --- */

/* The entries that a piece touches. */
struct span {
	struct entry *first;
	uint64_t index;
	uint64_t count;
	bool exact; /* it begins and ends with them */
};

static struct span span_of(const struct written *w, const struct written_piece *piece)
{
	const struct area *area = &w->areas[piece->file];
	uint64_t begin = piece->offset_bytes - area->offset_bytes;
	uint64_t end = begin + piece->length_bytes, granule = w->granule_bytes;
	uint64_t from = MIN(begin / granule, area->count);
	uint64_t to = MIN((end + granule - 1) / granule, area->count);
	return (struct span){
		.first = &w->entries[area->first + from],
		.index = area->first + from,
		.count = to - from,
		.exact = begin % granule == 0 && to * granule == end,
	};
}

static void set_pending(struct written *w, struct entry *entry, bool pending)
{
	w->pending_count += (uint64_t)pending - entry->pending;
	entry->pending = pending;
}

static void remember(struct written *w, uint64_t index)
{
	if (w->history_lost || !w->history_size)
		return;
	if (w->history_count == w->history_size) {
		w->history_lost = true;
		w->history_count = 0;
		return;
	}
	uint32_t at = w->history_head + w->history_count++;
	w->history[at < w->history_size ? at : at - w->history_size] = (uint32_t)index;
}

void written_note(struct written *w, const struct written_piece *io, uint64_t number,
		  uint64_t seed)
{
	struct span span = span_of(w, io);
	for (uint64_t i = 0; i < span.count; i++) {
		struct entry *entry = &span.first[i];
		entry->number = number & UINT16_MAX;
		entry->position = i & POSITION_MASK;
		entry->seed = seed & WRITTEN_SEED_MASK;
		set_pending(w, entry, span.exact);
	}
	if (span.exact)
		remember(w, span.index);
}

void written_forget(struct written *w, const struct written_piece *io)
{
	struct span span = span_of(w, io);
	for (uint64_t i = 0; i < span.count; i++)
		set_pending(w, &span.first[i], false);
}

/* --- reading back --- */

bool written_is_pending(const struct written *w)
{
	return w->pending_count != 0;
}

uint32_t written_history(const struct written *w)
{
	return w->history_count;
}

/* How many entries from this one on, at most `most`, are one piece of one write. */
static uint32_t run_length(const struct entry *first, uint64_t most)
{
	uint32_t length = 1;
	while (length < most && first[length].pending && first[length].number == first->number &&
	       first[length].seed == first->seed &&
	       first[length].position == first->position + length)
		length++;
	return length;
}

static uint32_t area_of(const struct written *w, uint64_t index)
{
	uint32_t area = 0;
	while (index >= w->areas[area].first + w->areas[area].count)
		area++;
	return area;
}

/* What begins at this entry is pending no more; true: and can be checked. */
static bool take(struct written *w, uint64_t index, struct written_piece *piece)
{
	struct entry *first = &w->entries[index];
	uint32_t per_unit = w->unit_granules, file = area_of(w, index);
	const struct area *area = &w->areas[file];
	if (!first->pending)
		return false;
	uint32_t run = run_length(first, area->first + area->count - index);
	uint32_t whole = run / per_unit * per_unit, into_unit = first->position % per_unit;
	if (into_unit) { /* the start of this unit is gone: on to the next one */
		run = MIN(run, per_unit - into_unit);
		whole = 0;
	}
	for (uint32_t i = 0; i < run; i++)
		set_pending(w, first + i, false);
	*piece = (struct written_piece){
		.offset_bytes = area->offset_bytes + (index - area->first) * w->granule_bytes,
		.length_bytes = whole * w->granule_bytes,
		.file = (uint8_t)file,
	};
	return whole != 0;
}

bool written_next_oldest(struct written *w, struct written_piece *piece)
{
	while (w->history_count) {
		uint32_t index = w->history[w->history_head];
		w->history_head = w->history_head + 1 < w->history_size ? w->history_head + 1 : 0;
		w->history_count--;
		if (take(w, index, piece))
			return true;
	}
	return false;
}

bool written_next(struct written *w, struct written_piece *piece)
{
	if (written_next_oldest(w, piece))
		return true;
	while (w->pending_count && w->sweep < w->entry_count)
		if (take(w, w->sweep++, piece))
			return true;
	w->sweep = 0;
	w->history_lost = false;
	return false;
}

struct written_fact written_find(const struct written *w, const struct written_piece *piece)
{
	const struct entry *entry = span_of(w, piece).first;
	return (struct written_fact){
		.into_bytes = (uint32_t)entry->position * w->granule_bytes,
		.number = entry->number,
		.seed = entry->seed,
	};
}
