/* SPDX-License-Identifier: MIT */
/*
 * The memory map against a byte-per-page model: whatever ranges come in
 * whatever order, the result is sorted, disjoint and says the strictest thing
 * that anyone said of each page; with too many ranges it says less is usable,
 * never more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot/memory_map.h"

#define PAGES 4096u
#define PAGE 0x1000ull

static struct bootinfo bootinfo;
static uint8_t model[PAGES]; /* strictness + 1; 0: nobody said anything */

static int setup(void **state)
{
	(void)state;
	memset(&bootinfo, 0, sizeof(bootinfo));
	memset(model, 0, sizeof(model));
	return 0;
}

static uint8_t model_value(uint64_t type)
{
	switch (type) {
	case BOOTINFO_MEMORY_USABLE:
		return 1;
	case BOOTINFO_MEMORY_ACPI:
		return 2;
	case BOOTINFO_MEMORY_RESERVED:
		return 3;
	default:
		return 4;
	}
}

static void add(uint64_t page, uint64_t pages, enum bootinfo_memory_type type)
{
	memory_map_add(&bootinfo, page * PAGE, pages * PAGE, type);
	for (uint64_t i = page; i < page + pages; i++)
		if (model[i] < model_value(type))
			model[i] = model_value(type);
}

static void assert_sorted_and_disjoint(void)
{
	assert_true(bootinfo.range_count <= BOOTINFO_RANGES_MAX);
	for (uint64_t i = 0; i < bootinfo.range_count; i++) {
		const struct bootinfo_memory_range *range = &bootinfo.ranges[i];

		assert_true(range->length_bytes > 0);
		assert_true(range->base + range->length_bytes > range->base);
		if (i > 0)
			assert_true(range[-1].base + range[-1].length_bytes <= range->base);
	}
}

static void paint(uint8_t *pages)
{
	memset(pages, 0, PAGES);
	for (uint64_t i = 0; i < bootinfo.range_count; i++) {
		const struct bootinfo_memory_range *range = &bootinfo.ranges[i];

		memset(pages + range->base / PAGE, model_value(range->type),
		       range->length_bytes / PAGE);
	}
}

static void assert_equals_model(void)
{
	uint8_t pages[PAGES];

	assert_sorted_and_disjoint();
	paint(pages);
	assert_memory_equal(pages, model, PAGES);
}

static void touching_ranges_of_one_type_become_one(void **state)
{
	(void)state;
	add(10, 5, BOOTINFO_MEMORY_USABLE);
	add(20, 5, BOOTINFO_MEMORY_USABLE);
	add(15, 5, BOOTINFO_MEMORY_USABLE);
	assert_equals_model();
	assert_int_equal(bootinfo.range_count, 1);
}

static void stricter_type_cuts_a_hole(void **state)
{
	(void)state;
	add(0, 100, BOOTINFO_MEMORY_USABLE);
	add(40, 10, BOOTINFO_MEMORY_KERNEL);
	assert_equals_model();
	assert_int_equal(bootinfo.range_count, 3);
}

static void weaker_type_fills_only_the_gaps(void **state)
{
	(void)state;
	add(10, 10, BOOTINFO_MEMORY_RESERVED);
	add(30, 10, BOOTINFO_MEMORY_ACPI);
	add(0, 50, BOOTINFO_MEMORY_USABLE);
	assert_equals_model();
	assert_int_equal(bootinfo.range_count, 5);
}

static void wrapping_range_is_ignored_and_noted(void **state)
{
	(void)state;
	memory_map_add(&bootinfo, UINT64_MAX - 0xfff, 0x2000, BOOTINFO_MEMORY_USABLE);
	memory_map_add(&bootinfo, 0x1000, UINT64_MAX, BOOTINFO_MEMORY_USABLE);
	assert_int_equal(bootinfo.range_count, 0);
	assert_int_equal(bootinfo.notes, BOOTINFO_NOTE_BAD_RANGE);
}

static void empty_range_is_ignored(void **state)
{
	(void)state;
	memory_map_add(&bootinfo, 0x1000, 0, BOOTINFO_MEMORY_USABLE);
	assert_int_equal(bootinfo.range_count, 0);
	assert_int_equal(bootinfo.notes, 0);
}

static void random_ranges_equal_the_model(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < 300; seed++) {
		setup(NULL);
		srand(seed);
		for (unsigned i = 0; i < 60; i++) {
			uint64_t page = (uint64_t)rand() % (PAGES - 200);

			add(page, (uint64_t)rand() % 200,
			    (enum bootinfo_memory_type)(1 + rand() % 4));
		}
		assert_int_equal(bootinfo.notes, 0);
		assert_equals_model();
	}
}

