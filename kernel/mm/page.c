/* SPDX-License-Identifier: MIT */
/*
 * Physical pages: one bit per usable page, set while the page is free.
 *
 *   firmware map --ranges.c--> usable minus everything else, whole pages,
 *   above 1 MiB = regions[] --> one bitmap, region after region, in usable
 *   memory below 4 GiB itself (all that the boot tables reach)
 *
 * The bitmap covers regions, not holes, so that memory far up costs nothing
 * for the gap below it. Allocation is first fit from the lowest address: what
 * start-up takes lies below 4 GiB, where page tables and the AP start code
 * need it.
 *
 * Overlays are two more such bitmaps while they are made: at each border the
 * pages are free again that were before, and what any overlay took is noted.
 *
 * Context: boot CPU. No locking. Deliberately no
 * size classes and no per-CPU lists: nothing is allocated on the I/O path.
 */
#include "kernel/mm/page.h"

#include "kernel/cpu/percpu.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/err.h"
#include "kernel/lib/mem.h"
#include "kernel/mm/paging.h"
#include "kernel/mm/ranges.h"

#define LOW_END 0x100000ull
#define LOW_START_PAGE_END 0xa0000ull /* SIPI vectors above are reserved */
#define BITMAP_LIMIT (4ull << 30)
#define WORD_BITS 64u

struct region {
	uint64_t first_page; /* page number: physical address / 4096 */
	uint64_t page_count;
	uint64_t *free_bits; /* bit i: page first_page + i is free */
	uint64_t lowest_free; /* no page of the region below it is free */
};

static struct {
	struct region regions[RANGES_MAX];
	uint32_t region_count;
	uint64_t free_count, total_count;
	phys_addr low_page;
	uint64_t *bits; /* of all regions */
	uint64_t words;
	struct range_list usable; /* start-up only */
} pages;

/* Bitmaps like pages.bits: before the overlays, and what all of them so far left free. */
static struct {
	phys_addr memory;
	uint64_t *before, *left;
	uint64_t free_before;
} overlay;

/* The first page from `i` on, below `end`, whose bit is `wanted`; else `end`. */
static uint64_t next_page(const struct region *region, uint64_t i, uint64_t end, bool wanted)
{
	while (i < end) {
		uint64_t word = region->free_bits[i / WORD_BITS];

		if (!wanted)
			word = ~word;
		word >>= i % WORD_BITS;
		if (word)
			return MIN(i + (uint64_t)__builtin_ctzll(word), end);
		i = align_down(i, WORD_BITS) + WORD_BITS;
	}
	return end;
}

static void set_free(struct region *region, uint64_t first, uint64_t count, bool is_free)
{
	while (count) {
		uint64_t bit = first % WORD_BITS;
		uint64_t span = MIN(count, WORD_BITS - bit);
		uint64_t mask = (span == WORD_BITS ? ~0ull : (1ull << span) - 1) << bit;

		if (is_free)
			region->free_bits[first / WORD_BITS] |= mask;
		else
			region->free_bits[first / WORD_BITS] &= ~mask;
		first += span;
		count -= span;
	}
}

/* Whole usable pages, with everything that anyone else claims taken out. */
static int find_usable(const struct bootinfo *bootinfo)
{
	const uint32_t usable = 1u << BOOTINFO_MEMORY_USABLE;
	uint64_t kernel_end = bootinfo->kernel_phys_base + bootinfo->kernel_length_bytes;
	int result;

	pages.usable.count = 0;
	result = ranges_add_types(&pages.usable, bootinfo, usable, RANGES_INWARD);
	if (!result)
		result = ranges_remove_types(&pages.usable, bootinfo, ~usable, RANGES_OUTWARD);
	if (!result)
		result = ranges_remove(&pages.usable,
				       align_down(bootinfo->kernel_phys_base, PAGE_BYTES),
				       align_up(kernel_end, PAGE_BYTES));
	return result;
}

/* The highest page that a SIPI can name: firmware data gathers at the bottom. */
static phys_addr find_low_page(void)
{
	for (uint64_t base = LOW_START_PAGE_END - PAGE_BYTES; base; base -= PAGE_BYTES) {
		if (ranges_contain(&pages.usable, base, base + PAGE_BYTES))
			return phys_make(base);
	}
	return phys_make(0);
}

/* Takes the bitmap's memory out of the usable ranges; value 0 if none fits. */
static phys_addr take_bitmap(uint64_t bytes)
{
	for (uint32_t i = 0; i < pages.usable.count; i++) {
		uint64_t base = pages.usable.items[i].base;
		uint64_t end = MIN(pages.usable.items[i].end, BITMAP_LIMIT);

		if (base < end && end - base >= bytes) {
			if (ranges_remove(&pages.usable, base, base + bytes))
				break;
			return phys_make(base);
		}
	}
	return phys_make(0);
}

static uint64_t bitmap_words(uint64_t page_count)
{
	return (page_count + WORD_BITS - 1) / WORD_BITS;
}

