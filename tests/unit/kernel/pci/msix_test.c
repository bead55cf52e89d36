/* SPDX-License-Identifier: MIT */
/* MSI-X (kernel/pci/msix.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/cpu/mmio.h"
#include "kernel/lib/err.h"
#include "kernel/pci/pci_impl.h"
#include "tests/unit/kernel/pci/fake_pci.h"

#define BASE 0xfe000000u
#define CAPABILITY 0x98u
#define VECTORS 5u
#define PENDING 0x800u

static struct fake_function *fake;
static struct pci_function *f;
static uint8_t *table;

/* Writes of a message that the device could send meanwhile. */
static unsigned half_written;

void mmio_write32(volatile void *address, uint32_t value)
{
	size_t at = (size_t)((volatile uint8_t *)address - table);
	uint32_t control;
	memcpy(&control, table + (at | 12), sizeof(control));
	half_written += at % 16 != 12 && !(control & 1);
	*(volatile uint32_t *)address = value;
}

static uint16_t control(void);

/* Enabling while the function is not masked. */
static unsigned enabled_open;
static void (*honest_write16)(uint16_t, uint8_t, uint8_t, uint8_t, uint16_t, uint16_t);

static void spying_write16(uint16_t segment, uint8_t bus, uint8_t device, uint8_t function,
			   uint16_t offset, uint16_t value)
{
	if (offset == CAPABILITY + 2)
		enabled_open += value & 0x8000 && !(control() & 0x4000);
	honest_write16(segment, bus, device, function, offset, value);
}

static int reset(void **state)
{
	(void)state;
	half_written = enabled_open = 0;
	fake_pci_reset();
	if (!honest_write16)
		honest_write16 = fake_pci_access.write16;
	fake_pci_access.write16 = spying_write16;
	fake = fake_pci_add(0, 3, 0);
	fake_bar32(fake, 1, BASE, 0x1000);
	table = fake_memory(BASE, 0x1000);
	fake_msix(fake, CAPABILITY, VECTORS, 1, PENDING | 1);
	pci_enumerate(&fake_pci_access);
	f = pci_function_at(0);
	pci_bars_read(f);
	return 0;
}

static uint16_t control(void)
{
	return (uint16_t)(fake_get32(fake, CAPABILITY) >> 16);
}

static struct pci_msix_entry entry_at(unsigned index)
{
	struct pci_msix_entry entry;
	memcpy(&entry, table + index * sizeof(entry), sizeof(entry));
	return entry;
}

static void init_enables_with_everything_masked(void **state)
{
	(void)state;
	assert_int_equal(pci_msix_init(f), VECTORS);
	assert_int_equal(f->msix_table_size, VECTORS);
	assert_int_equal(control(), 0xc000 | (VECTORS - 1));
	for (unsigned i = 0; i < VECTORS; i++)
		assert_int_equal(entry_at(i).vector_control, 1);
	assert_int_equal(entry_at(VECTORS).vector_control, 0); /* not ours */
	pci_msix_unmask_function(f);
	assert_int_equal(control(), 0x8000 | (VECTORS - 1));
}

static void set_writes_the_message_and_unmasks_one_vector(void **state)
{
	(void)state;
	pci_msix_init(f);
	uint32_t reserved = 0xabcd0001;
	memcpy(table + 2 * 16 + 12, &reserved, 4);
	assert_int_equal(pci_msix_set(f, 2, 0x1234567fee01000ull, 0x4031), 0);
	struct pci_msix_entry entry = entry_at(2);
	assert_int_equal(entry.message_address, 0x7fee01000ull & UINT32_MAX);
	assert_int_equal(entry.message_upper_address, 0x1234567fee01000ull >> 32);
	assert_int_equal(entry.message_data, 0x4031);
	assert_int_equal(entry.vector_control, 0xabcd0000); /* the rest is kept */
	assert_int_equal(entry_at(1).vector_control, 1);
	assert_int_equal(entry_at(3).vector_control, 1);
}

static void nothing_half_written_can_be_sent(void **state)
{
	(void)state;
	pci_msix_init(f);
	assert_int_equal(enabled_open, 0);
	for (uint64_t address = 0xfee00000; address < 0xfee03000; address += 0x1000)
		assert_int_equal(pci_msix_set(f, 2, address, 0x4031), 0);
	assert_int_equal(half_written, 0);
}

