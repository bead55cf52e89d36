/* SPDX-License-Identifier: MIT */
/* Sets of physical addresses (kernel/mm/ranges.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/lib/err.h"
#include "kernel/mm/ranges.h"
#include "tests/unit/kernel/mm/fake_memory.h"

static struct range_list list;

static int reset(void **state)
{
	(void)state;
	memset(&list, 0, sizeof(list));
	return 0;
}

static void assert_item(uint32_t index, uint64_t base, uint64_t end)
{
	assert_true(index < list.count);
	assert_int_equal(list.items[index].base, base);
	assert_int_equal(list.items[index].end, end);
}

static void touching_ranges_become_one(void **state)
{
	(void)state;
	assert_int_equal(ranges_add(&list, 20, 30), 0);
	assert_int_equal(ranges_add(&list, 0, 10), 0);
	assert_int_equal(list.count, 2);
	assert_int_equal(ranges_add(&list, 10, 20), 0);
	assert_int_equal(list.count, 1);
	assert_item(0, 0, 30);
}

static void removing_from_the_middle_splits(void **state)
{
	(void)state;
	ranges_add(&list, 0, 100);
	assert_int_equal(ranges_remove(&list, 40, 60), 0);
	assert_int_equal(list.count, 2);
	assert_item(0, 0, 40);
	assert_item(1, 60, 100);
}

static void empty_and_inverted_ranges_change_nothing(void **state)
{
	(void)state;
	ranges_add(&list, 10, 20);
	assert_int_equal(ranges_add(&list, 15, 15), 0);
	assert_int_equal(ranges_add(&list, 30, 5), 0);
	assert_int_equal(ranges_remove(&list, 15, 15), 0);
	assert_int_equal(ranges_remove(&list, 18, 12), 0);
	assert_int_equal(list.count, 1);
	assert_item(0, 10, 20);
	assert_false(ranges_contain(&list, 12, 12));
	assert_false(ranges_overlap(&list, 12, 12));
}

static void full_list_refuses_and_stays(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < RANGES_MAX; i++)
		assert_int_equal(ranges_add(&list, 10 * i, 10 * i + 5), 0);
	assert_int_equal(ranges_add(&list, 10 * RANGES_MAX, 10 * RANGES_MAX + 5), -ERR_FULL);
	assert_int_equal(ranges_remove(&list, 1, 2), -ERR_FULL);
	assert_int_equal(list.count, RANGES_MAX);
	assert_item(0, 0, 5);
	assert_item(RANGES_MAX - 1, 10 * (RANGES_MAX - 1), 10 * (RANGES_MAX - 1) + 5);
	assert_int_equal(ranges_add(&list, 5, 10), 0); /* merging needs no room */
	assert_int_equal(list.count, RANGES_MAX - 1);
}

#define UNIVERSE 160u

static void assert_equals_model(const bool *model)
{
	for (uint32_t i = 0; i < list.count; i++) {
		assert_true(list.items[i].base < list.items[i].end);
		if (i)
			assert_true(list.items[i - 1].end < list.items[i].base);
	}
	for (uint64_t a = 0; a < UNIVERSE; a++)
		assert_int_equal(ranges_contain(&list, a, a + 1), model[a]);
}

static void random_changes_equal_a_set_of_points(void **state)
{
	(void)state;
	uint64_t seed = 1;
	bool model[UNIVERSE] = { false };
	for (unsigned step = 0; step < 20000; step++) {
		uint64_t base = fake_random(&seed) % UNIVERSE;
		uint64_t end = base + fake_random(&seed) % (UNIVERSE - base) / 4 + 1;
		bool adds = fake_random(&seed) & 1;
		bool all = true, any = false;
		for (uint64_t a = base; a < end; a++) {
			all &= model[a];
			any |= model[a];
		}
		assert_int_equal(ranges_contain(&list, base, end), all);
		assert_int_equal(ranges_overlap(&list, base, end), any);
		assert_int_equal((adds ? ranges_add : ranges_remove)(&list, base, end), 0);
		for (uint64_t a = base; a < end; a++)
			model[a] = adds;
		if (step % 16 == 0)
			assert_equals_model(model);
	}
	assert_equals_model(model);
}