/* Firmware first, the kernel's own last: the order that the contract asks. */
static void overflow_never_makes_memory_usable(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < 50; seed++) {
		uint8_t pages[PAGES];

		setup(NULL);
		srand(seed);
		for (unsigned i = 0; i < 1500; i++)
			add((uint64_t)rand() % (PAGES - 9), 1 + (uint64_t)rand() % 8,
			    (enum bootinfo_memory_type)(1 + rand() % 3));
		for (unsigned i = 0; i < 6; i++)
			add((uint64_t)rand() % (PAGES - 40), 40, BOOTINFO_MEMORY_KERNEL);
		assert_true(bootinfo.notes & BOOTINFO_NOTE_MAP_FULL);
		assert_sorted_and_disjoint();
		paint(pages);
		for (unsigned i = 0; i < PAGES; i++)
			if (pages[i] == 1)
				assert_int_equal(model[i], 1);
	}
}

static void full_map_of_reserved_ranges_keeps_the_usable_one(void **state)
{
	(void)state;
	add(PAGES - 100, 100, BOOTINFO_MEMORY_USABLE);
	for (uint64_t i = 0; i < BOOTINFO_RANGES_MAX + 50; i++)
		add(i * 4, 2, BOOTINFO_MEMORY_RESERVED);
	assert_sorted_and_disjoint();
	assert_int_equal(bootinfo.notes, BOOTINFO_NOTE_MAP_FULL);
	assert_int_equal(bootinfo.ranges[bootinfo.range_count - 1].type, BOOTINFO_MEMORY_USABLE);
	assert_int_equal(bootinfo.ranges[bootinfo.range_count - 1].length_bytes, 100 * PAGE);
}

static void full_map_merges_over_gaps_into_reserved(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < BOOTINFO_RANGES_MAX; i++)
		add(i * 4, 2, i == 0 ? BOOTINFO_MEMORY_ACPI : BOOTINFO_MEMORY_RESERVED);
	add(2000, 1, BOOTINFO_MEMORY_USABLE);
	assert_sorted_and_disjoint();
	assert_int_equal(bootinfo.range_count, BOOTINFO_RANGES_MAX);
	assert_int_equal(bootinfo.ranges[0].length_bytes, 6 * PAGE);
	assert_int_equal(bootinfo.ranges[0].type, BOOTINFO_MEMORY_RESERVED);
}

static void full_map_gives_up_the_smaller_side_of_a_cut(void **state)
{
	uint64_t last = BOOTINFO_RANGES_MAX - 1;

	for (uint64_t below = 10; below <= 60; below += 50) {
		setup(state);
		for (uint64_t i = 0; i < last; i++)
			add(i * 4, 2, BOOTINFO_MEMORY_USABLE);
		add(2000, 80, BOOTINFO_MEMORY_USABLE);
		add(2000 + below, 10, BOOTINFO_MEMORY_KERNEL);
		assert_sorted_and_disjoint();
		assert_int_equal(bootinfo.notes, BOOTINFO_NOTE_MAP_FULL);
		/* The larger side and the cut itself; a small one made room for it. */
		assert_int_equal(bootinfo.ranges[below == 10 ? last : last - 1].length_bytes,
				 60 * PAGE);
	}
}

static void full_map_of_usable_ranges_gives_up_the_smallest(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < BOOTINFO_RANGES_MAX; i++)
		add(i * 4, i == 77 ? 1 : 2, BOOTINFO_MEMORY_USABLE);
	assert_int_equal(bootinfo.range_count, BOOTINFO_RANGES_MAX);
	add(2000, 10, BOOTINFO_MEMORY_USABLE);
	assert_int_equal(bootinfo.notes, BOOTINFO_NOTE_MAP_FULL);
	assert_int_equal(bootinfo.range_count, BOOTINFO_RANGES_MAX);
	for (uint64_t i = 0; i < bootinfo.range_count; i++)
		assert_int_not_equal(bootinfo.ranges[i].base, 77 * 4 * PAGE);
	assert_int_equal(bootinfo.ranges[BOOTINFO_RANGES_MAX - 1].length_bytes, 10 * PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(touching_ranges_of_one_type_become_one, setup),
		cmocka_unit_test_setup(stricter_type_cuts_a_hole, setup),
		cmocka_unit_test_setup(weaker_type_fills_only_the_gaps, setup),
		cmocka_unit_test_setup(wrapping_range_is_ignored_and_noted, setup),
		cmocka_unit_test_setup(empty_range_is_ignored, setup),
		cmocka_unit_test_setup(random_ranges_equal_the_model, setup),
		cmocka_unit_test_setup(overflow_never_makes_memory_usable, setup),
		cmocka_unit_test_setup(full_map_of_reserved_ranges_keeps_the_usable_one, setup),
		cmocka_unit_test_setup(full_map_merges_over_gaps_into_reserved, setup),
		cmocka_unit_test_setup(full_map_gives_up_the_smaller_side_of_a_cut, setup),
		cmocka_unit_test_setup(full_map_of_usable_ranges_gives_up_the_smallest, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
