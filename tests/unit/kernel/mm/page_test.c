/* SPDX-License-Identifier: MIT */
/* The page allocator (kernel/mm/page.c), also against models. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/lib/err.h"
#include "kernel/mm/dma.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/page.h"
#include "kernel/mm/paging.h"
#include "tests/unit/kernel/mm/fake_memory.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)

static struct bootinfo map;

static int reset(void **state)
{
	(void)state;
	memset(&map, 0, sizeof(map));
	fake_memory_reset();
	return 0;
}

static void add(uint64_t base, uint64_t length_bytes, enum bootinfo_memory_type type)
{
	fake_map_add(&map, base, length_bytes, type);
}

/* What is left of `pages` usable ones behind their own bitmap. */
static uint64_t without_bitmap(uint64_t pages)
{
	return pages - (pages + 8 * PAGE_BYTES - 1) / (8 * PAGE_BYTES);
}

static void sixty_four_mib_machine(void **state)
{
	(void)state;
	add(0, 0x9fc00, BOOTINFO_MEMORY_USABLE);
	add(0x9fc00, 0x400, BOOTINFO_MEMORY_RESERVED);
	add(MIB, 63 * MIB, BOOTINFO_MEMORY_USABLE);
	map.kernel_phys_base = 2 * MIB;
	map.kernel_length_bytes = MIB;
	assert_int_equal(page_init(&map), 0);
	assert_int_equal(page_total_count(), without_bitmap(62 * MIB / PAGE_BYTES));
	assert_int_equal(page_free_count(), page_total_count());
	assert_int_equal(page_low().value, 0x9e000);
}

static void gap_up_to_a_terabyte_costs_nothing(void **state)
{
	(void)state;
	add(MIB, 3 * GIB - MIB, BOOTINFO_MEMORY_USABLE);
	add(4 * GIB, 61 * GIB, BOOTINFO_MEMORY_USABLE);
	add(1024 * GIB, 4 * MIB, BOOTINFO_MEMORY_USABLE);
	uint64_t pages = (64 * GIB + 3 * MIB) / PAGE_BYTES;
	assert_int_equal(page_init(&map), 0);
	assert_in_range(pages - page_total_count(), 512, 514); /* 2 MiB of bits */
	assert_int_equal(page_allocate(61 * GIB / PAGE_BYTES, 1).value, 4 * GIB);
	assert_int_equal(page_allocate(1024, 1).value, 3 * MIB + 0x1000);
}

static void memory_only_above_4_gib_is_refused(void **state)
{
	(void)state;
	add(0, 640 << 10, BOOTINFO_MEMORY_USABLE);
	add(4 * GIB, GIB, BOOTINFO_MEMORY_USABLE);
	assert_int_equal(page_init(&map), -ERR_NO_MEMORY);
}

static void no_memory_is_refused(void **state)
{
	(void)state;
	assert_int_equal(page_init(&map), -ERR_NO_MEMORY);
	add(0, MIB, BOOTINFO_MEMORY_USABLE);
	assert_int_equal(page_init(&map), -ERR_NO_MEMORY);
	add(MIB, GIB, BOOTINFO_MEMORY_RESERVED);
	assert_int_equal(page_init(&map), -ERR_NO_MEMORY);
}

static void single_page_goes_to_its_own_bitmap(void **state)
{
	(void)state;
	add(MIB, PAGE_BYTES, BOOTINFO_MEMORY_USABLE);
	assert_int_equal(page_init(&map), 0);
	assert_int_equal(page_total_count(), 0);
	assert_int_equal(page_allocate(1, 1).value, 0);
}

static void reserved_wins_whatever_the_order(void **state)
{
	(void)state;
	add(8 * MIB, MIB, BOOTINFO_MEMORY_RESERVED);
	add(2 * MIB, 8 * MIB, BOOTINFO_MEMORY_USABLE); /* unsorted, overlapping */
	add(MIB, 4 * MIB, BOOTINFO_MEMORY_USABLE);
	add(6 * MIB + 1, 1, BOOTINFO_MEMORY_ACPI); /* spoils a page */
	assert_int_equal(page_init(&map), 0);
	assert_int_equal(page_total_count(), 8 * MIB / PAGE_BYTES - 1 - 1);
	for (phys_addr page = page_allocate(1, 1); page.value; page = page_allocate(1, 1)) {
		assert_false(page.value >= 8 * MIB && page.value < 9 * MIB);
		assert_int_not_equal(page.value, 6 * MIB);
	}
}

static void kernel_image_is_never_handed_out(void **state)
{
	(void)state;
	add(MIB, 4 * MIB, BOOTINFO_MEMORY_USABLE);
	map.kernel_phys_base = 2 * MIB + 0x800;
	map.kernel_length_bytes = 0x1000; /* touches two pages */
	assert_int_equal(page_init(&map), 0);
	assert_int_equal(page_total_count(), 4 * MIB / PAGE_BYTES - 1 - 2);
}

