/* SPDX-License-Identifier: MIT */
/*
 * Reads the few facts that the kernel needs out of the firmware's tables.
 *
 *   RSDP -> XSDT (else RSDT) -> APIC: CPUs, local APIC, 8259
 *                            -> MCFG: where PCI configuration space is
 *                            -> FACP: PM timer, PM1 control -> DSDT: \_S5
 *                            -> HPET: where its registers are
 *
 * Firmware is not trusted: a table is mapped by its header first, then by its
 * checked length, and is believed only after its checksum; each structure
 * inside is checked against the table's end. The first table of a kind that
 * is sound counts. Nothing is followed twice: addresses lead from the root
 * table to tables and from the FADT to the DSDT, never further.
 *
 * acpi_info is written here once, by the boot CPU, then only read. The tables
 * stay the firmware's; no pointer into them is kept. Deliberately no AML.
 */
#include "kernel/acpi/acpi.h"

#include "kernel/acpi/acpi_s5.h"
#include "kernel/acpi/acpi_spec.h"
#include "kernel/lib/err.h"
#include "kernel/lib/log.h"
#include "kernel/lib/mem.h"
#include "kernel/mm/paging.h"

#define TABLE_BYTES_MAX (16u << 20)
#define ROOT_ENTRIES_MAX 512u
#define LOCAL_APIC_DEFAULT 0xfee00000ull
#define ECAM_BUS_SHIFT 20 /* 1 MiB of configuration space per bus */
#define XAPIC_ID_INVALID 0xffu
#define X2APIC_ID_INVALID 0xffffffffu

struct acpi_info acpi_info;
static bool cpu_dropped; /* and said so */

static uint8_t sum_bytes(const void *bytes, size_t length_bytes)
{
	const uint8_t *p = bytes;
	uint8_t sum = 0;

	for (size_t i = 0; i < length_bytes; i++)
		sum = (uint8_t)(sum + p[i]);
	return sum;
}

/*
 * The table at `address` if it bears the signature and is sound, all of its
 * *length_bytes (>= min_bytes) mapped; else NULL. Other signatures are normal.
 */
static const void *map_acpi_table(uint64_t address, const char *signature, size_t min_bytes,
				  size_t *length_bytes)
{
	const struct acpi_header *header;
	uint32_t length;

	header = paging_map_firmware(phys_make(address), sizeof(*header));
	if (!header || memcmp(header->Signature, signature, 4))
		return NULL;
	length = header->Length;
	if (length < min_bytes || length > TABLE_BYTES_MAX) {
		log_warn("acpi", "%s: length %u is wrong, table left out", signature,
			 (unsigned)length);
		return NULL;
	}
	header = paging_map_firmware(phys_make(address), length);
	if (!header || sum_bytes(header, length)) {
		log_warn("acpi", "%s: %s, table left out", signature,
			 header ? "checksum is wrong" : "out of reach");
		return NULL;
	}
	*length_bytes = length;
	return header;
}

static void add_cpu(uint32_t apic_id)
{
	for (uint32_t i = 0; i < acpi_info.cpu_count; i++) {
		if (acpi_info.apic_ids[i] == apic_id)
			return;
	}
	if (acpi_info.cpu_count < CPU_MAX) {
		acpi_info.apic_ids[acpi_info.cpu_count++] = apic_id;
		return;
	}
	if (!cpu_dropped)
		log_warn("acpi", "CPU with APIC ID %u and all after it left out: %u is the limit",
			 (unsigned)apic_id, CPU_MAX);
	cpu_dropped = true;
}

/* One interrupt controller structure of `length` checked bytes. */
static void read_madt_entry(const uint8_t *bytes, size_t length)
{
	switch (bytes[0]) {
	case ACPI_MADT_LOCAL_APIC: {
		struct acpi_madt_local_apic apic;

		if (length < sizeof(apic))
			break;
		memcpy(&apic, bytes, sizeof(apic));
		if (apic.Flags & ACPI_MADT_ENABLED && apic.APICID != XAPIC_ID_INVALID)
			add_cpu(apic.APICID);
		break;
	}
	case ACPI_MADT_LOCAL_X2APIC: {
		struct acpi_madt_local_x2apic apic;

		if (length < sizeof(apic))
			break;
		memcpy(&apic, bytes, sizeof(apic));
		if (apic.Flags & ACPI_MADT_ENABLED && apic.X2APICID != X2APIC_ID_INVALID)
			add_cpu(apic.X2APICID);
		break;
	}
	case ACPI_MADT_LOCAL_APIC_ADDRESS_OVERRIDE: {
		struct acpi_madt_address_override override;

		if (length < sizeof(override))
			break;
		memcpy(&override, bytes, sizeof(override));
		acpi_info.local_apic = phys_make(override.LocalAPICAddress);
		break;
	}
	default:
		break;
	}
}

