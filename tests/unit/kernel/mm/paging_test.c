/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own map (kernel/mm/paging.c): who may write, execute and cache
 * what. The CPU's registers and the places of the image are the test's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* --- the CPU, in place of kernel/cpu/x86.h --- */

#define KERNEL_CPU_X86_H

static struct {
	uint64_t efer, pat, cr0, cr3;
	bool has_nx, has_1g;
	uint32_t address_bits;
} cpu;

static void x86_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	(void)subleaf;
	memset(out, 0, 4 * sizeof(out[0]));
	if (leaf == 0x80000000u)
		out[0] = 0x80000008u;
	else if (leaf == 0x80000001u)
		out[3] = (uint32_t)cpu.has_nx << 20 | (uint32_t)cpu.has_1g << 26;
	else if (leaf == 0x80000008u)
		out[0] = 48u << 8 | cpu.address_bits;
}

static uint64_t *msr_at(uint32_t msr)
{
	assert_true(msr == 0xc0000080u || msr == 0x277u);
	return msr == 0x277u ? &cpu.pat : &cpu.efer;
}

static uint64_t x86_rdmsr(uint32_t msr)
{
	return *msr_at(msr);
}

static void x86_wrmsr(uint32_t msr, uint64_t value)
{
	*msr_at(msr) = value;
}

static void x86_write_cr3(uint64_t value)
{
	cpu.cr3 = value;
}

static uint64_t x86_read_cr0(void)
{
	return cpu.cr0;
}

static void x86_write_cr0(uint64_t value)
{
	cpu.cr0 = value;
}

/* --- the image, in place of kernel/lib/image.h --- */

#define KERNEL_LIB_IMAGE_H
#define IMAGE(offset) ((char *)(uintptr_t)(KERNEL_IMAGE_BASE + (offset)))
#define kernel_start IMAGE(0)
#define kernel_text_start IMAGE(0)
#define kernel_text_end IMAGE(0x3000)
#define kernel_rodata_start IMAGE(0x3000)
#define kernel_rodata_end IMAGE(0x5000)
#define kernel_data_start IMAGE(0x5000)
#define boot_stack_guard IMAGE(0x8000)
#define kernel_data_end IMAGE(0xe000)

#include "kernel/mm/paging.c"
#include "tests/unit/kernel/mm/fake_memory.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)
#define KERNEL_PHYS (2 * MIB)
#define ACPI_PHYS (12 * MIB)
#define RESERVED_PHYS (13 * MIB)
#define DEVICE_PHYS 0xe000000000ull /* 896 GiB: where OVMF puts some */

static struct bootinfo map;

static void start(void)
{
	memset(&map, 0, sizeof(map));
	fake_memory_reset();
	fake_map_add(&map, MIB, MIB, BOOTINFO_MEMORY_USABLE);
	fake_map_add(&map, KERNEL_PHYS, 0xe000, BOOTINFO_MEMORY_KERNEL);
	fake_map_add(&map, 4 * MIB, 8 * MIB, BOOTINFO_MEMORY_USABLE);
	fake_map_add(&map, ACPI_PHYS, 0x3000, BOOTINFO_MEMORY_ACPI);
	fake_map_add(&map, RESERVED_PHYS, MIB, BOOTINFO_MEMORY_RESERVED);
	map.kernel_phys_base = KERNEL_PHYS;
	map.kernel_length_bytes = 0xe000;
	kernel_table = identity_table = (struct pagetable){ .largest_page = 0 };
	mmio_window = (struct window){ MMIO_BASE, MMIO_BASE + WINDOW_BYTES };
	firmware_window = (struct window){ FIRMWARE_BASE, FIRMWARE_BASE + WINDOW_BYTES };
	stack_window = (struct window){ STACK_BASE, STACK_BASE + WINDOW_BYTES };
	direct_writable.count = direct_read_only.count = 0;
	xd = 0;
	assert_int_equal(page_init(&map), 0);
	assert_int_equal(paging_init(&map), 0);
}

static int reset(void **state)
{
	(void)state;
	memset(&cpu, 0, sizeof(cpu));
	cpu.has_nx = cpu.has_1g = true;
	cpu.address_bits = 40;
	cpu.cr0 = 0x80000011;
	cpu.pat = 0x0101010101010101ull;
	cpu.efer = 0x500;
	start();
	return 0;
}