static void low_page_avoids_reserved_and_stays_below_640k(void **state)
{
	(void)state;
	add(0, 16 * MIB, BOOTINFO_MEMORY_USABLE);
	add(0x9d001, 0x3000, BOOTINFO_MEMORY_RESERVED);
	assert_int_equal(page_init(&map), 0);
	assert_int_equal(page_low().value, 0x9c000);
	for (phys_addr page = page_allocate(1, 1); page.value; page = page_allocate(1, 1))
		assert_true(page.value >= MIB);
}

static void page_zero_is_no_low_page(void **state)
{
	(void)state;
	add(0, PAGE_BYTES, BOOTINFO_MEMORY_USABLE);
	add(MIB, MIB, BOOTINFO_MEMORY_USABLE);
	assert_int_equal(page_init(&map), 0);
	assert_int_equal(page_low().value, 0);
}

static void alignment_is_honoured(void **state)
{
	(void)state;
	add(MIB + PAGE_BYTES, 14 * MIB, BOOTINFO_MEMORY_USABLE);
	assert_int_equal(page_init(&map), 0);
	for (uint64_t alignment = 1; alignment <= 1024; alignment *= 2) {
		phys_addr page = page_allocate(3, alignment);
		assert_int_not_equal(page.value, 0);
		assert_int_equal(page.value % (alignment * PAGE_BYTES), 0);
	}
	assert_int_equal(page_allocate(1, 1ull << 40).value, 0);
	assert_int_equal(page_allocate(1, 1ull << 63).value, 0);
}

static void exhaustion_returns_nothing_and_freeing_helps(void **state)
{
	(void)state;
	add(MIB, 4 * MIB, BOOTINFO_MEMORY_USABLE);
	assert_int_equal(page_init(&map), 0);
	uint64_t all = page_total_count();
	assert_int_equal(page_allocate(all + 1, 1).value, 0);
	assert_int_equal(page_allocate(UINT64_MAX, 1).value, 0);
	phys_addr base = page_allocate(all, 1);
	assert_int_not_equal(base.value, 0);
	assert_int_equal(page_free_count(), 0);
	assert_int_equal(page_allocate(1, 1).value, 0);
	page_free(phys_add(base, 100 * PAGE_BYTES), 1);
	assert_int_equal(page_allocate(2, 1).value, 0);
	assert_int_equal(page_allocate(1, 1).value, base.value + 100 * PAGE_BYTES);
}

static void wrong_frees_are_bugs(void **state)
{
	(void)state;
	add(MIB, 4 * MIB, BOOTINFO_MEMORY_USABLE);
	add(8 * MIB, MIB, BOOTINFO_MEMORY_USABLE);
	assert_int_equal(page_init(&map), 0);
	phys_addr base = page_allocate(4, 1);
	expect_assert_failure(page_free(base, 5)); /* the fifth is free */
	expect_assert_failure(page_free(phys_add(base, 1), 1));
	expect_assert_failure(page_free(phys_make(64 * MIB), 1)); /* not ours */
	expect_assert_failure(page_free(phys_make(MIB), 1)); /* the bitmap */
	expect_assert_failure(page_free(base, UINT64_MAX));
	page_free(base, 4);
	expect_assert_failure(page_free(base, 1)); /* twice */
	expect_assert_failure(page_allocate(0, 1));
	expect_assert_failure(page_allocate(1, 3));
}

/* --- random allocation and freeing against an owner per page --- */

#define MODEL_PAGES 2048u /* 1 MiB .. 9 MiB */
#define HELD_MAX 128u

static struct {
	uint32_t owner[MODEL_PAGES]; /* 0 free, UINT32_MAX not memory */
	struct {
		uint64_t page, count;
	} held[HELD_MAX];
	unsigned held_count;
} model;

static void model_take(uint64_t page, uint64_t count, uint64_t alignment, uint32_t who)
{
	assert_int_equal(page % alignment, 0);
	uint64_t first = page - MIB / PAGE_BYTES;
	for (uint64_t i = first; i < first + count; i++) {
		assert_true(i < MODEL_PAGES);
		assert_int_equal(model.owner[i], 0);
		model.owner[i] = who;
	}
	model.held[model.held_count].page = page;
	model.held[model.held_count++].count = count;
}

static bool model_has_run(uint64_t count, uint64_t alignment)
{
	uint64_t run = 0;
	for (uint64_t i = MODEL_PAGES; i-- > 0;) {
		run = model.owner[i] ? 0 : run + 1;
		if (run >= count && (i + MIB / PAGE_BYTES) % alignment == 0)
			return true;
	}
	return false;
}

