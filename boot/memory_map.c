/* SPDX-License-Identifier: MIT */
/*
 * The memory map as a sorted array of disjoint ranges.
 *
 * memory_map_add() walks from the new range's base to its end. At each point
 * it stands either in a gap, which it fills up to the next range; or in a range
 * that is at least as strict, which it steps over; or in a weaker range, from
 * which it first cuts the overlap, making a gap.
 *
 *     old     |--usable------------|      |-reserved-|
 *     new              |-----------ACPI---------|
 *     result  |-usable-|---ACPI----------|-reserved-|
 *
 * A firmware with more ranges than fit costs memory, never safety: see
 * make_room() and cut(). Every step moves the cursor or removes an overlap,
 * and their number is bounded besides.
 *
 * No allocation, no output: what was left out is noted in the bootinfo.
 */
#include "boot/memory_map.h"

#include <stdbool.h>

/* Exclusive. Does not wrap: memory_map_add() refuses what reaches 2^64. */
static uint64_t range_end(const struct bootinfo_memory_range *range)
{
	return range->base + range->length_bytes;
}

/* Which claim wins; unknown types count as reserved. */
static int strictness(uint64_t type)
{
	switch (type) {
	case BOOTINFO_MEMORY_USABLE:
		return 0;
	case BOOTINFO_MEMORY_ACPI:
		return 1;
	case BOOTINFO_MEMORY_KERNEL:
		return 3;
	default:
		return 2;
	}
}

static void remove_at(struct bootinfo *bootinfo, uint64_t index)
{
	for (uint64_t i = index; i + 1 < bootinfo->range_count; i++)
		bootinfo->ranges[i] = bootinfo->ranges[i + 1];
	bootinfo->range_count--;
}

static void insert_range(struct bootinfo *bootinfo, uint64_t index, uint64_t base, uint64_t end,
			 uint64_t type)
{
	for (uint64_t i = bootinfo->range_count; i > index; i--)
		bootinfo->ranges[i] = bootinfo->ranges[i - 1];
	bootinfo->ranges[index] = (struct bootinfo_memory_range){ base, end - base, type };
	bootinfo->range_count++;
}

/* The first range that ends after the address; range_count if there is none. */
static uint64_t find_after(const struct bootinfo *bootinfo, uint64_t address)
{
	uint64_t i = 0;

	while (i < bootinfo->range_count && range_end(&bootinfo->ranges[i]) <= address)
		i++;
	return i;
}

static bool may_merge(const struct bootinfo_memory_range *range)
{
	return range->type == BOOTINFO_MEMORY_RESERVED || range->type == BOOTINFO_MEMORY_ACPI;
}

/*
 * Frees one place: two neighbours that are not usable become one reserved
 * range, the gap between them included (what nobody named is not used either);
 * where there are no such two, the smallest usable range is given up.
 */
static void make_room(struct bootinfo *bootinfo)
{
	struct bootinfo_memory_range *ranges = bootinfo->ranges;
	uint64_t smallest = 0;

	bootinfo->notes |= BOOTINFO_NOTE_MAP_FULL;
	for (uint64_t i = 0; i + 1 < bootinfo->range_count; i++) {
		if (!may_merge(&ranges[i]) || !may_merge(&ranges[i + 1]))
			continue;
		ranges[i].length_bytes = range_end(&ranges[i + 1]) - ranges[i].base;
		ranges[i].type = BOOTINFO_MEMORY_RESERVED;
		remove_at(bootinfo, i + 1);
		return;
	}
	for (uint64_t i = 1; i < bootinfo->range_count; i++) {
		bool better = ranges[smallest].type != BOOTINFO_MEMORY_USABLE ||
			      ranges[i].length_bytes < ranges[smallest].length_bytes;

		if (ranges[i].type == BOOTINFO_MEMORY_USABLE && better)
			smallest = i;
	}
	remove_at(bootinfo, smallest);
}

/* Fills a gap: [base, end) overlaps no range. Joins neighbours of its type. */
static void fill_gap(struct bootinfo *bootinfo, uint64_t base, uint64_t end, uint64_t type)
{
	struct bootinfo_memory_range *ranges = bootinfo->ranges;
	uint64_t next = find_after(bootinfo, base);

	if (next > 0 && ranges[next - 1].type == type && range_end(&ranges[next - 1]) == base) {
		base = ranges[next - 1].base;
		remove_at(bootinfo, --next);
	}
	if (next < bootinfo->range_count && ranges[next].type == type &&
	    ranges[next].base == end) {
		end = range_end(&ranges[next]);
		remove_at(bootinfo, next);
	}
	if (bootinfo->range_count == BOOTINFO_RANGES_MAX) {
		make_room(bootinfo);
		next = find_after(bootinfo, base);
		/* Merged over this very gap: it is reserved now. */
		if (next < bootinfo->range_count && ranges[next].base < end)
			return;
	}
	insert_range(bootinfo, next, base, end, type);
}

/*
 * Takes [from, to), which lies inside, out of a weaker range. False when that
 * would need a place that is not there and the range is not usable anyway:
 * then it may stay. A usable one loses its smaller side instead.
 */
static bool cut(struct bootinfo *bootinfo, uint64_t index, uint64_t from, uint64_t to)
{
	struct bootinfo_memory_range *range = &bootinfo->ranges[index];
	uint64_t below = from - range->base, above = range_end(range) - to;

	if (below && above && bootinfo->range_count == BOOTINFO_RANGES_MAX) {
		bootinfo->notes |= BOOTINFO_NOTE_MAP_FULL;
		if (range->type != BOOTINFO_MEMORY_USABLE)
			return false;
		if (below < above)
			below = 0;
		else
			above = 0;
	}
	if (below && above)
		insert_range(bootinfo, index + 1, to, to + above, range->type);
	if (below)
		range->length_bytes = below;
	else if (above)
		*range = (struct bootinfo_memory_range){ to, above, range->type };
	else
		remove_at(bootinfo, index);
	return true;
}

void memory_map_add(struct bootinfo *bootinfo, uint64_t base, uint64_t length_bytes,
		    enum bootinfo_memory_type type)
{
	uint64_t cursor = base, end = base + length_bytes;

	if (!length_bytes)
		return;
	if (end < base) {
		bootinfo->notes |= BOOTINFO_NOTE_BAD_RANGE;
		return;
	}
	/* Per range at most three steps: gap, cut, step over. */
	for (unsigned steps = 0; cursor < end && steps < 4 * BOOTINFO_RANGES_MAX; steps++) {
		uint64_t i = find_after(bootinfo, cursor);
		struct bootinfo_memory_range *range = &bootinfo->ranges[i];
		uint64_t stop = end;

		if (i < bootinfo->range_count && range->base <= cursor) {
			stop = range_end(range) < end ? range_end(range) : end;
			if (strictness(range->type) >= strictness(type) ||
			    !cut(bootinfo, i, cursor, stop)) {
				cursor = stop;
				continue;
			}
		} else if (i < bootinfo->range_count && range->base < end) {
			stop = range->base;
		}
		fill_gap(bootinfo, cursor, stop, type);
		cursor = stop;
	}
}
