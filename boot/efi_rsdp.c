/* SPDX-License-Identifier: MIT */
/*
 * Finds ACPI's root pointer among the firmware's configuration tables (UEFI 2.10, 4.6).
 *
 * GUIDs are compared here: GNU-EFI's CompareGuid() is 0 for equal ones up to version 3 and TRUE
 * from 4 on. The table of ACPI 2.0 is taken before the one of ACPI 1.0, wherever they stand.
 */
#include <stdbool.h>

#include "boot/efi_firmware.h"

static bool is_same(const EFI_GUID *a, const EFI_GUID *b)
{
	bool is_same_tail = true;

	for (unsigned i = 0; i < sizeof(a->Data4); i++)
		is_same_tail &= a->Data4[i] == b->Data4[i];
	return a->Data1 == b->Data1 && a->Data2 == b->Data2 && a->Data3 == b->Data3 && is_same_tail;
}

uint64_t firmware_rsdp(const EFI_SYSTEM_TABLE *system)
{
	static const EFI_GUID acpi_20 = ACPI_20_TABLE_GUID, acpi_10 = ACPI_TABLE_GUID;
	uint64_t old = 0;

	for (UINTN i = 0; i < system->NumberOfTableEntries; i++) {
		const EFI_CONFIGURATION_TABLE *table = &system->ConfigurationTable[i];

		if (is_same(&table->VendorGuid, &acpi_20))
			return (uint64_t)table->VendorTable;
		if (is_same(&table->VendorGuid, &acpi_10))
			old = (uint64_t)table->VendorTable;
	}
	return old;
}