static void model_give_back(unsigned index)
{
	uint64_t first = model.held[index].page - MIB / PAGE_BYTES;
	page_free(phys_make(model.held[index].page * PAGE_BYTES), model.held[index].count);
	for (uint64_t i = first; i < first + model.held[index].count; i++)
		model.owner[i] = 0;
	model.held[index] = model.held[--model.held_count];
}

/* A random map in the model's window; owner[] says what must be memory. */
static void random_map(uint64_t *seed)
{
	map.range_count = 0;
	memset(&model, 0xff, sizeof(model.owner));
	model.held_count = 0;
	for (unsigned pass = 0; pass < 2; pass++) {
		bool usable = pass == 0; /* the rest wins, so the model writes it last */
		unsigned count = 1 + (unsigned)(fake_random(seed) % 12);
		for (unsigned i = 0; i < count; i++) {
			uint64_t at = fake_random(seed) % (MODEL_PAGES * 4);
			uint64_t quarters = fake_random(seed) % (usable ? 4000 : 200);
			quarters = MIN(quarters, MODEL_PAGES * 4 - at);
			fake_map_add(&map, MIB + at * 1024, quarters * 1024,
				     usable ? BOOTINFO_MEMORY_USABLE : 2 + i % 4);
			uint64_t first = usable ? (at + 3) / 4 : at / 4;
			uint64_t end = usable ? (at + quarters) / 4 : (at + quarters + 3) / 4;
			for (uint64_t p = first; quarters && p < end; p++)
				model.owner[p] = usable ? 0 : UINT32_MAX;
		}
	}
	/* The firmware's order is none. */
	for (uint64_t i = map.range_count; i-- > 1;) {
		uint64_t j = fake_random(seed) % (i + 1);
		struct bootinfo_memory_range swapped = map.ranges[i];
		map.ranges[i] = map.ranges[j];
		map.ranges[j] = swapped;
	}
}

static uint64_t model_free_count(void)
{
	uint64_t count = 0;
	for (unsigned i = 0; i < MODEL_PAGES; i++)
		count += !model.owner[i];
	return count;
}

/* One page of bitmap covers the window: the first usable one. */
static void model_take_bitmap(void)
{
	for (unsigned i = 0; i < MODEL_PAGES; i++) {
		if (!model.owner[i]) {
			model.owner[i] = UINT32_MAX;
			return;
		}
	}
}

static void random_use_equals_a_model(void **state)
{
	(void)state;
	uint64_t seed = 42;
	for (unsigned round = 0; round < 60; round++) {
		random_map(&seed);
		if (!model_free_count()) {
			assert_int_equal(page_init(&map), -ERR_NO_MEMORY);
			continue;
		}
		model_take_bitmap();
		assert_int_equal(page_init(&map), 0);
		assert_int_equal(page_total_count(), model_free_count());
		for (unsigned step = 0; step < 1500; step++) {
			if (model.held_count && (model.held_count == HELD_MAX ||
						 fake_random(&seed) % 5 < 2)) {
				model_give_back((unsigned)(fake_random(&seed) % model.held_count));
				continue;
			}
			uint64_t count_max = fake_random(&seed) % 8 ? 8 : 300;
			uint64_t count = 1 + fake_random(&seed) % count_max;
			uint64_t alignment = 1ull << fake_random(&seed) % 6;
			phys_addr base = page_allocate(count, alignment);
			if (base.value)
				model_take(base.value / PAGE_BYTES, count, alignment, step + 1);
			else
				assert_false(model_has_run(count, alignment));
			if (step % 64 == 0)
				assert_int_equal(page_free_count(), model_free_count());
		}
		while (model.held_count)
			model_give_back(0);
		assert_int_equal(page_free_count(), page_total_count());
	}
}

/* --- overlays --- */

static void overlays_get_the_same_pages_and_keep_them(void **state)
{
	(void)state;
	add(MIB, 2 * MIB, BOOTINFO_MEMORY_USABLE);
	add(4 * MIB, 4 * MIB, BOOTINFO_MEMORY_USABLE);
	assert_int_equal(page_init(&map), 0);
	uint64_t mine = page_allocate(100, 1).value, left = page_free_count(), small = 0;
	assert_int_equal(page_overlay_begin(), 0);
	/* Each has nearly all that there is; what it took is whole, and not `mine`. */
	for (unsigned round = 0; round < 3; round++) {
		small = page_allocate(300, 1).value;
		assert_true(small >= mine + 100 * PAGE_BYTES && small < 3 * MIB);
		assert_int_equal(page_allocate(1000, 1).value, 4 * MIB);
		assert_int_equal(page_allocate(1000, 1).value, 0);
		page_overlay_next();
	}
	assert_int_equal(page_allocate(1024, 1).value, 4 * MIB);
	page_overlay_end();
	assert_int_equal(page_free_count(), left - 300 - 1024);
	/* Nothing of any of them is given to others. */
	for (uint64_t page; (page = page_allocate(1, 1).value); left--)
		assert_true(page >= mine + 100 * PAGE_BYTES && page < 3 * MIB &&
			    page - small >= 300 * PAGE_BYTES);
	assert_int_equal(left, 300 + 1024);
}

