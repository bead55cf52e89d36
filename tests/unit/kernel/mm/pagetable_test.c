/* SPDX-License-Identifier: MIT */
/* Page tables as memory (kernel/mm/pagetable.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/lib/err.h"
#include "kernel/mm/page.h"
#include "kernel/mm/pagetable.h"
#include "tests/unit/kernel/mm/fake_memory.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)
#define UPPER 0xffffc00000000000ull

static struct pagetable table;

static int reset(void **state)
{
	(void)state;
	static struct bootinfo map;
	memset(&map, 0, sizeof(map));
	fake_memory_reset();
	fake_map_add(&map, MIB, 8 * MIB, BOOTINFO_MEMORY_USABLE);
	if (page_init(&map))
		return -1;
	return pagetable_init(&table, PAGETABLE_1G, UINT64_MAX);
}

static void assert_maps(uint64_t virt, uint64_t phys, uint64_t size, uint64_t bits)
{
	uint64_t found_size = 0;
	uint64_t entry = fake_cpu_walk(&table, virt, &found_size);
	uint64_t wanted = phys | bits | PTE_PRESENT | (size > PAGE_BYTES ? PTE_PS : 0);
	assert_int_equal(entry, wanted);
	assert_int_equal(found_size, size);
}

static void nothing_is_mapped_at_first(void **state)
{
	(void)state;
	assert_int_equal(fake_cpu_walk(&table, 0, NULL), 0);
	assert_int_equal(fake_cpu_walk(&table, UPPER, NULL), 0);
	assert_int_equal(fake_cpu_walk(&table, UINT64_MAX, NULL), 0);
}

static void neighbours_of_a_page_stay_unmapped(void **state)
{
	(void)state;
	assert_int_equal(pagetable_map(&table, UPPER + 0x1000, phys_make(0x7000), 0x1000,
				       PTE_XD | PTE_WRITE), 0);
	assert_int_equal(fake_cpu_walk(&table, UPPER + 0xfff, NULL), 0);
	assert_maps(UPPER + 0x1000, 0x7000, PAGE_BYTES, PTE_XD | PTE_WRITE);
	assert_maps(UPPER + 0x1fff, 0x7000, PAGE_BYTES, PTE_XD | PTE_WRITE);
	assert_int_equal(fake_cpu_walk(&table, UPPER + 0x2000, NULL), 0);
}

static void largest_pages_that_fit_are_used(void **state)
{
	(void)state;
	/* From 4 KiB below 2 MiB to 4 KiB above 2 GiB + 2 MiB. */
	uint64_t base = 2 * MIB - 0x1000, end = 2 * GIB + 2 * MIB + 0x1000;
	assert_int_equal(pagetable_map(&table, UPPER + base, phys_make(base), end - base,
				       PTE_WRITE), 0);
	assert_maps(UPPER + base, base, PAGE_BYTES, PTE_WRITE);
	assert_maps(UPPER + 2 * MIB, 2 * MIB, PAGETABLE_2M, PTE_WRITE);
	assert_maps(UPPER + GIB, GIB, PAGETABLE_1G, PTE_WRITE);
	assert_maps(UPPER + 2 * GIB, 2 * GIB, PAGETABLE_2M, PTE_WRITE);
	assert_maps(UPPER + 2 * GIB + 2 * MIB, 2 * GIB + 2 * MIB, PAGE_BYTES, PTE_WRITE);
	assert_int_equal(fake_cpu_walk(&table, UPPER + end, NULL), 0);
}

static void largest_size_is_a_limit(void **state)
{
	(void)state;
	table.largest_page = PAGETABLE_2M;
	assert_int_equal(pagetable_map(&table, UPPER, phys_make(0), GIB, 0), 0);
	assert_maps(UPPER + 5 * MIB, 4 * MIB, PAGETABLE_2M, 0);
	table.largest_page = PAGE_BYTES;
	assert_int_equal(pagetable_map(&table, UPPER + GIB, phys_make(0), 2 * MIB, 0), 0);
	assert_maps(UPPER + GIB, 0, PAGE_BYTES, 0);
}

static void misaligned_physical_addresses_get_small_pages(void **state)
{
	(void)state;
	assert_int_equal(pagetable_map(&table, UPPER, phys_make(0x1000), 4 * MIB, 0), 0);
	assert_maps(UPPER + 2 * MIB, 2 * MIB + 0x1000, PAGE_BYTES, 0);
}

static void addresses_above_512_gib_work(void **state)
{
	(void)state;
	uint64_t bits = PTE_XD | PTE_WRITE | PTE_PCD | PTE_PWT;
	assert_int_equal(pagetable_map(&table, UPPER, phys_make(0xe000000000), 0x4000, bits), 0);
	assert_maps(UPPER + 0x3000, 0xe000003000, PAGE_BYTES, bits);
	uint64_t top = (1ull << 52) - PAGETABLE_2M;
	assert_int_equal(pagetable_map(&table, UPPER + GIB, phys_make(top), PAGETABLE_2M, bits), 0);
	assert_maps(UPPER + GIB, top, PAGETABLE_2M, bits);
}

