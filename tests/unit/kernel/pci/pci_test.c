/* SPDX-License-Identifier: MIT */
/* Enumeration and configuration access (kernel/pci/pci.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/pci/pci_impl.h"
#include "tests/unit/kernel/pci/fake_pci.h"

static int reset(void **state)
{
	(void)state;
	fake_pci_reset();
	return 0;
}

static struct fake_function *add_bridge(uint8_t bus, uint8_t device, uint8_t secondary,
					uint8_t subordinate)
{
	struct fake_function *f = fake_pci_add(bus, device, 0);
	fake_set32(f, PCI_REVISION_ID, 0x06040000);
	fake_set8(f, PCI_HEADER_TYPE, PCI_HEADER_TYPE_BRIDGE);
	fake_set8(f, PCI_PRIMARY_BUS, bus);
	fake_set8(f, PCI_SECONDARY_BUS, secondary);
	fake_set8(f, PCI_SUBORDINATE_BUS, subordinate);
	return f;
}

static const struct pci_function *found_at(uint8_t bus, uint8_t device, uint8_t function)
{
	const struct pci_function *f, *result = NULL;
	for (unsigned i = 0; (f = pci_function_at(i)); i++) {
		if (f->bus != bus || f->device != device || f->function != function)
			continue;
		assert_null(result); /* each is found once */
		result = f;
	}
	return result;
}

static void empty_machine_has_no_functions(void **state)
{
	(void)state;
	assert_int_equal(pci_enumerate(&fake_pci_access), 0);
	assert_null(pci_function_at(0));
}

static void identity_is_read(void **state)
{
	(void)state;
	struct fake_function *f = fake_pci_add(0, 3, 0);
	fake_set32(f, PCI_REVISION_ID, 0x01820007);
	fake_set8(f, PCI_INTERRUPT_LINE, 11);
	fake_set8(f, PCI_INTERRUPT_PIN, 1);
	assert_int_equal(pci_enumerate(&fake_pci_access), 1);
	const struct pci_function *found = pci_function_at(0);
	assert_int_equal(found->vendor_id, 0x1af4);
	assert_int_equal(found->device_id, 0x1042);
	assert_int_equal(found->class_code, 0x01);
	assert_int_equal(found->subclass, 0x82);
	assert_int_equal(found->revision, 0x07);
	assert_int_equal(found->subsystem_id, 0x1100);
	assert_int_equal(found->interrupt_line, 11);
	assert_int_equal(found->interrupt_pin, 1);
	assert_null(pci_function_at(1));
}

static void vendor_of_all_ones_or_zero_is_absent(void **state)
{
	(void)state;
	fake_set16(fake_pci_add(0, 1, 0), PCI_VENDOR_ID, 0xffff);
	fake_set16(fake_pci_add(0, 2, 0), PCI_VENDOR_ID, 0);
	assert_int_equal(pci_enumerate(&fake_pci_access), 0);
}

static void further_functions_need_the_multifunction_bit(void **state)
{
	(void)state;
	fake_pci_add(0, 1, 0);
	fake_pci_add(0, 1, 3);
	fake_set8(fake_pci_add(0, 2, 0), PCI_HEADER_TYPE, PCI_HEADER_TYPE_MULTIFUNCTION);
	fake_pci_add(0, 2, 7);
	assert_int_equal(pci_enumerate(&fake_pci_access), 3);
	assert_null(found_at(0, 1, 3));
	assert_non_null(found_at(0, 2, 7));
	assert_int_equal(found_at(0, 2, 0)->header_type, PCI_HEADER_TYPE_NORMAL);
}

static void function_zero_absent_hides_the_device(void **state)
{
	(void)state;
	fake_pci_add(0, 1, 1);
	assert_int_equal(pci_enumerate(&fake_pci_access), 0);
}

static void devices_behind_nested_bridges_are_found(void **state)
{
	(void)state;
	add_bridge(0, 1, 1, 3);
	add_bridge(1, 0, 2, 3);
	add_bridge(2, 31, 3, 3);
	fake_pci_add(3, 31, 0);
	fake_pci_add(255, 31, 0); /* of a host bridge that no bridge leads to */
	assert_int_equal(pci_enumerate(&fake_pci_access), 5);
	assert_non_null(found_at(3, 31, 0));
	assert_non_null(found_at(255, 31, 0));
}

static void bridges_in_a_circle_are_found_once(void **state)
{
	(void)state;
	add_bridge(0, 1, 1, 255);
	add_bridge(0, 2, 1, 255); /* the same bus again */
	add_bridge(1, 0, 0, 255); /* back to the root */
	add_bridge(1, 1, 1, 1); /* to itself */
	assert_int_equal(pci_enumerate(&fake_pci_access), 4);
	assert_non_null(found_at(1, 1, 0));
}