int page_init(const struct bootinfo *bootinfo)
{
	uint64_t words = 0, bytes;
	uint64_t *bits;
	phys_addr bitmap;

	if (find_usable(bootinfo))
		return -ERR_NO_MEMORY;
	pages.low_page = find_low_page();
	if (ranges_remove(&pages.usable, 0, LOW_END))
		return -ERR_NO_MEMORY;
	for (uint32_t i = 0; i < pages.usable.count; i++) {
		const struct range *range = &pages.usable.items[i];

		words += bitmap_words((range->end - range->base) / PAGE_BYTES);
	}
	bytes = align_up(words * sizeof(uint64_t), PAGE_BYTES);
	bitmap = take_bitmap(bytes);
	if (!bytes || !bitmap.value)
		return -ERR_NO_MEMORY;
	bits = phys_to_virt(bitmap);
	pages.bits = bits;
	pages.words = words;

	pages.region_count = 0;
	pages.total_count = 0;
	for (uint32_t i = 0; i < pages.usable.count; i++) {
		const struct range *range = &pages.usable.items[i];
		struct region *region = &pages.regions[pages.region_count++];

		*region = (struct region){
			.first_page = range->base / PAGE_BYTES,
			.page_count = (range->end - range->base) / PAGE_BYTES,
			.free_bits = bits,
		};
		set_free(region, 0, region->page_count, true);
		bits += bitmap_words(region->page_count);
		pages.total_count += region->page_count;
	}
	pages.free_count = pages.total_count;
	return 0;
}

/* Index of the first fitting run in the region; page_count when there is none. */
static uint64_t find_run(struct region *region, uint64_t count, uint64_t alignment)
{
	uint64_t end = region->page_count;
	uint64_t i = next_page(region, region->lowest_free, end, true);

	region->lowest_free = i;
	while (i < end) {
		uint64_t used;

		i = align_up(region->first_page + i, alignment) - region->first_page;
		if (i >= end || count > end - i)
			return end;
		used = next_page(region, i, i + count, false);
		if (used == i + count)
			return i;
		i = next_page(region, used, end, true);
	}
	return end;
}

phys_addr page_allocate(uint64_t count, uint64_t alignment_pages)
{
	cpu_assert_boot();
	assert_always(count > 0 && is_power_of_two(alignment_pages));
	for (uint32_t r = 0; r < pages.region_count; r++) {
		struct region *region = &pages.regions[r];
		uint64_t i = find_run(region, count, alignment_pages);

		if (i == region->page_count)
			continue;
		set_free(region, i, count, false);
		if (i == region->lowest_free)
			region->lowest_free = i + count;
		pages.free_count -= count;
		return phys_make((region->first_page + i) * PAGE_BYTES);
	}
	return phys_make(0);
}

static struct region *region_of(uint64_t page)
{
	for (uint32_t r = 0; r < pages.region_count; r++) {
		struct region *region = &pages.regions[r];

		if (page - region->first_page < region->page_count)
			return region;
	}
	return NULL;
}

void page_free(phys_addr base, uint64_t count)
{
	uint64_t page = base.value / PAGE_BYTES;
	struct region *region = region_of(page);
	uint64_t i;

	cpu_assert_boot();
	assert_always(base.value % PAGE_BYTES == 0 && region);
	i = page - region->first_page;
	assert_always(count <= region->page_count - i);
	assert_always(next_page(region, i, i + count, true) == i + count);
	set_free(region, i, count, true);
	region->lowest_free = MIN(region->lowest_free, i);
	pages.free_count += count;
}

/* --- overlays --- */

static uint64_t overlay_pages(void)
{
	return align_up(2 * pages.words * sizeof(uint64_t), PAGE_BYTES) / PAGE_BYTES;
}

/* Pages are free as `bits` say, and `count` of them. */
static void set_all(const uint64_t *bits, uint64_t count)
{
	memcpy(pages.bits, bits, pages.words * sizeof(bits[0]));
	for (uint32_t r = 0; r < pages.region_count; r++)
		pages.regions[r].lowest_free = 0;
	pages.free_count = count;
}

int page_overlay_begin(void)
{
	overlay.memory = page_allocate(overlay_pages(), 1);
	if (!overlay.memory.value)
		return -ERR_NO_MEMORY;
	overlay.before = phys_to_virt(overlay.memory);
	overlay.left = overlay.before + pages.words;
	overlay.free_before = pages.free_count;
	memcpy(overlay.before, pages.bits, pages.words * sizeof(pages.bits[0]));
	memcpy(overlay.left, pages.bits, pages.words * sizeof(pages.bits[0]));
	return 0;
}

void page_overlay_next(void)
{
	for (uint64_t i = 0; i < pages.words; i++)
		overlay.left[i] &= pages.bits[i];
	set_all(overlay.before, overlay.free_before);
}

void page_overlay_end(void)
{
	uint64_t taken = 0;

	page_overlay_next();
	for (uint64_t i = 0; i < pages.words; i++)
		for (uint64_t bits = overlay.before[i] & ~overlay.left[i]; bits; bits &= bits - 1)
			taken++;
	set_all(overlay.left, overlay.free_before - taken);
	page_free(overlay.memory, overlay_pages());
}

uint64_t page_free_count(void)
{
	return pages.free_count;
}

uint64_t page_total_count(void)
{
	return pages.total_count;
}

phys_addr page_low(void)
{
	return pages.low_page;
}