static void set_beyond_the_table_is_refused(void **state)
{
	(void)state;
	assert_int_equal(pci_msix_set(f, 0, 0xfee00000, 1), -ERR_RANGE); /* before init */
	pci_msix_init(f);
	assert_int_equal(pci_msix_set(f, VECTORS - 1, 0xfee00000, 1), 0);
	assert_int_equal(pci_msix_set(f, VECTORS, 0xfee00000, 1), -ERR_RANGE);
	assert_int_equal(pci_msix_set(f, UINT16_MAX, 0xfee00000, 1), -ERR_RANGE);
}

static void without_the_capability_there_are_no_vectors(void **state)
{
	(void)state;
	fake_set8(fake, CAPABILITY, PCI_CAP_ID_VNDR);
	assert_int_equal(pci_msix_init(f), 0);
	assert_int_equal(f->msix_table_size, 0);
	pci_msix_unmask_function(f); /* does nothing */
}

static void largest_table_fits_exactly(void **state)
{
	(void)state;
	fake_bar64(fake, 2, 0x100000000ull, 0x10000);
	fake_memory(0x100000000ull, 2048 * 16);
	pci_bars_read(f);
	fake_set16(fake, CAPABILITY + PCI_MSIX_CONTROL, 2047);
	fake_set32(fake, CAPABILITY + PCI_MSIX_TABLE, 2);
	fake_set32(fake, CAPABILITY + PCI_MSIX_PBA, (0x10000 - 2048 / 8) | 2);
	assert_int_equal(pci_msix_init(f), 2048);
	assert_int_equal(pci_msix_set(f, 2047, 0xfee00000, 1), 0);
}

struct place {
	uint16_t vectors;
	uint32_t table, pending;
};

static void table_and_pending_bits_may_lie_side_by_side(void **state)
{
	(void)state;
	static const struct place places[] = {
		{ 2, 1, 0x20 | 1 }, /* table, then pending bits */
		{ 2, 0x20 | 1, 0x18 | 1 }, /* the other way round */
		{ 128, 0x10 | 1, 1 },
		{ 2, 1, 2 }, /* the same place of two BARs */
	};
	fake_bar32(fake, 2, BASE + 0x1000, 0x1000);
	for (unsigned i = 0; i < ARRAY_COUNT(places); i++) {
		pci_bars_read(f);
		fake_set16(fake, CAPABILITY + PCI_MSIX_CONTROL, (uint16_t)(places[i].vectors - 1));
		fake_set32(fake, CAPABILITY + PCI_MSIX_TABLE, places[i].table);
		fake_set32(fake, CAPABILITY + PCI_MSIX_PBA, places[i].pending);
		assert_int_equal(pci_msix_init(f), places[i].vectors);
	}
}

static void misplaced_table_or_pending_bits_switch_it_off(void **state)
{
	(void)state;
	static const struct place places[] = {
		{ 2, 6, 1 | PENDING }, /* no such BAR */
		{ 2, 1, 7 },
		{ 2, 0, 1 | PENDING }, /* absent BAR */
		{ 2, 1, 0 },
		{ 2, 0xff0 | 1, 1 | PENDING }, /* reaches beyond the BAR */
		{ 2, 0x1000 | 1, 1 | PENDING },
		{ 2, 0xfffffff8 | 1, 1 | PENDING },
		{ 2, 1, 0x1000 | 1 },
		{ 65, 1, 0xff8 | 1 }, /* two quadwords of pending bits */
		{ 2048, 1, PENDING | 1 },
		{ 2, 1, 0x18 | 1 }, /* they overlap */
		{ 2, 8 | 1, 8 | 1 },
	};
	for (unsigned i = 0; i < ARRAY_COUNT(places); i++) {
		f->msix_table_size = 9; /* of a time when it worked */
		fake_set16(fake, CAPABILITY + PCI_MSIX_CONTROL,
			   (uint16_t)(0x8000 | (places[i].vectors - 1)));
		fake_set32(fake, CAPABILITY + PCI_MSIX_TABLE, places[i].table);
		fake_set32(fake, CAPABILITY + PCI_MSIX_PBA, places[i].pending);
		assert_int_equal(pci_msix_init(f), 0);
		assert_int_equal(f->msix_table_size, 0);
		assert_int_equal(control() & 0x8000, 0); /* firmware had it on */
	}
	assert_int_equal(fake_mapping.count, 0);
}

