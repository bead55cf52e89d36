/* SPDX-License-Identifier: MIT */
/*
 * Tables of the ACPI Specification 6.4, chapter 5.2, and of the PCI Firmware
 * Specification 3.3, 4.1.2 (MCFG). Only what is read. Little endian, packed:
 * nothing in a table is aligned for sure.
 */
#ifndef KERNEL_ACPI_ACPI_SPEC_H
#define KERNEL_ACPI_ACPI_SPEC_H

#include "kernel/lib/util.h"

/* 5.2.5.3 */
struct acpi_rsdp {
	char Signature[8]; /* "RSD PTR " */
	uint8_t Checksum; /* of the first 20 bytes */
	char OEMID[6];
	uint8_t Revision; /* 0: ends after RsdtAddress */
	uint32_t RsdtAddress;
	uint32_t Length;
	uint64_t XsdtAddress;
	uint8_t ExtendedChecksum;
	uint8_t Reserved[3];
} PACKED;
_Static_assert(sizeof(struct acpi_rsdp) == 36, "5.2.5.3");
#define ACPI_RSDP_V1_BYTES 20u
_Static_assert(offsetof(struct acpi_rsdp, Length) == ACPI_RSDP_V1_BYTES, "5.2.5.3");

/* 5.2.6 */
struct acpi_header {
	char Signature[4];
	uint32_t Length;
	uint8_t Revision;
	uint8_t Checksum;
	char OEMID[6];
	char OEMTableID[8];
	uint32_t OEMRevision;
	uint32_t CreatorID;
	uint32_t CreatorRevision;
} PACKED;
_Static_assert(sizeof(struct acpi_header) == 36, "5.2.6");

/* 5.2.12, "APIC" */
struct acpi_madt {
	struct acpi_header header;
	uint32_t LocalInterruptControllerAddress;
	uint32_t Flags;
} PACKED;
_Static_assert(sizeof(struct acpi_madt) == 44, "5.2.12");
#define ACPI_MADT_PCAT_COMPAT (1u << 0)

struct acpi_madt_entry {
	uint8_t Type;
	uint8_t Length;
} PACKED;

enum acpi_madt_type {
	ACPI_MADT_LOCAL_APIC = 0,
	ACPI_MADT_LOCAL_APIC_ADDRESS_OVERRIDE = 5,
	ACPI_MADT_LOCAL_X2APIC = 9,
};

#define ACPI_MADT_ENABLED (1u << 0) /* 5.2.12.2, table 5.47 */

/* 5.2.12.2 */
struct acpi_madt_local_apic {
	struct acpi_madt_entry entry;
	uint8_t ACPIProcessorUID;
	uint8_t APICID;
	uint32_t Flags;
} PACKED;
_Static_assert(sizeof(struct acpi_madt_local_apic) == 8, "5.2.12.2");

/* 5.2.12.8 */
struct acpi_madt_address_override {
	struct acpi_madt_entry entry;
	uint16_t Reserved;
	uint64_t LocalAPICAddress;
} PACKED;
_Static_assert(sizeof(struct acpi_madt_address_override) == 12, "5.2.12.8");

/* 5.2.12.12 */
struct acpi_madt_local_x2apic {
	struct acpi_madt_entry entry;
	uint16_t Reserved;
	uint32_t X2APICID;
	uint32_t Flags;
	uint32_t ACPIProcessorUID;
} PACKED;
_Static_assert(sizeof(struct acpi_madt_local_x2apic) == 16, "5.2.12.12");

/* 5.2.3.2 */
struct acpi_generic_address {
	uint8_t AddressSpaceID;
	uint8_t RegisterBitWidth;
	uint8_t RegisterBitOffset;
	uint8_t AccessSize;
	uint64_t Address;
} PACKED;
_Static_assert(sizeof(struct acpi_generic_address) == 12, "5.2.3.2");
#define ACPI_SPACE_SYSTEM_MEMORY 0u
#define ACPI_SPACE_SYSTEM_IO 1u