static void mapping_twice_is_a_bug(void **state)
{
	(void)state;
	assert_int_equal(pagetable_map(&table, UPPER, phys_make(0), 2 * MIB, 0), 0);
	expect_assert_failure(pagetable_map(&table, UPPER, phys_make(0), 2 * MIB, 0));
	expect_assert_failure(pagetable_map(&table, UPPER + 0x1000, phys_make(0x1000), 0x1000, 0));
	expect_assert_failure(pagetable_map(&table, UPPER + GIB, phys_make(0x10), 0x1000, 0));
	expect_assert_failure(pagetable_map(&table, UPPER + GIB, phys_make(0), 0x1001, 0));
}

static void tables_stay_below_the_limit(void **state)
{
	(void)state;
	uint64_t before = page_free_count();
	table.table_limit = MIB;
	assert_int_equal(pagetable_map(&table, UPPER, phys_make(0), 0x1000, 0), -ERR_NO_MEMORY);
	assert_int_equal(page_free_count(), before);
	struct pagetable second;
	assert_int_equal(pagetable_init(&second, PAGE_BYTES, MIB), -ERR_NO_MEMORY);
	assert_int_equal(page_free_count(), before);
	phys_addr next = page_allocate(1, 1);
	page_free(next, 1);
	assert_int_equal(pagetable_init(&second, PAGE_BYTES, next.value), -ERR_NO_MEMORY);
	assert_int_equal(pagetable_init(&second, PAGE_BYTES, next.value + 1), 0);
}

static void running_out_of_pages_is_reported(void **state)
{
	(void)state;
	page_allocate(page_free_count() - 2, 1); /* too few for three levels */
	assert_int_equal(pagetable_map(&table, UPPER, phys_make(0), 0x1000, 0), -ERR_NO_MEMORY);
}

static void freeing_gives_every_table_back(void **state)
{
	(void)state;
	struct pagetable second;
	uint64_t first_upper = 0xffff800000000000;
	assert_int_equal(pagetable_map(&table, first_upper, phys_make(0), PAGETABLE_1G, 0), 0);
	uint64_t before = page_free_count();
	assert_int_equal(pagetable_map(&table, UPPER, phys_make(0), 0x1000, 0), 0);
	uint64_t kernel_tables = before - page_free_count();
	assert_int_equal(pagetable_init(&second, PAGE_BYTES, UINT64_MAX), 0);
	assert_int_equal(pagetable_map(&second, 0x9e000, phys_make(0x9e000), 0x1000, 0), 0);
	pagetable_share_upper_half(&second, &table);
	assert_int_equal(fake_cpu_walk(&second, UPPER, NULL), PTE_PRESENT);
	assert_int_equal(fake_cpu_walk(&second, first_upper, NULL), PTE_PRESENT | PTE_PS);
	assert_int_equal(fake_cpu_walk(&table, 0x9e000, NULL), 0);
	pagetable_free(&second, 0x9e000);
	assert_int_equal(second.root.value, 0);
	assert_int_equal(before - page_free_count(), kernel_tables);
	assert_maps(UPPER, 0, PAGE_BYTES, 0);
}

static void freeing_with_another_mapping_is_a_bug(void **state)
{
	(void)state;
	assert_int_equal(pagetable_map(&table, 0x9e000, phys_make(0x9e000), 0x2000, 0), 0);
	expect_assert_failure(pagetable_free(&table, 0x9e000));
}

static void random_mappings_translate_every_page(void **state)
{
	(void)state;
	uint64_t seed = 7;
	uint64_t virt = UPPER;
	for (unsigned i = 0; i < 60; i++) {
		uint64_t phys = align_down(fake_random(&seed) % (1ull << 40), PAGE_BYTES);
		uint64_t pages = 1 + fake_random(&seed) % 1500;
		if (fake_random(&seed) & 1)
			phys = (phys & ~(PAGETABLE_2M - 1)) | (virt & (PAGETABLE_2M - 1));
		assert_int_equal(pagetable_map(&table, virt, phys_make(phys),
					       pages * PAGE_BYTES, PTE_XD), 0);
		for (uint64_t p = 0; p < pages; p++) {
			uint64_t size;
			uint64_t entry = fake_cpu_walk(&table, virt + p * PAGE_BYTES, &size);
			uint64_t offset = (virt + p * PAGE_BYTES) % size;
			assert_int_equal((entry & PTE_ADDRESS) + offset, phys + p * PAGE_BYTES);
			assert_true(entry & PTE_XD);
		}
		assert_int_equal(fake_cpu_walk(&table, virt + pages * PAGE_BYTES, NULL), 0);
		virt += (pages + 1) * PAGE_BYTES;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_is_mapped_at_first, reset),
		cmocka_unit_test_setup(neighbours_of_a_page_stay_unmapped, reset),
		cmocka_unit_test_setup(largest_pages_that_fit_are_used, reset),
		cmocka_unit_test_setup(largest_size_is_a_limit, reset),
		cmocka_unit_test_setup(misaligned_physical_addresses_get_small_pages, reset),
		cmocka_unit_test_setup(addresses_above_512_gib_work, reset),
		cmocka_unit_test_setup(mapping_twice_is_a_bug, reset),
		cmocka_unit_test_setup(tables_stay_below_the_limit, reset),
		cmocka_unit_test_setup(running_out_of_pages_is_reported, reset),
		cmocka_unit_test_setup(freeing_gives_every_table_back, reset),
		cmocka_unit_test_setup(freeing_with_another_mapping_is_a_bug, reset),
		cmocka_unit_test_setup(random_mappings_translate_every_page, reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
