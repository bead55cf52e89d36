/* SPDX-License-Identifier: MIT */
/* Base address registers (kernel/pci/bar.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/pci/pci_impl.h"
#include "tests/unit/kernel/pci/fake_pci.h"

#define HIGH_BASE 0xe000000000ull /* where OVMF puts 64-bit BARs */

static struct fake_function *fake;

static int reset(void **state)
{
	(void)state;
	fake_pci_reset();
	fake = fake_pci_add(0, 3, 0);
	fake_set16(fake, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
	return 0;
}

static const struct pci_function *enumerate(void)
{
	assert_int_equal(pci_enumerate(&fake_pci_access), 1);
	pci_bars_read(pci_function_at(0));
	return pci_function_at(0);
}

static void assert_unusable(const struct pci_bar *bar)
{
	assert_int_equal(bar->base.value, 0);
	assert_int_equal(bar->length_bytes, 0);
	assert_false(bar->is_memory);
}

static void memory_bars_are_sized(void **state)
{
	(void)state;
	fake_bar32(fake, 1, 0xfebd0000, 0x1000);
	fake_bar64(fake, 4, HIGH_BASE, 0x4000);
	const struct pci_function *f = enumerate();
	assert_unusable(&f->bars[0]);
	assert_int_equal(f->bars[1].base.value, 0xfebd0000);
	assert_int_equal(f->bars[1].length_bytes, 0x1000);
	assert_true(f->bars[1].is_memory);
	assert_false(f->bars[1].is_64bit);
	assert_int_equal(f->bars[4].base.value, HIGH_BASE);
	assert_int_equal(f->bars[4].length_bytes, 0x4000);
	assert_true(f->bars[4].is_64bit);
	assert_unusable(&f->bars[5]);
}

static void sizes_from_16_bytes_to_above_4_gib(void **state)
{
	(void)state;
	fake_bar32(fake, 0, 0xfe000010, 16);
	fake_bar32(fake, 1, 0x80000000, 0x80000000);
	fake_bar64(fake, 2, 1ull << 40, 1ull << 36);
	fake_bar64(fake, 4, 1ull << 51, 1ull << 51);
	const struct pci_function *f = enumerate();
	assert_int_equal(f->bars[0].length_bytes, 16);
	assert_int_equal(f->bars[1].length_bytes, 0x80000000);
	assert_int_equal(f->bars[2].length_bytes, 1ull << 36);
	assert_int_equal(f->bars[4].length_bytes, 1ull << 51);
}

static void sizing_happens_without_decoding_and_leaves_no_trace(void **state)
{
	(void)state;
	fake_set16(fake, PCI_STATUS, 0xf900);
	fake_bar32(fake, 1, 0xfebd0008, 0x1000); /* prefetchable */
	fake_bar64(fake, 4, HIGH_BASE, 0x4000);
	enumerate();
	assert_int_not_equal(fake->bar_writes, 0);
	assert_int_equal(fake->bar_writes_while_decoding, 0);
	assert_int_equal(fake_get32(fake, PCI_COMMAND), 0xf9000003);
	assert_int_equal(fake_get32(fake, PCI_BASE_ADDRESS_0 + 4), 0xfebd0008);
	assert_int_equal(fake_get32(fake, PCI_BASE_ADDRESS_0 + 16), 4);
	assert_int_equal(fake_get32(fake, PCI_BASE_ADDRESS_0 + 20), HIGH_BASE >> 32);
}

static void io_bars_are_not_touched(void **state)
{
	(void)state;
	fake_set32(fake, PCI_BASE_ADDRESS_0, 0xc041);
	const struct pci_function *f = enumerate();
	assert_unusable(&f->bars[0]);
	assert_null(pci_bar_map(f, 0, 0, 1));
	/* The five others, tried once and put back. */
	assert_int_equal(fake->bar_writes, 10);
}

static void unassigned_bars_are_unusable(void **state)
{
	(void)state;
	fake_bar32(fake, 0, 0, 0x1000);
	fake_bar64(fake, 2, 0, 0x4000);
	const struct pci_function *f = enumerate();
	assert_unusable(&f->bars[0]);
	assert_unusable(&f->bars[2]);
}

static void ranges_that_leave_the_address_space_are_rejected(void **state)
{
	(void)state;
	fake_bar64(fake, 0, 1ull << 63, 1ull << 63); /* wraps to 0 */
	fake_bar64(fake, 2, 1ull << 52, 0x1000);
	fake_bar64(fake, 4, (1ull << 52) - 0x1000, 0x1000); /* the very last */
	const struct pci_function *f = enumerate();
	assert_unusable(&f->bars[0]);
	assert_unusable(&f->bars[2]);
	assert_int_equal(f->bars[4].length_bytes, 0x1000);
}

/* Shows a base that it cannot have, given the bits that take ones. */
static uint32_t misaligned_read32(uint16_t segment, uint8_t bus, uint8_t device, uint8_t function,
				  uint16_t offset)
{
	uint32_t value = pci_port_access.read32(segment, bus, device, function, offset);
	return offset == PCI_BASE_ADDRESS_0 && value == 0xfe000000 ? 0xfe000800 : value;
}

static void misaligned_base_is_rejected(void **state)
{
	(void)state;
	uint32_t (*honest)(uint16_t, uint8_t, uint8_t, uint8_t, uint16_t) = fake_pci_access.read32;
	fake_bar32(fake, 0, 0xfe000000, 0x1000);
	fake_pci_access.read32 = misaligned_read32;
	enumerate();
	fake_pci_access.read32 = honest;
	assert_unusable(&pci_function_at(0)->bars[0]);
}

static void sizes_with_holes_are_rejected(void **state)
{
	(void)state;
	fake_bar32(fake, 0, 0xfe000000, 0x1000);
	fake->bar_writable[0] = 0xff0ff000; /* bits 20 to 23 stay 0 */
	fake_bar64(fake, 2, HIGH_BASE, 0x1000);
	fake->bar_writable[3] = 0; /* upper half fixed */
	const struct pci_function *f = enumerate();
	assert_unusable(&f->bars[0]);
	assert_unusable(&f->bars[2]);
}

static void fixed_base_is_rejected(void **state)
{
	(void)state;
	fake_set32(fake, PCI_BASE_ADDRESS_0, 0xfe234000);
	assert_unusable(&enumerate()->bars[0]);
}

static void all_address_space_at_zero_is_rejected(void **state)
{
	(void)state;
	fake_set32(fake, PCI_BASE_ADDRESS_0, PCI_BASE_ADDRESS_TYPE_64);
	fake->bar_writable[0] = 0;
	fake->bar_writable[1] = 1u << 31;
	assert_unusable(&enumerate()->bars[0]);
}

static void sixty_four_bits_in_the_last_register_are_rejected(void **state)
{
	(void)state;
	fake_bar32(fake, 5, 0xfe000000, 0x1000);
	fake->config[PCI_BASE_ADDRESS_0 + 20] |= PCI_BASE_ADDRESS_TYPE_64;
	assert_unusable(&enumerate()->bars[5]);
	assert_int_equal(fake->stray_writes, 0); /* to what follows the BARs */
}

static void reserved_type_is_rejected(void **state)
{
	(void)state;
	fake_bar32(fake, 0, 0xfe000000, 0x1000);
	fake->config[PCI_BASE_ADDRESS_0] |= PCI_BASE_ADDRESS_TYPE_MASK;
	assert_unusable(&enumerate()->bars[0]);
}

static void device_that_answers_all_ones_has_no_bars(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PCI_BARS; i++)
		fake_set32(fake, PCI_BASE_ADDRESS_0 + i * 4, 0xfffffffe);
	const struct pci_function *f = enumerate();
	for (unsigned i = 0; i < PCI_BARS; i++)
		assert_unusable(&f->bars[i]);
}

