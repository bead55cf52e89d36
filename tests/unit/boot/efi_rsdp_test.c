/* SPDX-License-Identifier: MIT */
/* Which of the firmware's tables is taken for ACPI's. There is no library of EFI here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "boot/efi_firmware.h"

#define TABLES_MAX 4u

static const EFI_GUID acpi_20 = { 0x8868e871, 0xe4f1, 0x11d3,
				  { 0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81 } };
static const EFI_GUID acpi_10 = { 0xeb9d2d30, 0x2d88, 0x11d3,
				  { 0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d } };
static const EFI_GUID smbios = { 0xeb9d2d31, 0x2d88, 0x11d3,
				 { 0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d } };

static EFI_CONFIGURATION_TABLE tables[TABLES_MAX];
static EFI_SYSTEM_TABLE firmware = { .ConfigurationTable = tables };

static int reset(void **state)
{
	(void)state;
	firmware.NumberOfTableEntries = 0;
	return 0;
}

static void add(EFI_GUID guid, uint64_t address)
{
	tables[firmware.NumberOfTableEntries++] =
		(EFI_CONFIGURATION_TABLE){ guid, (void *)address };
}

static void the_newer_table_is_taken_wherever_it_stands(void **state)
{
	(void)state;
	add(smbios, 0x1000);
	add(acpi_10, 0x2000);
	add(acpi_20, 0x3000);
	assert_int_equal(firmware_rsdp(&firmware), 0x3000);
	reset(NULL);
	add(acpi_20, 0x3000);
	add(acpi_10, 0x2000);
	assert_int_equal(firmware_rsdp(&firmware), 0x3000);
}

static void the_older_table_does(void **state)
{
	(void)state;
	add(smbios, 0x1000);
	add(acpi_10, 0x2000);
	assert_int_equal(firmware_rsdp(&firmware), 0x2000);
}

static void a_guid_that_differs_in_one_bit_is_another(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 8 * sizeof(EFI_GUID); bit++) {
		uint8_t bytes[sizeof(EFI_GUID)];
		EFI_GUID other;

		reset(NULL);
		memcpy(bytes, &acpi_20, sizeof(bytes));
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		memcpy(&other, bytes, sizeof(other));
		add(other, 0x1000);
		assert_int_equal(firmware_rsdp(&firmware), 0);
	}
}

static void without_tables_there_is_none(void **state)
{
	(void)state;
	assert_int_equal(firmware_rsdp(&firmware), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_newer_table_is_taken_wherever_it_stands, reset),
		cmocka_unit_test_setup(the_older_table_does, reset),
		cmocka_unit_test_setup(a_guid_that_differs_in_one_bit_is_another, reset),
		cmocka_unit_test_setup(without_tables_there_is_none, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