static void read_madt(const uint8_t *table, size_t length)
{
	struct acpi_madt madt;
	size_t at = sizeof(madt);

	cpu_dropped = false;
	memcpy(&madt, table, sizeof(madt));
	acpi_info.local_apic = phys_make(madt.LocalInterruptControllerAddress);
	acpi_info.has_8259 = madt.Flags & ACPI_MADT_PCAT_COMPAT;
	while (length - at >= sizeof(struct acpi_madt_entry)) {
		size_t entry_bytes = table[at + offsetof(struct acpi_madt_entry, Length)];

		if (entry_bytes < sizeof(struct acpi_madt_entry) || entry_bytes > length - at) {
			log_warn("acpi", "APIC: broken after %u bytes, the rest is left out",
				 (unsigned)at);
			break;
		}
		read_madt_entry(table + at, entry_bytes);
		at += entry_bytes;
	}
}

static void read_mcfg(const uint8_t *table, size_t length)
{
	size_t at = sizeof(struct acpi_mcfg);

	for (; length - at >= sizeof(struct acpi_mcfg_allocation);
	     at += sizeof(struct acpi_mcfg_allocation)) {
		struct acpi_mcfg_allocation a;
		uint64_t bytes;

		memcpy(&a, table + at, sizeof(a));
		bytes = ((uint64_t)a.EndBusNumber + 1) << ECAM_BUS_SHIFT;
		if (!a.BaseAddress || a.BaseAddress % PAGE_BYTES ||
		    a.StartBusNumber > a.EndBusNumber || a.BaseAddress + bytes < bytes) {
			log_warn("acpi", "MCFG: an entry is wrong and left out");
			continue;
		}
		if (acpi_info.mcfg_count == ACPI_MCFG_MAX)
			break;
		acpi_info.mcfg[acpi_info.mcfg_count++] = (struct acpi_mcfg_entry){
			.base = phys_make(a.BaseAddress),
			.segment = a.PCISegmentGroupNumber,
			.start_bus = a.StartBusNumber,
			.end_bus = a.EndBusNumber,
		};
	}
}

/* The I/O port of a register block; 0 when there is none in I/O space. */
static uint16_t pick_port(const struct acpi_generic_address *extended, uint32_t legacy)
{
	if (extended->AddressSpaceID == ACPI_SPACE_SYSTEM_IO && extended->Address &&
	    extended->Address <= UINT16_MAX)
		return (uint16_t)extended->Address;
	return legacy <= UINT16_MAX ? (uint16_t)legacy : 0;
}

static void read_dsdt(uint64_t address)
{
	const size_t header_bytes = sizeof(struct acpi_header);
	const uint8_t *table;
	size_t length;

	if (!address)
		return;
	table = map_acpi_table(address, "DSDT", header_bytes, &length);
	if (table)
		acpi_info.has_s5 = acpi_find_s5(table + header_bytes, length - header_bytes,
						&acpi_info.s5_type_a, &acpi_info.s5_type_b);
}

static void read_fadt(const uint8_t *table, size_t length)
{
	struct acpi_fadt fadt = { 0 }; /* an older, shorter one ends in zeroes */

	memcpy(&fadt, table, MIN(length, sizeof(fadt)));
	if (!(fadt.Flags & ACPI_FADT_HW_REDUCED)) {
		if (fadt.PM_TMR_LEN >= 4)
			acpi_info.pm_timer_port = pick_port(&fadt.X_PM_TMR_BLK, fadt.PM_TMR_BLK);
		acpi_info.pm_timer_32bit = fadt.Flags & ACPI_FADT_TMR_VAL_EXT;
		acpi_info.pm1a_control_port =
			pick_port(&fadt.X_PM1a_CNT_BLK, fadt.PM1a_CNT_BLK);
		acpi_info.pm1b_control_port =
			pick_port(&fadt.X_PM1b_CNT_BLK, fadt.PM1b_CNT_BLK);
	}
	read_dsdt(fadt.X_DSDT ? fadt.X_DSDT : fadt.DSDT);
}