static void truncated_capability_is_not_used(void **state)
{
	(void)state;
	fake_set8(fake, PCI_CAPABILITIES_POINTER, 0xf8);
	fake_set8(fake, 0xf8, PCI_CAP_ID_MSIX);
	assert_int_equal(pci_msix_init(f), 0);
}

static void unmappable_table_is_not_used(void **state)
{
	(void)state;
	fake_bar32(fake, 1, BASE + 0x100000, 0x1000); /* no memory there */
	pci_bars_read(f);
	assert_int_equal(pci_msix_init(f), 0);
	assert_int_equal(f->msix_table_size, 0);
}

/* A device whose table keeps other bits than were written. */
static size_t lying_field = SIZE_MAX; /* of an entry */

uint32_t mmio_read32(const volatile void *address)
{
	uint32_t value;
	memcpy(&value, (const void *)(uintptr_t)address, sizeof(value));
	size_t offset = (size_t)((const volatile uint8_t *)address - table);
	return offset % sizeof(struct pci_msix_entry) == lying_field ? value ^ 1 : value;
}

static void table_that_does_not_hold_the_message_is_reported(void **state)
{
	(void)state;
	pci_msix_init(f);
	for (size_t field = 0; field < sizeof(struct pci_msix_entry); field += 4) {
		lying_field = field;
		int error = pci_msix_set(f, 1, 0xfee00000, 0x41);
		lying_field = SIZE_MAX;
		assert_int_equal(error, -ERR_DEVICE);
	}
}

static uint16_t control_after_first; /* what all but the first read show */
static unsigned control_reads;

static uint32_t lying_read32(uint16_t segment, uint8_t bus, uint8_t device, uint8_t function,
			     uint16_t offset)
{
	uint32_t value = pci_port_access.read32(segment, bus, device, function, offset);
	/* The walk to the capability reads it, too. */
	if (offset != CAPABILITY || ++control_reads <= 2)
		return value;
	return (value & UINT16_MAX) | (uint32_t)control_after_first << 16;
}

static void device_that_does_not_enable_is_not_used(void **state)
{
	(void)state;
	uint32_t (*honest)(uint16_t, uint8_t, uint8_t, uint8_t, uint16_t) = fake_pci_access.read32;
	fake_pci_access.read32 = lying_read32;
	control_after_first = VECTORS - 1;
	uint16_t stays_off = pci_msix_init(f);
	control_reads = 0;
	control_after_first = UINT16_MAX;
	uint16_t gone = pci_msix_init(f);
	fake_pci_access.read32 = honest;
	assert_int_equal(stays_off, 0);
	assert_int_equal(gone, 0);
	assert_int_equal(f->msix_table_size, 0);
}

static void disabling_needs_no_init_before_it(void **state)
{
	(void)state;
	fake_set32(fake, CAPABILITY, fake_get32(fake, CAPABILITY) | 0x80000000u); /* by firmware */
	pci_msix_disable(f);
	assert_false(control() & 0x8000);
	assert_int_equal(pci_msix_init(f), VECTORS);
	assert_true(control() & 0x8000);
	pci_msix_disable(f);
	assert_false(control() & 0x8000);
	assert_int_equal(f->msix_table_size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(init_enables_with_everything_masked, reset),
		cmocka_unit_test_setup(set_writes_the_message_and_unmasks_one_vector, reset),
		cmocka_unit_test_setup(nothing_half_written_can_be_sent, reset),
		cmocka_unit_test_setup(set_beyond_the_table_is_refused, reset),
		cmocka_unit_test_setup(without_the_capability_there_are_no_vectors, reset),
		cmocka_unit_test_setup(largest_table_fits_exactly, reset),
		cmocka_unit_test_setup(table_and_pending_bits_may_lie_side_by_side, reset),
		cmocka_unit_test_setup(misplaced_table_or_pending_bits_switch_it_off, reset),
		cmocka_unit_test_setup(truncated_capability_is_not_used, reset),
		cmocka_unit_test_setup(unmappable_table_is_not_used, reset),
		cmocka_unit_test_setup(table_that_does_not_hold_the_message_is_reported, reset),
		cmocka_unit_test_setup(device_that_does_not_enable_is_not_used, reset),
		cmocka_unit_test_setup(disabling_needs_no_init_before_it, reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