static void enumeration_writes_nothing(void **state)
{
	(void)state;
	struct fake_function *port = add_bridge(0, 1, 1, 1);
	struct fake_function *disk = fake_pci_add(1, 0, 0);
	fake_bar32(port, 0, 0xfe000000, 0x1000);
	fake_bar32(disk, 0, 0xfe001000, 0x1000);
	assert_int_equal(pci_enumerate(&fake_pci_access), 2);
	assert_int_equal(fake_pci_writes, 0);
	assert_int_equal(found_at(1, 0, 0)->bars[0].base.value, 0);
}

static void table_full_stops_the_search(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PCI_FUNCTIONS_MAX + 10; i++)
		fake_pci_add((uint8_t)(i / 32), i % 32, 0);
	assert_int_equal(pci_enumerate(&fake_pci_access), PCI_FUNCTIONS_MAX);
	assert_non_null(pci_function_at(PCI_FUNCTIONS_MAX - 1));
	assert_null(pci_function_at(PCI_FUNCTIONS_MAX));
}

static void enumerating_again_starts_afresh(void **state)
{
	(void)state;
	fake_pci_add(0, 1, 0);
	assert_int_equal(pci_enumerate(&fake_pci_access), 1);
	assert_int_equal(pci_enumerate(&fake_pci_access), 1);
	assert_null(pci_function_at(1));
}

static void only_buses_of_the_ranges_are_read(void **state)
{
	(void)state;
	fake_pci_add(3, 0, 0);
	fake_pci_add(4, 0, 0);
	fake_pci_add(8, 0, 0);
	fake_pci_add(9, 0, 0);
	fake_pci_ranges[0] = (struct pci_bus_range){ .first_bus = 4, .last_bus = 8 };
	assert_int_equal(pci_enumerate(&fake_pci_access), 2);
	assert_non_null(found_at(4, 0, 0));
	assert_non_null(found_at(8, 0, 0));
}

static void overlapping_ranges_find_a_function_once(void **state)
{
	(void)state;
	fake_pci_add(2, 0, 0);
	fake_pci_add(8, 0, 0);
	fake_pci_add(9, 0, 0);
	fake_pci_ranges[0] = (struct pci_bus_range){ .first_bus = 0, .last_bus = 8 };
	fake_pci_ranges[1] = (struct pci_bus_range){ .first_bus = 2, .last_bus = 9 };
	fake_pci_access.range_count = 2;
	assert_int_equal(pci_enumerate(&fake_pci_access), 3);
}

static void segments_are_kept_apart(void **state)
{
	(void)state;
	char name[16];
	fake_pci_add(4, 5, 0);
	fake_pci_add(4, 5, 0)->segment = 0x12;
	fake_pci_ranges[1] = (struct pci_bus_range){ .segment = 0x12, .last_bus = 255 };
	fake_pci_access.range_count = 2;
	assert_int_equal(pci_enumerate(&fake_pci_access), 2);
	assert_string_equal(pci_name(pci_function_at(0), name), "04:05.0");
	assert_string_equal(pci_name(pci_function_at(1), name), "0012:04:05.0");
}

static void narrow_reads_take_the_right_bytes(void **state)
{
	(void)state;
	fake_set32(fake_pci_add(0, 1, 0), 0x40, 0x44332211);
	pci_enumerate(&fake_pci_access);
	const struct pci_function *f = pci_function_at(0);
	assert_int_equal(pci_read8(f, 0x40), 0x11);
	assert_int_equal(pci_read8(f, 0x41), 0x22);
	assert_int_equal(pci_read8(f, 0x43), 0x44);
	assert_int_equal(pci_read16(f, 0x40), 0x2211);
	assert_int_equal(pci_read16(f, 0x42), 0x4433);
}

static void enabling_changes_two_bits_and_clears_no_status(void **state)
{
	(void)state;
	struct fake_function *fake = fake_pci_add(0, 1, 0);
	fake_set16(fake, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_INTERRUPT_DISABLE);
	fake_set16(fake, PCI_STATUS, 0xf900);
	pci_enumerate(&fake_pci_access);
	const struct pci_function *f = pci_function_at(0);
	pci_enable(f, true, true);
	assert_int_equal(fake_get32(fake, PCI_COMMAND), 0xf9000407);
	pci_enable(f, true, false);
	assert_int_equal(fake_get32(fake, PCI_COMMAND), 0xf9000403);
	pci_disable_intx(f, false);
	assert_int_equal(fake_get32(fake, PCI_COMMAND), 0xf9000003);
	pci_disable_intx(f, true);
	assert_int_equal(fake_get32(fake, PCI_COMMAND), 0xf9000403);
}