static void bars_of_bridges_are_left_alone(void **state)
{
	(void)state;
	fake_set8(fake, PCI_HEADER_TYPE, PCI_HEADER_TYPE_BRIDGE);
	fake_bar32(fake, 0, 0xfe000000, 0x1000);
	assert_unusable(&enumerate()->bars[0]);
	assert_int_equal(fake->bar_writes, 0);
}

static void reading_again_starts_afresh(void **state)
{
	(void)state;
	fake_bar64(fake, 0, HIGH_BASE, 0x1000);
	const struct pci_function *f = enumerate();
	fake_set32(fake, PCI_BASE_ADDRESS_0, 0xc041); /* now I/O space */
	pci_bars_read(pci_function_at(0));
	assert_unusable(&f->bars[0]);
}

static void mapping_takes_the_part_and_no_more(void **state)
{
	(void)state;
	fake_bar64(fake, 4, HIGH_BASE, 1ull << 40);
	uint8_t *bytes = fake_memory(HIGH_BASE + 0x3000, 0x1000);
	const struct pci_function *f = enumerate();
	assert_ptr_equal(pci_bar_map(f, 4, 0x3010, 0x20), bytes + 0x10);
	assert_int_equal(fake_mapping.base, HIGH_BASE + 0x3010);
	assert_int_equal(fake_mapping.length_bytes, 0x20);
}