/* An entry without what the CPU or the size of the page puts there. */
static uint64_t rights_at(uint64_t virt)
{
	return fake_cpu_walk(&kernel_table, virt, NULL) & ~(PTE_ADDRESS | PTE_PS);
}

static uint64_t phys_at(uint64_t virt)
{
	uint64_t size, entry = fake_cpu_walk(&kernel_table, virt, &size);
	return (entry & PTE_ADDRESS & ~(size - 1)) + virt % size;
}

#define EXECUTABLE PTE_PRESENT
#define CONSTANT (PTE_PRESENT | PTE_XD)
#define WRITABLE (PTE_PRESENT | PTE_XD | PTE_WRITE)
#define UNCACHED (WRITABLE | PTE_PCD | PTE_PWT)
#define UNMAPPED 0

/* --- */

static void nothing_is_both_writable_and_executable(void **state)
{
	(void)state;
	static const struct {
		uint64_t virt, phys, rights;
	} rows[] = {
		{ KERNEL_IMAGE_BASE, KERNEL_PHYS, EXECUTABLE },
		{ KERNEL_IMAGE_BASE + 0x2fff, KERNEL_PHYS + 0x2fff, EXECUTABLE },
		{ KERNEL_IMAGE_BASE + 0x3000, KERNEL_PHYS + 0x3000, CONSTANT },
		{ KERNEL_IMAGE_BASE + 0x5000, KERNEL_PHYS + 0x5000, WRITABLE },
		{ KERNEL_IMAGE_BASE + 0x7fff, KERNEL_PHYS + 0x7fff, WRITABLE },
		{ KERNEL_IMAGE_BASE + 0x8000, 0x8000 % PAGE_BYTES, UNMAPPED }, /* guard */
		{ KERNEL_IMAGE_BASE + 0x9000, KERNEL_PHYS + 0x9000, WRITABLE },
		{ KERNEL_IMAGE_BASE + 0xe000, 0, UNMAPPED },
		{ DIRECT_MAP_BASE + 5 * MIB, 5 * MIB, WRITABLE },
		{ DIRECT_MAP_BASE + KERNEL_PHYS, KERNEL_PHYS, CONSTANT },
		{ DIRECT_MAP_BASE + KERNEL_PHYS + 0x4fff, KERNEL_PHYS + 0x4fff, CONSTANT },
		{ DIRECT_MAP_BASE + KERNEL_PHYS + 0x5000, KERNEL_PHYS + 0x5000, WRITABLE },
		{ DIRECT_MAP_BASE + ACPI_PHYS, ACPI_PHYS, CONSTANT },
		{ DIRECT_MAP_BASE + RESERVED_PHYS, 0, UNMAPPED },
		{ 5 * MIB, 0, UNMAPPED }, /* the lower half */
	};
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		assert_int_equal(rights_at(rows[i].virt), rows[i].rights);
		if (rows[i].rights)
			assert_int_equal(phys_at(rows[i].virt), rows[i].phys);
	}
}

static void loading_switches_protection_on(void **state)
{
	(void)state;
	assert_int_equal(cpu.cr3, kernel_table.root.value);
	assert_int_equal(cpu.cr0, 0x80010011); /* WP */
	assert_int_equal(cpu.efer, 0xd00); /* NXE */
	assert_int_equal(cpu.pat, 0x0007040600070406ull);
}

static void a_cpu_without_nx_gets_no_reserved_bit(void **state)
{
	(void)state;
	cpu.has_nx = false;
	cpu.efer = 0x500;
	start();
	assert_int_equal(cpu.efer, 0x500);
	assert_int_equal(rights_at(KERNEL_IMAGE_BASE + 0x3000), PTE_PRESENT);
	assert_int_equal(rights_at(DIRECT_MAP_BASE + 5 * MIB), PTE_PRESENT | PTE_WRITE);
}

static void registers_are_uncached_and_apart(void **state)
{
	(void)state;
	uint64_t first =
		(uint64_t)(uintptr_t)paging_map_mmio(phys_make(DEVICE_PHYS + 0x123), 0x1000);
	uint64_t second = (uint64_t)(uintptr_t)paging_map_mmio(phys_make(DEVICE_PHYS), 4 * MIB);
	assert_int_equal(phys_at(first), DEVICE_PHYS + 0x123);
	assert_int_equal(rights_at(first), UNCACHED);
	assert_int_equal(rights_at(first + 0xfff), UNCACHED);
	assert_int_equal(rights_at((first & ~0xfffull) + 0x2000), UNMAPPED);
	assert_int_equal(phys_at(second + 3 * MIB), DEVICE_PHYS + 3 * MIB);
	assert_int_equal(rights_at(second + 4 * MIB - 1), UNCACHED);
	assert_int_equal(rights_at(second + 4 * MIB), UNMAPPED);
}

