/* SPDX-License-Identifier: MIT */
/* Capability lists (kernel/pci/capability.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/kernel/pci/fake_pci.h"

#define VNDR PCI_CAP_ID_VNDR

static struct fake_function *fake;
static const struct pci_function *f;

static int reset(void **state)
{
	(void)state;
	fake_pci_reset();
	fake = fake_pci_add(0, 3, 0);
	pci_enumerate(&fake_pci_access);
	f = pci_function_at(0);
	return 0;
}

static void list_is_followed_in_its_order(void **state)
{
	(void)state;
	fake_capability(fake, 0x50, VNDR);
	fake_capability(fake, 0xf0, PCI_CAP_ID_MSIX);
	fake_capability(fake, 0x40, VNDR);
	assert_int_equal(pci_find_capability(f, VNDR, 0, 16), 0x40);
	assert_int_equal(pci_find_capability(f, VNDR, 0x40, 16), 0x50);
	assert_int_equal(pci_find_capability(f, VNDR, 0x50, 16), 0);
	assert_int_equal(pci_find_capability(f, PCI_CAP_ID_MSIX, 0, 12), 0xf0);
	assert_int_equal(pci_find_capability(f, 0x10, 0, 2), 0);
}

static void without_the_status_bit_there_is_no_list(void **state)
{
	(void)state;
	fake_capability(fake, 0x40, VNDR);
	fake_set16(fake, PCI_STATUS, 0);
	assert_int_equal(pci_find_capability(f, VNDR, 0, 16), 0);
}

static void other_header_types_have_no_list(void **state)
{
	(void)state;
	fake_capability(fake, 0x40, VNDR);
	fake_set8(fake, PCI_HEADER_TYPE, 2); /* CardBus keeps the pointer elsewhere */
	pci_enumerate(&fake_pci_access);
	assert_int_equal(pci_find_capability(f, VNDR, 0, 16), 0);
	fake_set8(fake, PCI_HEADER_TYPE, PCI_HEADER_TYPE_BRIDGE);
	pci_enumerate(&fake_pci_access);
	assert_int_equal(pci_find_capability(f, VNDR, 0, 16), 0x40);
}

static void looping_list_ends(void **state)
{
	(void)state;
	fake_capability(fake, 0x50, VNDR);
	fake_capability(fake, 0x40, VNDR);
	fake_set8(fake, 0x51, 0x40);
	assert_int_equal(pci_find_capability(f, PCI_CAP_ID_MSIX, 0, 12), 0);
	assert_int_equal(pci_find_capability(f, VNDR, 0, 16), 0x40);
	assert_int_equal(pci_find_capability(f, VNDR, 0x40, 16), 0x50);
	assert_int_equal(pci_find_capability(f, VNDR, 0x50, 16), 0);
	fake_set8(fake, 0x41, 0x40); /* to itself */
	assert_int_equal(pci_find_capability(f, VNDR, 0x40, 16), 0);
}

static void pointer_into_the_header_ends_the_list(void **state)
{
	(void)state;
	fake_capability(fake, 0x40, VNDR);
	fake_set8(fake, 0x41, 0x3c);
	fake_set8(fake, 0x3c, PCI_CAP_ID_MSIX);
	assert_int_equal(pci_find_capability(f, PCI_CAP_ID_MSIX, 0, 2), 0);
}

static void low_bits_of_pointers_are_ignored(void **state)
{
	(void)state;
	fake_capability(fake, 0x60, PCI_CAP_ID_MSIX);
	fake_capability(fake, 0x40, VNDR);
	fake_set8(fake, PCI_CAPABILITIES_POINTER, 0x43);
	fake_set8(fake, 0x41, 0x62);
	assert_int_equal(pci_find_capability(f, VNDR, 0, 16), 0x40);
	assert_int_equal(pci_find_capability(f, PCI_CAP_ID_MSIX, 0, 12), 0x60);
}

static void truncated_capability_is_passed_over(void **state)
{
	(void)state;
	fake_capability(fake, 0x40, VNDR);
	fake_capability(fake, 0xf4, VNDR); /* 12 bytes to the end */
	assert_int_equal(pci_find_capability(f, VNDR, 0, 12), 0xf4);
	assert_int_equal(pci_find_capability(f, VNDR, 0, 13), 0x40);
}

static void unknown_previous_finds_nothing(void **state)
{
	(void)state;
	fake_capability(fake, 0x40, VNDR);
	assert_int_equal(pci_find_capability(f, VNDR, 0x80, 16), 0);
}

static void all_ones_end_the_walk(void **state)
{
	(void)state;
	for (unsigned i = 0x40; i < 0x100; i++)
		fake_set8(fake, i, 0xff);
	fake_set16(fake, PCI_STATUS, 0xffff);
	fake_set8(fake, PCI_CAPABILITIES_POINTER, 0xff);
	fake_pci_reads = 0;
	assert_int_equal(pci_find_capability(f, VNDR, 0, 2), 0);
	assert_int_equal(pci_find_capability(f, 0xff, 0, 2), 0xfc);
	assert_int_equal(pci_find_capability(f, 0xff, 0xfc, 2), 0);
	assert_in_range(fake_pci_reads, 1, 20);
}

static void longest_list_is_walked_to_its_end(void **state)
{
	(void)state;
	for (unsigned at = 0x40; at < 0x100; at += 4)
		fake_capability(fake, (uint8_t)at, VNDR);
	unsigned count = 0;
	for (uint8_t at = 0; (at = pci_find_capability(f, VNDR, at, 2));)
		count++;
	assert_int_equal(count, PCI_CAPABILITIES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(list_is_followed_in_its_order, reset),
		cmocka_unit_test_setup(without_the_status_bit_there_is_no_list, reset),
		cmocka_unit_test_setup(other_header_types_have_no_list, reset),
		cmocka_unit_test_setup(looping_list_ends, reset),
		cmocka_unit_test_setup(pointer_into_the_header_ends_the_list, reset),
		cmocka_unit_test_setup(low_bits_of_pointers_are_ignored, reset),
		cmocka_unit_test_setup(truncated_capability_is_passed_over, reset),
		cmocka_unit_test_setup(unknown_previous_finds_nothing, reset),
		cmocka_unit_test_setup(all_ones_end_the_walk, reset),
		cmocka_unit_test_setup(longest_list_is_walked_to_its_end, reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