static void pages_are_rounded_as_asked(void **state)
{
	(void)state;
	static struct bootinfo map;
	map.range_count = 0;
	fake_map_add(&map, 0x1001, 0x2fff, BOOTINFO_MEMORY_USABLE); /* ends at 0x4000 */
	fake_map_add(&map, 0x8001, 0x0ffe, BOOTINFO_MEMORY_USABLE); /* no whole page */
	assert_int_equal(ranges_add_types(&list, &map, 1u << BOOTINFO_MEMORY_USABLE,
					  RANGES_INWARD), 0);
	assert_int_equal(list.count, 1);
	assert_item(0, 0x2000, 0x4000);
	list.count = 0;
	assert_int_equal(ranges_add_types(&list, &map, 1u << BOOTINFO_MEMORY_USABLE,
					  RANGES_OUTWARD), 0);
	assert_int_equal(list.count, 2);
	assert_item(0, 0x1000, 0x4000);
	assert_item(1, 0x8000, 0x9000);
}

static void wrapping_ranges_end_at_the_limit(void **state)
{
	(void)state;
	static struct bootinfo map;
	map.range_count = 0;
	fake_map_add(&map, RANGES_PHYS_LIMIT - 0x2000, UINT64_MAX, BOOTINFO_MEMORY_USABLE);
	fake_map_add(&map, UINT64_MAX - 0xfff, 0x1000, BOOTINFO_MEMORY_USABLE);
	fake_map_add(&map, 0x5000, 0, BOOTINFO_MEMORY_USABLE);
	ranges_add_types(&list, &map, 1u << BOOTINFO_MEMORY_USABLE, RANGES_OUTWARD);
	assert_int_equal(list.count, 1);
	assert_item(0, RANGES_PHYS_LIMIT - 0x2000, RANGES_PHYS_LIMIT);
}

static void unknown_types_count_as_reserved(void **state)
{
	(void)state;
	static struct bootinfo map;
	map.range_count = 0;
	fake_map_add(&map, 0x1000, 0x1000, 0);
	fake_map_add(&map, 0x3000, 0x1000, 77);
	fake_map_add(&map, 0x5000, 0x1000, UINT64_MAX);
	ranges_add_types(&list, &map, ~(1u << BOOTINFO_MEMORY_RESERVED), RANGES_INWARD);
	assert_int_equal(list.count, 0);
	ranges_add_types(&list, &map, 1u << BOOTINFO_MEMORY_RESERVED, RANGES_INWARD);
	assert_int_equal(list.count, 3);
}

static void absurd_count_stays_inside_the_map(void **state)
{
	(void)state;
	static struct bootinfo map;
	memset(&map, 0, sizeof(map));
	map.range_count = UINT64_MAX;
	assert_int_equal(ranges_add_types(&list, &map, ~0u, RANGES_OUTWARD), 0);
	assert_int_equal(list.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(touching_ranges_become_one, reset),
		cmocka_unit_test_setup(removing_from_the_middle_splits, reset),
		cmocka_unit_test_setup(empty_and_inverted_ranges_change_nothing, reset),
		cmocka_unit_test_setup(full_list_refuses_and_stays, reset),
		cmocka_unit_test_setup(random_changes_equal_a_set_of_points, reset),
		cmocka_unit_test_setup(pages_are_rounded_as_asked, reset),
		cmocka_unit_test_setup(wrapping_ranges_end_at_the_limit, reset),
		cmocka_unit_test_setup(unknown_types_count_as_reserved, reset),
		cmocka_unit_test_setup(absurd_count_stays_inside_the_map, reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