static void mapping_outside_of_the_bar_is_refused(void **state)
{
	(void)state;
	fake_bar32(fake, 1, 0xfe000000, 0x1000);
	fake_memory(0xfe000000, 0x2000);
	const struct pci_function *f = enumerate();
	assert_non_null(pci_bar_map(f, 1, 0, 0x1000));
	assert_non_null(pci_bar_map(f, 1, 0xfff, 1));
	assert_null(pci_bar_map(f, 1, 0xfff, 2));
	assert_null(pci_bar_map(f, 1, 0x1000, 1));
	assert_null(pci_bar_map(f, 1, 0x800, UINT64_MAX - 0x7ff)); /* the sum wraps */
	assert_null(pci_bar_map(f, 1, UINT64_MAX, 2));
	assert_null(pci_bar_map(f, 1, 0, 0));
	assert_null(pci_bar_map(f, 0, 0, 1)); /* absent */
	assert_null(pci_bar_map(f, 6, 0, 1));
	assert_null(pci_bar_map(f, UINT32_MAX, 0, 1));
	assert_int_equal(fake_mapping.count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(memory_bars_are_sized, reset),
		cmocka_unit_test_setup(sizes_from_16_bytes_to_above_4_gib, reset),
		cmocka_unit_test_setup(sizing_happens_without_decoding_and_leaves_no_trace, reset),
		cmocka_unit_test_setup(io_bars_are_not_touched, reset),
		cmocka_unit_test_setup(unassigned_bars_are_unusable, reset),
		cmocka_unit_test_setup(ranges_that_leave_the_address_space_are_rejected, reset),
		cmocka_unit_test_setup(misaligned_base_is_rejected, reset),
		cmocka_unit_test_setup(sizes_with_holes_are_rejected, reset),
		cmocka_unit_test_setup(fixed_base_is_rejected, reset),
		cmocka_unit_test_setup(all_address_space_at_zero_is_rejected, reset),
		cmocka_unit_test_setup(sixty_four_bits_in_the_last_register_are_rejected, reset),
		cmocka_unit_test_setup(reserved_type_is_rejected, reset),
		cmocka_unit_test_setup(device_that_answers_all_ones_has_no_bars, reset),
		cmocka_unit_test_setup(bars_of_bridges_are_left_alone, reset),
		cmocka_unit_test_setup(reading_again_starts_afresh, reset),
		cmocka_unit_test_setup(mapping_takes_the_part_and_no_more, reset),
		cmocka_unit_test_setup(mapping_outside_of_the_bar_is_refused, reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