static void enabling_opens_the_bridges_above(void **state)
{
	(void)state;
	struct fake_function *outer = add_bridge(0, 1, 1, 2);
	struct fake_function *inner = add_bridge(1, 0, 2, 2);
	struct fake_function *other = add_bridge(0, 2, 3, 3);
	struct fake_function *self = add_bridge(2, 1, 2, 2); /* leads to its own bus */
	struct fake_function *disk = fake_pci_add(2, 0, 0);
	pci_enumerate(&fake_pci_access);
	pci_enable(found_at(2, 0, 0), false, false);
	assert_int_equal(fake_pci_writes, 1); /* the function alone */
	pci_enable(found_at(2, 0, 0), true, true);
	assert_int_equal(fake_get32(disk, PCI_COMMAND) & 7, 6);
	assert_int_equal(fake_get32(inner, PCI_COMMAND) & 7, 6);
	assert_int_equal(fake_get32(outer, PCI_COMMAND) & 7, 6);
	assert_int_equal(fake_get32(other, PCI_COMMAND) & 7, 0);
	assert_int_equal(fake_get32(self, PCI_COMMAND) & 7, 0);
	pci_enable(found_at(2, 0, 0), true, false);
	assert_int_equal(fake_get32(disk, PCI_COMMAND) & 7, 2);
	assert_int_equal(fake_get32(outer, PCI_COMMAND) & 7, 6);
}

static void way_up_ends_where_bridges_loop_or_belong_elsewhere(void **state)
{
	(void)state;
	struct fake_function *self = add_bridge(2, 1, 2, 2);
	struct fake_function *below = add_bridge(3, 0, 2, 2);
	struct fake_function *elsewhere = add_bridge(0, 0, 2, 2);
	elsewhere->segment = 1;
	fake_pci_ranges[1] = (struct pci_bus_range){ .segment = 1, .last_bus = 255 };
	fake_pci_access.range_count = 2;
	fake_pci_add(2, 0, 0);
	pci_enumerate(&fake_pci_access);
	pci_enable(found_at(2, 0, 0), true, true);
	assert_int_equal(fake_get32(self, PCI_COMMAND) & 7, 0);
	assert_int_equal(fake_get32(below, PCI_COMMAND) & 7, 0);
	assert_int_equal(fake_get32(elsewhere, PCI_COMMAND) & 7, 0);
}

static void without_mcfg_the_ports_are_used(void **state)
{
	(void)state;
	fake_pci_add(0, 1, 0);
	assert_int_equal(pci_init(NULL, 0), 1);
}

static void ecam_that_shows_nothing_gives_way_to_the_ports(void **state)
{
	(void)state;
	const struct pci_bus_range ecam = { .ecam = { 0xb0000000 }, .last_bus = 0 };
	memset(fake_memory(0xb0000000, 1 << 20), 0xff, 1 << 20);
	fake_pci_add(0, 1, 0);
	assert_int_equal(pci_init(&ecam, 1), 1);
}

static void ecam_is_preferred(void **state)
{
	(void)state;
	const struct pci_bus_range ecam = { .ecam = { 0xb0000000 }, .last_bus = 0 };
	uint8_t *bytes = memset(fake_memory(0xb0000000, 1 << 20), 0xff, 1 << 20);
	memcpy(bytes + (5 << 15), "\xf4\x1a\x42\x10\0\0\0\0\0\0\0\x06\0\0\0", 15);
	fake_pci_add(0, 1, 0);
	assert_int_equal(pci_init(&ecam, 1), 1);
	assert_int_equal(pci_function_at(0)->device, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(empty_machine_has_no_functions, reset),
		cmocka_unit_test_setup(identity_is_read, reset),
		cmocka_unit_test_setup(vendor_of_all_ones_or_zero_is_absent, reset),
		cmocka_unit_test_setup(further_functions_need_the_multifunction_bit, reset),
		cmocka_unit_test_setup(function_zero_absent_hides_the_device, reset),
		cmocka_unit_test_setup(devices_behind_nested_bridges_are_found, reset),
		cmocka_unit_test_setup(bridges_in_a_circle_are_found_once, reset),
		cmocka_unit_test_setup(enumeration_writes_nothing, reset),
		cmocka_unit_test_setup(table_full_stops_the_search, reset),
		cmocka_unit_test_setup(enumerating_again_starts_afresh, reset),
		cmocka_unit_test_setup(only_buses_of_the_ranges_are_read, reset),
		cmocka_unit_test_setup(overlapping_ranges_find_a_function_once, reset),
		cmocka_unit_test_setup(segments_are_kept_apart, reset),
		cmocka_unit_test_setup(narrow_reads_take_the_right_bytes, reset),
		cmocka_unit_test_setup(enabling_changes_two_bits_and_clears_no_status, reset),
		cmocka_unit_test_setup(enabling_opens_the_bridges_above, reset),
		cmocka_unit_test_setup(way_up_ends_where_bridges_loop_or_belong_elsewhere, reset),
		cmocka_unit_test_setup(without_mcfg_the_ports_are_used, reset),
		cmocka_unit_test_setup(ecam_that_shows_nothing_gives_way_to_the_ports, reset),
		cmocka_unit_test_setup(ecam_is_preferred, reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
