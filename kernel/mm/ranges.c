/* SPDX-License-Identifier: MIT */
/*
 * Sets of physical addresses, kept sorted so that adding merges and removing
 * splits in one pass. Used at start to turn a firmware map that may be
 * unsorted, overlapping or wrong into what is surely memory.
 *
 * The caller owns the list. No locking. Deliberately no tree: a map has tens
 * of ranges and is read once.
 */
#include "kernel/mm/ranges.h"

#include "kernel/lib/err.h"

/* Index of the first item that ends at or after `address`. */
static uint32_t first_reaching(const struct range_list *list, uint64_t address)
{
	uint32_t i = 0;

	while (i < list->count && list->items[i].end < address)
		i++;
	return i;
}

/* Replaces items [first, last) by `count` (0..2) others. */
static int replace(struct range_list *list, uint32_t first, uint32_t last,
		   const struct range *with, uint32_t count)
{
	uint32_t tail = list->count - last;
	uint32_t new_count = first + count + tail;

	if (new_count > RANGES_MAX)
		return -ERR_FULL;
	if (first + count > last) {
		for (uint32_t i = tail; i-- > 0;)
			list->items[first + count + i] = list->items[last + i];
	} else {
		for (uint32_t i = 0; i < tail; i++)
			list->items[first + count + i] = list->items[last + i];
	}
	for (uint32_t i = 0; i < count; i++)
		list->items[first + i] = with[i];
	list->count = new_count;
	return 0;
}

int ranges_add(struct range_list *list, uint64_t base, uint64_t end)
{
	struct range merged = { base, end };
	uint32_t first = first_reaching(list, base);
	uint32_t last = first;

	if (base >= end)
		return 0;
	while (last < list->count && list->items[last].base <= end) {
		merged.base = MIN(merged.base, list->items[last].base);
		merged.end = MAX(merged.end, list->items[last].end);
		last++;
	}
	return replace(list, first, last, &merged, 1);
}

int ranges_remove(struct range_list *list, uint64_t base, uint64_t end)
{
	struct range rest[2];
	uint32_t rest_count = 0;
	uint32_t first = first_reaching(list, base);
	uint32_t last = first;

	if (base >= end)
		return 0;
	for (; last < list->count && list->items[last].base < end; last++) {
		const struct range *item = &list->items[last];

		if (item->base < base)
			rest[rest_count++] = (struct range){ item->base, MIN(item->end, base) };
		if (item->end > end)
			rest[rest_count++] = (struct range){ end, item->end };
	}
	return replace(list, first, last, rest, rest_count);
}

bool ranges_contain(const struct range_list *list, uint64_t base, uint64_t end)
{
	uint32_t i = first_reaching(list, base);

	if (i < list->count && list->items[i].end == base)
		i++;
	return base < end && i < list->count && list->items[i].base <= base &&
	       end <= list->items[i].end;
}

bool ranges_overlap(const struct range_list *list, uint64_t base, uint64_t end)
{
	uint32_t i = first_reaching(list, base);

	if (i < list->count && list->items[i].end == base)
		i++;
	return base < end && i < list->count && list->items[i].base < end;
}

/* The whole pages of a firmware range; empty when nothing is left. */
static struct range firmware_pages(const struct bootinfo_memory_range *range,
				   enum ranges_rounding rounding)
{
	uint64_t base = MIN(range->base, RANGES_PHYS_LIMIT);
	uint64_t length_bytes = MIN(range->length_bytes, RANGES_PHYS_LIMIT - base);
	uint64_t end = base + length_bytes;

	if (!length_bytes)
		return (struct range){ 0, 0 };
	if (rounding == RANGES_INWARD)
		return (struct range){ align_up(base, PAGE_BYTES), align_down(end, PAGE_BYTES) };
	return (struct range){ align_down(base, PAGE_BYTES), align_up(end, PAGE_BYTES) };
}

static bool type_matches(uint64_t type, uint32_t type_mask)
{
	if (type < BOOTINFO_MEMORY_USABLE || type > BOOTINFO_MEMORY_KERNEL)
		type = BOOTINFO_MEMORY_RESERVED;
	return type_mask >> type & 1;
}

static int for_each_type(struct range_list *list, const struct bootinfo *bootinfo,
			 uint32_t type_mask, enum ranges_rounding rounding,
			 int (*change)(struct range_list *, uint64_t, uint64_t))
{
	uint64_t count = MIN(bootinfo->range_count, (uint64_t)BOOTINFO_RANGES_MAX);

	for (uint64_t i = 0; i < count; i++) {
		struct range pages;
		int result;

		if (!type_matches(bootinfo->ranges[i].type, type_mask))
			continue;
		pages = firmware_pages(&bootinfo->ranges[i], rounding);
		result = change(list, pages.base, pages.end);
		if (result)
			return result;
	}
	return 0;
}

int ranges_add_types(struct range_list *list, const struct bootinfo *bootinfo,
		     uint32_t type_mask, enum ranges_rounding rounding)
{
	return for_each_type(list, bootinfo, type_mask, rounding, ranges_add);
}

int ranges_remove_types(struct range_list *list, const struct bootinfo *bootinfo,
			uint32_t type_mask, enum ranges_rounding rounding)
{
	return for_each_type(list, bootinfo, type_mask, rounding, ranges_remove);
}