static void read_hpet_table(const uint8_t *table, size_t length)
{
	struct acpi_hpet hpet;

	(void)length;
	memcpy(&hpet, table, sizeof(hpet));
	if (hpet.BASE_ADDRESS.AddressSpaceID == ACPI_SPACE_SYSTEM_MEMORY &&
	    hpet.BASE_ADDRESS.Address % ACPI_HPET_BYTES == 0)
		acpi_info.hpet = phys_make(hpet.BASE_ADDRESS.Address);
}

static const struct table_reader {
	char signature[5];
	size_t min_bytes;
	void (*read)(const uint8_t *table, size_t length_bytes);
} readers[] = {
	{ "APIC", sizeof(struct acpi_madt), read_madt },
	{ "MCFG", sizeof(struct acpi_mcfg), read_mcfg },
	{ "FACP", ACPI_FADT_REVISION_1_BYTES, read_fadt },
	{ "HPET", sizeof(struct acpi_hpet), read_hpet_table },
};

/* Each table that the root names, the first sound one of each kind. */
static void read_tables(const uint8_t *root, size_t length, size_t address_bytes)
{
	const size_t header_bytes = sizeof(struct acpi_header);
	size_t count = MIN((length - header_bytes) / address_bytes, (size_t)ROOT_ENTRIES_MAX);
	bool done[ARRAY_COUNT(readers)] = { false };

	for (size_t i = 0; i < count; i++) {
		uint64_t address = 0;

		memcpy(&address, root + header_bytes + i * address_bytes, address_bytes);
		for (size_t r = 0; address && r < ARRAY_COUNT(readers); r++) {
			const uint8_t *table;
			size_t table_bytes;

			if (done[r])
				continue;
			table = map_acpi_table(address, readers[r].signature, readers[r].min_bytes,
					       &table_bytes);
			if (!table)
				continue;
			readers[r].read(table, table_bytes);
			done[r] = true;
		}
	}
}

/* Copies a sound RSDP; what its revision lacks reads as zero. */
static bool read_rsdp(phys_addr address, struct acpi_rsdp *rsdp)
{
	const void *mapped = paging_map_firmware(address, ACPI_RSDP_V1_BYTES);

	if (!address.value || !mapped || memcmp(mapped, "RSD PTR ", 8) ||
	    sum_bytes(mapped, ACPI_RSDP_V1_BYTES))
		return false;
	memset(rsdp, 0, sizeof(*rsdp));
	memcpy(rsdp, mapped, ACPI_RSDP_V1_BYTES);
	if (rsdp->Revision < 2)
		return true;
	mapped = paging_map_firmware(address, sizeof(*rsdp));
	if (mapped && !sum_bytes(mapped, sizeof(*rsdp)))
		memcpy(rsdp, mapped, sizeof(*rsdp));
	else
		log_warn("acpi", "RSDP: extended checksum is wrong, using the RSDT");
	return true;
}

int acpi_init(phys_addr rsdp_address)
{
	const size_t header_bytes = sizeof(struct acpi_header);
	const uint8_t *root = NULL;
	struct acpi_rsdp rsdp;
	size_t length = 0, address_bytes = 8;

	/* A PC has an 8259 unless its MADT says otherwise; firmware may have left it live. */
	acpi_info = (struct acpi_info){ .local_apic = phys_make(LOCAL_APIC_DEFAULT),
					.has_8259 = true };
	if (!read_rsdp(rsdp_address, &rsdp))
		return -ERR_NOT_FOUND;
	if (rsdp.XsdtAddress)
		root = map_acpi_table(rsdp.XsdtAddress, "XSDT", header_bytes, &length);
	if (!root && rsdp.RsdtAddress) {
		address_bytes = 4;
		root = map_acpi_table(rsdp.RsdtAddress, "RSDT", header_bytes, &length);
	}
	if (!root)
		return -ERR_NOT_FOUND;
	read_tables(root, length, address_bytes);
	log_info("acpi", "%u CPUs, %u ECAM regions, PM timer port 0x%x, S5 %s",
		 (unsigned)acpi_info.cpu_count, (unsigned)acpi_info.mcfg_count,
		 (unsigned)acpi_info.pm_timer_port, acpi_info.has_s5 ? "known" : "unknown");
	return 0;
}
