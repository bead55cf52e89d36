/* SPDX-License-Identifier: MIT */
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
 * The table is whole where that is smallest, or else in chunks: a directory of
 * all chunks of the region, and a pool of as many as the job's writes can touch
 * at most. Chunk 0 of the pool stands for all that no write touched: nothing in
 * it is ever pending.
 *
 * The history is a ring of the entries at which writes began, or a heap of them
 * where a backlog is to be read from the lowest offset on. It serves the
 * order only: whatever of a write it does not lead to any more, the sweep over
 * the table finds.
 */
#include "bench/verify/written_impl.h"
#include "kernel/lib/assert.h"

/* --- the table --- */

static uint64_t place_of(const struct written *w, uint64_t index)
{
	if (!w->directory)
		return index;
	uint64_t chunk = w->directory[index >> w->chunk_shift];
	return chunk << w->chunk_shift | (index & ((1ull << w->chunk_shift) - 1));
}

static uint64_t index_of(const struct written *w, uint64_t place)
{
	if (!w->directory)
		return place;
	uint64_t chunk = w->owners[place >> w->chunk_shift];
	return chunk << w->chunk_shift | (place & ((1ull << w->chunk_shift) - 1));
}

static struct entry *entry_at(const struct written *w, uint64_t index)
{
	return &w->entries[place_of(w, index)];
}

/* With a chunk of its own, if it had none. */
static struct entry *entry_to_note(struct written *w, uint64_t index)
{
	uint64_t chunk = index >> w->chunk_shift;
	if (w->directory && !w->directory[chunk]) {
		assert_always(w->chunks_used < w->chunks_max);
		w->owners[w->chunks_used] = (uint32_t)chunk;
		w->directory[chunk] = w->chunks_used++;
	}
	return entry_at(w, index);
}

/* From this one on the first whose chunk some write touched. */
static uint64_t skip_untouched(const struct written *w, uint64_t index)
{
	while (w->directory && index < w->entry_count && !w->directory[index >> w->chunk_shift])
		index = ((index >> w->chunk_shift) + 1) << w->chunk_shift;
	return index;
}

/* --- writing --- */

/* The granules that a piece touches. */
struct span {
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

/* A place goes up the heap from its end. */
static void push_sorted(struct written *w, uint32_t place)
{
	uint32_t at = w->history_count++;
	uint64_t index = index_of(w, place);
	for (; at && index_of(w, w->history[(at - 1) / 2]) > index; at = (at - 1) / 2)
		w->history[at] = w->history[(at - 1) / 2];
	w->history[at] = place;
}

/* The lowest goes, and the last one down the heap from there. */
static uint32_t pop_sorted(struct written *w)
{
	uint32_t lowest = w->history[0], count = --w->history_count, at = 0;
	uint32_t last = w->history[count];
	for (uint32_t next = 1; next < count; next = 2 * at + 1) {
		if (next + 1 < count &&
		    index_of(w, w->history[next + 1]) < index_of(w, w->history[next]))
			next++;
		if (index_of(w, last) <= index_of(w, w->history[next]))
			break;
		w->history[at] = w->history[next];
		at = next;
	}
	w->history[at] = last;
	return lowest;
}

static uint32_t pop_oldest(struct written *w)
{
	uint32_t oldest = w->history[w->history_head];
	w->history_head = w->history_head + 1 < w->history_size ? w->history_head + 1 : 0;
	w->history_count--;
	return oldest;
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
	uint32_t place = (uint32_t)place_of(w, index);
	if (w->history_sorted) {
		push_sorted(w, place);
		return;
	}
	uint32_t at = w->history_head + w->history_count++;
	w->history[at < w->history_size ? at : at - w->history_size] = place;
}

/* Whether the start of a write is pending there, which a sorted history knows already. */
static bool is_remembered(const struct written *w, uint64_t index)
{
	const struct entry *entry = entry_at(w, index);
	return w->history_sorted && entry->pending && entry->position == 0;
}

void written_note(struct written *w, const struct written_piece *io, uint64_t number,
		  uint64_t seed)
{
	struct span span = span_of(w, io);
	if (!span.exact) {
		written_forget(w, io);
		return;
	}
	bool again = is_remembered(w, span.index);
	for (uint64_t i = 0; i < span.count; i++) {
		struct entry *entry = entry_to_note(w, span.index + i);
		entry->number = number & UINT16_MAX;
		entry->position = i & POSITION_MASK;
		entry->seed = seed & WRITTEN_SEED_MASK;
		set_pending(w, entry, true);
	}
	if (!again)
		remember(w, span.index);
}

void written_forget(struct written *w, const struct written_piece *io)
{
	struct span span = span_of(w, io);
	for (uint64_t i = 0; i < span.count; i++)
		set_pending(w, entry_at(w, span.index + i), false);
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

/* How many granules from this one on, at most `most`, are one piece of one write. */
static uint32_t run_length(const struct written *w, uint64_t index, uint64_t most)
{
	const struct entry *first = entry_at(w, index);
	for (uint32_t length = 1; length < most; length++) {
		const struct entry *entry = entry_at(w, index + length);
		if (!entry->pending || entry->number != first->number ||
		    entry->seed != first->seed || entry->position != first->position + length)
			return length;
	}
	return (uint32_t)most;
}

static uint32_t area_of(const struct written *w, uint64_t index)
{
	uint32_t area = 0;
	while (index >= w->areas[area].first + w->areas[area].count)
		area++;
	return area;
}

/* What begins at this granule is pending no more; true: and can be checked. */
static bool take(struct written *w, uint64_t index, struct written_piece *piece)
{
	struct entry *first = entry_at(w, index);
	uint32_t per_unit = w->unit_granules, file = area_of(w, index);
	const struct area *area = &w->areas[file];
	if (!first->pending)
		return false;
	uint32_t run = run_length(w, index, area->first + area->count - index);
	uint32_t whole = run / per_unit * per_unit, into_unit = first->position % per_unit;
	if (into_unit) { /* the start of this unit is gone: on to the next one */
		run = MIN(run, per_unit - into_unit);
		whole = 0;
	}
	for (uint32_t i = 0; i < run; i++)
		set_pending(w, entry_at(w, index + i), false);
	*piece = (struct written_piece){
		.offset_bytes = area->offset_bytes + (index - area->first) * w->granule_bytes,
		.length_bytes = whole * w->granule_bytes,
		.file = (uint8_t)file,
	};
	return whole != 0;
}

bool written_next_remembered(struct written *w, struct written_piece *piece)
{
	while (w->history_count) {
		uint32_t place = w->history_sorted ? pop_sorted(w) : pop_oldest(w);
		if (take(w, index_of(w, place), piece))
			return true;
	}
	return false;
}

bool written_next(struct written *w, struct written_piece *piece)
{
	if (written_next_remembered(w, piece))
		return true;
	while (w->pending_count && (w->sweep = skip_untouched(w, w->sweep)) < w->entry_count)
		if (take(w, w->sweep++, piece))
			return true;
	w->sweep = 0;
	w->history_lost = false;
	return false;
}

struct written_fact written_find(const struct written *w, const struct written_piece *piece)
{
	const struct entry *entry = entry_at(w, span_of(w, piece).index);
	return (struct written_fact){
		.into_bytes = (uint32_t)entry->position * w->granule_bytes,
		.number = entry->number,
		.seed = entry->seed,
	};
}