static void what_is_no_register_is_not_mapped_as_one(void **state)
{
	(void)state;
	static const struct {
		uint64_t phys, length_bytes;
	} rows[] = {
		{ DEVICE_PHYS, 0 },
		{ 5 * MIB, 0x1000 }, /* RAM */
		{ 4 * MIB - 0x1000, 0x1001 }, /* its first byte */
		{ 12 * MIB - 1, 1 },
		{ ACPI_PHYS + 0x1000, 0x10 },
		{ 1ull << 40, 0x1000 }, /* beyond what the CPU addresses */
		{ (1ull << 40) - 0x1000, 0x1001 },
		{ UINT64_MAX - 0xfff, 0x2000 }, /* wraps */
		{ DEVICE_PHYS, UINT64_MAX },
	};
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++)
		assert_null(paging_map_mmio(phys_make(rows[i].phys), rows[i].length_bytes));
	assert_non_null(paging_map_mmio(phys_make((1ull << 40) - 0x1000), 0x1000));
}

static void firmware_tables_are_constants(void **state)
{
	(void)state;
	assert_ptr_equal(paging_map_firmware(phys_make(ACPI_PHYS + 0x10), 0x20),
			 phys_to_virt(phys_make(ACPI_PHYS + 0x10)));
	uint64_t virt =
		(uint64_t)(uintptr_t)paging_map_firmware(phys_make(RESERVED_PHYS + 8), 0x20);
	assert_int_equal(phys_at(virt), RESERVED_PHYS + 8);
	assert_int_equal(rights_at(virt), CONSTANT);
	/* Half in the direct map: mapped anew as a whole. */
	virt = (uint64_t)(uintptr_t)paging_map_firmware(phys_make(ACPI_PHYS + 0x2ff0), 0x20);
	assert_int_equal(rights_at(virt), CONSTANT);
	assert_int_equal(phys_at(virt + 0x1f), ACPI_PHYS + 0x300f);
	assert_null(paging_map_firmware(phys_make(1ull << 40), 1));
}

static void a_stack_has_nothing_below_it(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		uint64_t top = (uint64_t)(uintptr_t)paging_allocate_stack(0x4000);
		assert_int_equal(top % PAGE_BYTES, 0);
		assert_int_equal(rights_at(top - 1), WRITABLE);
		assert_int_equal(rights_at(top - 0x4000), WRITABLE);
		assert_int_equal(rights_at(top - 0x4001), UNMAPPED);
		assert_int_equal(rights_at(top), UNMAPPED);
	}
}

static void the_start_page_is_seen_by_those_alone_who_start(void **state)
{
	(void)state;
	phys_addr root, page = phys_make(0x9f000);
	uint64_t free_pages = page_free_count();
	assert_int_equal(paging_identity_map(page, &root), 0);
	assert_true(root.value < 4 * GIB);
	assert_int_equal(fake_cpu_walk(&identity_table, page.value, NULL),
			 page.value | PTE_PRESENT);
	assert_int_equal(fake_cpu_walk(&identity_table, KERNEL_IMAGE_BASE, NULL),
			 fake_cpu_walk(&kernel_table, KERNEL_IMAGE_BASE, NULL));
	assert_int_equal(rights_at(page.value), UNMAPPED);
	paging_identity_unmap(page);
	assert_int_equal(page_free_count(), free_pages);
	assert_int_equal(paging_identity_map(page, &root), 0);
	paging_identity_unmap(page);
}

#define paging_test(function) cmocka_unit_test_setup(function, reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		paging_test(nothing_is_both_writable_and_executable),
		paging_test(loading_switches_protection_on),
		paging_test(a_cpu_without_nx_gets_no_reserved_bit),
		paging_test(registers_are_uncached_and_apart),
		paging_test(what_is_no_register_is_not_mapped_as_one),
		paging_test(firmware_tables_are_constants),
		paging_test(a_stack_has_nothing_below_it),
		paging_test(the_start_page_is_seen_by_those_alone_who_start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