/* 5.2.9, "FACP"; the names of what is not read are left out. */
struct acpi_fadt {
	struct acpi_header header;
	uint32_t FIRMWARE_CTRL;
	uint32_t DSDT;
	uint8_t unused_44[20];
	uint32_t PM1a_CNT_BLK;
	uint32_t PM1b_CNT_BLK;
	uint32_t PM2_CNT_BLK;
	uint32_t PM_TMR_BLK;
	uint8_t unused_80[9];
	uint8_t PM1_CNT_LEN;
	uint8_t PM2_CNT_LEN;
	uint8_t PM_TMR_LEN;
	uint8_t unused_92[20];
	uint32_t Flags;
	/* Revision 1 ends at 116. */
	uint8_t unused_116[24];
	uint64_t X_DSDT;
	struct acpi_generic_address X_PM1a_EVT_BLK;
	struct acpi_generic_address X_PM1b_EVT_BLK;
	struct acpi_generic_address X_PM1a_CNT_BLK;
	struct acpi_generic_address X_PM1b_CNT_BLK;
	struct acpi_generic_address X_PM2_CNT_BLK;
	struct acpi_generic_address X_PM_TMR_BLK;
} PACKED;
_Static_assert(offsetof(struct acpi_fadt, PM1a_CNT_BLK) == 64, "5.2.9");
_Static_assert(offsetof(struct acpi_fadt, PM_TMR_BLK) == 76, "5.2.9");
_Static_assert(offsetof(struct acpi_fadt, PM_TMR_LEN) == 91, "5.2.9");
_Static_assert(offsetof(struct acpi_fadt, Flags) == 112, "5.2.9");
_Static_assert(offsetof(struct acpi_fadt, X_DSDT) == 140, "5.2.9");
_Static_assert(offsetof(struct acpi_fadt, X_PM1a_CNT_BLK) == 172, "5.2.9");
_Static_assert(offsetof(struct acpi_fadt, X_PM_TMR_BLK) == 208, "5.2.9");
#define ACPI_FADT_REVISION_1_BYTES 116u
#define ACPI_FADT_TMR_VAL_EXT (1u << 8) /* the PM timer has 32 bits */
#define ACPI_FADT_HW_REDUCED (1u << 20) /* no fixed hardware: no PM1, no timer */

/* PCI Firmware Specification 3.3, tables 4-2 and 4-3; "MCFG" */
struct acpi_mcfg {
	struct acpi_header header;
	uint8_t Reserved[8];
} PACKED;
_Static_assert(sizeof(struct acpi_mcfg) == 44, "4.1.2");

struct acpi_mcfg_allocation {
	uint64_t BaseAddress;
	uint16_t PCISegmentGroupNumber;
	uint8_t StartBusNumber;
	uint8_t EndBusNumber;
	uint8_t Reserved[4];
} PACKED;
_Static_assert(sizeof(struct acpi_mcfg_allocation) == 16, "4.1.2");

/* IA-PC HPET 1.0a, 3.2.4, "HPET" */
struct acpi_hpet {
	struct acpi_header header;
	uint32_t EventTimerBlockID;
	struct acpi_generic_address BASE_ADDRESS;
	uint8_t HPETNumber;
	uint16_t MainCounterMinimum;
	uint8_t PageProtection;
} PACKED;
_Static_assert(sizeof(struct acpi_hpet) == 56, "3.2.4");

/* AML, 20.2: what a sleep package consists of. */
enum acpi_aml {
	AML_ZERO_OP = 0x00,
	AML_ONE_OP = 0x01,
	AML_NAME_OP = 0x08,
	AML_BYTE_PREFIX = 0x0a,
	AML_WORD_PREFIX = 0x0b,
	AML_DWORD_PREFIX = 0x0c,
	AML_PACKAGE_OP = 0x12,
	AML_ROOT_CHAR = 0x5c,
};

#endif
