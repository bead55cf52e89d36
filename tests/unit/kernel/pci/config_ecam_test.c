/* SPDX-License-Identifier: MIT */
/* Configuration space in memory (kernel/pci/config_ecam.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/pci/pci_impl.h"
#include "tests/unit/kernel/pci/fake_pci.h"

#define BUS_BYTES (1u << 20)
#define HIGH_BASE 0xe000000000ull /* above 512 GiB */

static int reset(void **state)
{
	(void)state;
	fake_pci_reset();
	return 0;
}

static void only_the_buses_of_the_range_are_mapped(void **state)
{
	(void)state;
	const struct pci_bus_range range = { .ecam = { HIGH_BASE }, .first_bus = 2, .last_bus = 4 };
	fake_memory(HIGH_BASE + 2 * BUS_BYTES, 3 * BUS_BYTES);
	const struct pci_access *access = pci_ecam_access(&range, 1);
	assert_non_null(access);
	assert_int_equal(fake_mapping.base, HIGH_BASE + 2 * BUS_BYTES);
	assert_int_equal(fake_mapping.length_bytes, 3 * BUS_BYTES);
	assert_int_equal(access->range_count, 1);
}

static void a_register_is_found_by_bus_device_function(void **state)
{
	(void)state;
	const struct pci_bus_range range = { .ecam = { HIGH_BASE }, .first_bus = 2, .last_bus = 3 };
	uint8_t *bytes = fake_memory(HIGH_BASE + 2 * BUS_BYTES, 2 * BUS_BYTES);
	const struct pci_access *access = pci_ecam_access(&range, 1);
	uint32_t value = 0x12345678;
	uint8_t *last = bytes + 2 * BUS_BYTES - 4;
	memcpy(last, &value, 4);
	assert_int_equal(access->read32(0, 3, 31, 7, 0xffc), value);
	access->write32(0, 2, 1, 2, 0x10, 0xaabbccdd);
	memcpy(&value, bytes + (1 << 15) + (2 << 12) + 0x10, 4);
	assert_int_equal(value, 0xaabbccdd);
	access->write16(0, 2, 1, 2, 0x12, 0x1122);
	memcpy(&value, bytes + (1 << 15) + (2 << 12) + 0x10, 4);
	assert_int_equal(value, 0x1122ccdd);
}

static void outside_of_all_ranges_reads_as_all_ones(void **state)
{
	(void)state;
	const struct pci_bus_range ranges[] = {
		{ .ecam = { HIGH_BASE }, .first_bus = 2, .last_bus = 2 },
		{ .ecam = { 2 * HIGH_BASE }, .segment = 7, .first_bus = 0, .last_bus = 0 },
	};
	fake_memory(HIGH_BASE + 2 * BUS_BYTES, BUS_BYTES);
	fake_memory(2 * HIGH_BASE, BUS_BYTES);
	const struct pci_access *access = pci_ecam_access(ranges, 2);
	assert_int_equal(access->range_count, 2);
	assert_int_equal(access->read32(0, 2, 0, 0, 0), 0);
	assert_int_equal(access->read32(7, 0, 0, 0, 0), 0);
	assert_int_equal(access->read32(0, 1, 0, 0, 0), UINT32_MAX);
	assert_int_equal(access->read32(0, 3, 0, 0, 0), UINT32_MAX);
	assert_int_equal(access->read32(7, 2, 0, 0, 0), UINT32_MAX);
	assert_int_equal(access->read32(0, 2, 0, 0, 4096), UINT32_MAX);
	access->write32(0, 3, 0, 0, 0, 1);
	access->write16(7, 2, 0, 0, 0, 1);
}

static void ranges_that_cannot_be_right_are_left_out(void **state)
{
	(void)state;
	const struct pci_bus_range bad[] = {
		{ .ecam = { 0 }, .last_bus = 255 },
		{ .ecam = { 0xb0000800 }, .last_bus = 255 }, /* misaligned */
		{ .ecam = { 0xb0000000 }, .first_bus = 9, .last_bus = 8 },
		{ .ecam = { 0xfffffffffff00000 }, .last_bus = 255 }, /* wraps */
		{ .ecam = { 1ull << 52 }, .last_bus = 255 },
	};
	assert_null(pci_ecam_access(bad, ARRAY_COUNT(bad)));
	assert_int_equal(fake_mapping.count, 0);
}

static void a_range_that_cannot_be_mapped_is_left_out(void **state)
{
	(void)state;
	const struct pci_bus_range ranges[] = {
		{ .ecam = { 0xb0000000 }, .last_bus = 0 },
		{ .ecam = { HIGH_BASE }, .segment = 1, .last_bus = 0 },
	};
	fake_memory(HIGH_BASE, BUS_BYTES);
	const struct pci_access *access = pci_ecam_access(ranges, 2);
	assert_int_equal(access->range_count, 1);
	assert_int_equal(access->ranges[0].segment, 1);
}

static void more_ranges_than_the_table_holds_are_dropped(void **state)
{
	(void)state;
	struct pci_bus_range ranges[PCI_BUS_RANGES_MAX + 2] = { 0 };
	for (unsigned i = 0; i < ARRAY_COUNT(ranges); i++) {
		ranges[i] = (struct pci_bus_range){ .ecam = { (i + 1ull) << 32 },
						    .segment = (uint16_t)i };
		fake_memory(ranges[i].ecam.value, BUS_BYTES);
	}
	const struct pci_access *access = pci_ecam_access(ranges, ARRAY_COUNT(ranges));
	assert_int_equal(access->range_count, PCI_BUS_RANGES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(only_the_buses_of_the_range_are_mapped, reset),
		cmocka_unit_test_setup(a_register_is_found_by_bus_device_function, reset),
		cmocka_unit_test_setup(outside_of_all_ranges_reads_as_all_ones, reset),
		cmocka_unit_test_setup(ranges_that_cannot_be_right_are_left_out, reset),
		cmocka_unit_test_setup(a_range_that_cannot_be_mapped_is_left_out, reset),
		cmocka_unit_test_setup(more_ranges_than_the_table_holds_are_dropped, reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