static void overlays_without_memory_for_their_own_do_not_begin(void **state)
{
	(void)state;
	add(MIB, MIB, BOOTINFO_MEMORY_USABLE);
	assert_int_equal(page_init(&map), 0);
	assert_true(page_allocate(page_free_count(), 1).value);
	assert_int_equal(page_overlay_begin(), -ERR_NO_MEMORY);
	assert_int_equal(page_free_count(), 0);
}

/* --- dma --- */

static void memory_that_holds_anything_is_left_as_it_is(void **state)
{
	(void)state;
	add(MIB, 8 * MIB, BOOTINFO_MEMORY_USABLE);
	assert_int_equal(page_init(&map), 0);
	struct dma_buffer buffer;
	assert_int_equal(dma_take(2 * PAGE_BYTES, &buffer), 0);
	assert_int_equal(((uint8_t *)buffer.virt)[2 * PAGE_BYTES - 1], 0xa5);
	assert_int_equal(dma_take(UINT64_MAX, &buffer), -ERR_NO_MEMORY);
}

static void dma_memory_is_zeroed_and_returns(void **state)
{
	(void)state;
	add(MIB, 8 * MIB, BOOTINFO_MEMORY_USABLE);
	assert_int_equal(page_init(&map), 0);
	uint64_t before = page_free_count();
	struct dma_buffer buffer;
	assert_int_equal(dma_allocate(PAGE_BYTES + 1, &buffer), 0);
	assert_int_equal(buffer.phys.value % PAGE_BYTES, 0);
	assert_ptr_equal(buffer.virt, phys_to_virt(buffer.phys));
	assert_int_equal(buffer.length_bytes, PAGE_BYTES + 1);
	for (unsigned i = 0; i < 2 * PAGE_BYTES; i++)
		assert_int_equal(((uint8_t *)buffer.virt)[i], 0);
	memset(buffer.virt, 0x5a, 2 * PAGE_BYTES);
	page_free(buffer.phys, 2);
	assert_int_equal(page_free_count(), before);
	uint8_t *again = heap_allocate(2 * PAGE_BYTES);
	assert_non_null(again);
	assert_int_equal(again[0] | again[2 * PAGE_BYTES - 1], 0);
}

static void dma_refuses_what_is_not_there(void **state)
{
	(void)state;
	add(MIB, 4 * MIB, BOOTINFO_MEMORY_USABLE);
	assert_int_equal(page_init(&map), 0);
	struct dma_buffer buffer;
	assert_int_equal(dma_allocate(5 * MIB, &buffer), -ERR_NO_MEMORY);
	assert_int_equal(dma_allocate(UINT64_MAX, &buffer), -ERR_NO_MEMORY);
	assert_null(heap_allocate(UINT64_MAX - PAGE_BYTES));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sixty_four_mib_machine, reset),
		cmocka_unit_test_setup(gap_up_to_a_terabyte_costs_nothing, reset),
		cmocka_unit_test_setup(memory_only_above_4_gib_is_refused, reset),
		cmocka_unit_test_setup(no_memory_is_refused, reset),
		cmocka_unit_test_setup(single_page_goes_to_its_own_bitmap, reset),
		cmocka_unit_test_setup(reserved_wins_whatever_the_order, reset),
		cmocka_unit_test_setup(kernel_image_is_never_handed_out, reset),
		cmocka_unit_test_setup(low_page_avoids_reserved_and_stays_below_640k, reset),
		cmocka_unit_test_setup(page_zero_is_no_low_page, reset),
		cmocka_unit_test_setup(alignment_is_honoured, reset),
		cmocka_unit_test_setup(exhaustion_returns_nothing_and_freeing_helps, reset),
		cmocka_unit_test_setup(wrong_frees_are_bugs, reset),
		cmocka_unit_test_setup(random_use_equals_a_model, reset),
		cmocka_unit_test_setup(overlays_get_the_same_pages_and_keep_them, reset),
		cmocka_unit_test_setup(overlays_without_memory_for_their_own_do_not_begin, reset),
		cmocka_unit_test_setup(memory_that_holds_anything_is_left_as_it_is, reset),
		cmocka_unit_test_setup(dma_memory_is_zeroed_and_returns, reset),
		cmocka_unit_test_setup(dma_refuses_what_is_not_there, reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
