/* SPDX-License-Identifier: MIT */
/* What is believed of ACPI tables and what is not (kernel/acpi/acpi.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/acpi/acpi.h"
#include "kernel/acpi/acpi_spec.h"
#include "kernel/lib/err.h"
#include "kernel/mm/paging.h"

/* --- firmware memory ------------------------------------------------------ */

#define FIRMWARE_BASE 0xe0000ull
#define FIRMWARE_BYTES 0x8000u

enum place {
	RSDP = 0x0000,
	RSDT = 0x0100,
	XSDT = 0x1000,
	MADT = 0x2000,
	MCFG = 0x3000,
	FADT = 0x4000,
	HPET = 0x4800,
	DSDT = 0x5000,
	OTHER = 0x6000,
};

static uint8_t firmware[FIRMWARE_BYTES];
static void *mapped[4096];
static unsigned mapped_count;

/* A copy of exactly the length that was asked for: reading on is noticed. */
const void *paging_map_firmware(phys_addr address, uint64_t length_bytes)
{
	uint64_t offset = address.value - FIRMWARE_BASE;
	if (offset >= FIRMWARE_BYTES || length_bytes > FIRMWARE_BYTES - offset || !length_bytes)
		return NULL;
	assert_true(mapped_count < 4096);
	mapped[mapped_count] = malloc(length_bytes);
	memcpy(mapped[mapped_count], firmware + offset, length_bytes);
	return mapped[mapped_count++];
}

static void unmap_all(void)
{
	while (mapped_count)
		free(mapped[--mapped_count]);
}

static void put(uint32_t at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		firmware[at + i] = (uint8_t)(value >> 8 * i);
}

static uint32_t get_length(uint32_t table)
{
	uint32_t length;
	memcpy(&length, firmware + table + offsetof(struct acpi_header, Length), 4);
	return length;
}

static void fix_sum(uint32_t at, uint32_t bytes, uint32_t sum_at)
{
	uint8_t sum = 0;
	firmware[sum_at] = 0;
	for (uint32_t i = 0; i < bytes; i++)
		sum = (uint8_t)(sum + firmware[at + i]);
	firmware[sum_at] = (uint8_t)-sum;
}

static void seal(uint32_t table)
{
	fix_sum(table, get_length(table), table + offsetof(struct acpi_header, Checksum));
}

static void begin(uint32_t table, const char *signature, uint32_t length)
{
	memcpy(firmware + table, signature, 4);
	put(table + offsetof(struct acpi_header, Length), length, 4);
}

static void append(uint32_t table, const void *bytes, uint32_t count)
{
	uint32_t length = get_length(table);
	memcpy(firmware + table + length, bytes, count);
	put(table + offsetof(struct acpi_header, Length), length + count, 4);
	seal(table);
}

static void append_value(uint32_t table, uint64_t value, unsigned bytes)
{
	append(table, &value, bytes);
}

static void seal_rsdp(void)
{
	fix_sum(RSDP, ACPI_RSDP_V1_BYTES, RSDP + offsetof(struct acpi_rsdp, Checksum));
	fix_sum(RSDP, sizeof(struct acpi_rsdp),
		RSDP + offsetof(struct acpi_rsdp, ExtendedChecksum));
}

static void add_cpu(uint8_t id, uint32_t flags)
{
	uint8_t entry[8] = { 0, 8, 0, id, (uint8_t)flags };
	append(MADT, entry, sizeof(entry));
}

static void add_x2apic_cpu(uint32_t id, uint32_t flags)
{
	uint8_t entry[16] = { 9, 16 };
	memcpy(entry + 4, &id, 4);
	memcpy(entry + 8, &flags, 4);
	append(MADT, entry, sizeof(entry));
}

static void add_ecam(uint64_t base, uint16_t segment, uint8_t first, uint8_t last)
{
	uint8_t entry[16] = { 0 };
	memcpy(entry, &base, 8);
	memcpy(entry + 8, &segment, 2);
	entry[10] = first;
	entry[11] = last;
	append(MCFG, entry, sizeof(entry));
}

/* A machine as QEMU's q35 describes it: XSDT, two CPUs, one ECAM, S5. */
static int sound_machine(void **state)
{
	(void)state;
	memset(firmware, 0, sizeof(firmware));
	memcpy(firmware + RSDP, "RSD PTR ", 8);
	put(RSDP + offsetof(struct acpi_rsdp, Revision), 2, 1);
	put(RSDP + offsetof(struct acpi_rsdp, RsdtAddress), FIRMWARE_BASE + RSDT, 4);
	put(RSDP + offsetof(struct acpi_rsdp, Length), 36, 4);
	put(RSDP + offsetof(struct acpi_rsdp, XsdtAddress), FIRMWARE_BASE + XSDT, 8);
	seal_rsdp();

	begin(MADT, "APIC", sizeof(struct acpi_madt));
	put(MADT + offsetof(struct acpi_madt, LocalInterruptControllerAddress), 0xfee00000, 4);
	put(MADT + offsetof(struct acpi_madt, Flags), ACPI_MADT_PCAT_COMPAT, 4);
	add_cpu(0, 1);
	add_cpu(1, 1);
	begin(MCFG, "MCFG", sizeof(struct acpi_mcfg));
	add_ecam(0xb0000000, 0, 0, 255);
	begin(FADT, "FACP", 244);
	put(FADT + offsetof(struct acpi_fadt, DSDT), FIRMWARE_BASE + DSDT, 4);
	put(FADT + offsetof(struct acpi_fadt, PM1a_CNT_BLK), 0x604, 4);
	put(FADT + offsetof(struct acpi_fadt, PM_TMR_BLK), 0x608, 4);
	put(FADT + offsetof(struct acpi_fadt, PM_TMR_LEN), 4, 1);
	seal(FADT);
	begin(DSDT, "DSDT", sizeof(struct acpi_header));
	append(DSDT, "\x08_S5_\x12\x06\x04\x0a\x05\x0a\x03", 12);

	begin(HPET, "HPET", sizeof(struct acpi_hpet));
	put(HPET + offsetof(struct acpi_hpet, BASE_ADDRESS.Address), 0xfed00000, 8);
	seal(HPET);

	begin(RSDT, "RSDT", sizeof(struct acpi_header));
	begin(XSDT, "XSDT", sizeof(struct acpi_header));
	for (unsigned i = 0; i < 4; i++) {
		static const uint32_t tables[] = { FADT, MADT, HPET, MCFG };
		append_value(XSDT, FIRMWARE_BASE + tables[i], 8);
		append_value(RSDT, FIRMWARE_BASE + tables[i], 4);
	}
	return 0;
}

static int release(void **state)
{
	(void)state;
	unmap_all();
	return 0;
}

static int init(void)
{
	int result = acpi_init(phys_make(FIRMWARE_BASE + RSDP));
	unmap_all();
	return result;
}

static void assert_all_known(void)
{
	assert_int_equal(acpi_info.cpu_count, 2);
	assert_int_equal(acpi_info.apic_ids[1], 1);
	assert_int_equal(acpi_info.local_apic.value, 0xfee00000);
	assert_true(acpi_info.has_8259);
	assert_int_equal(acpi_info.mcfg_count, 1);
	assert_int_equal(acpi_info.mcfg[0].base.value, 0xb0000000);
	assert_int_equal(acpi_info.mcfg[0].end_bus, 255);
	assert_int_equal(acpi_info.pm_timer_port, 0x608);
	assert_false(acpi_info.pm_timer_32bit);
	assert_int_equal(acpi_info.hpet.value, 0xfed00000);
	assert_int_equal(acpi_info.pm1a_control_port, 0x604);
	assert_int_equal(acpi_info.pm1b_control_port, 0);
	assert_true(acpi_info.has_s5);
	assert_int_equal(acpi_info.s5_type_a, 5);
	assert_int_equal(acpi_info.s5_type_b, 3);
}

static void assert_defaults(void)
{
	struct acpi_info defaults;
	memset(&defaults, 0, sizeof(defaults));
	defaults.local_apic = phys_make(0xfee00000);
	assert_int_equal(acpi_info.cpu_count, 0);
	assert_int_equal(acpi_info.mcfg_count, 0);
	assert_int_equal(acpi_info.local_apic.value, defaults.local_apic.value);
	assert_true(acpi_info.has_8259);
	assert_false(acpi_info.has_s5);
	assert_int_equal(acpi_info.pm_timer_port, 0);
	assert_int_equal(acpi_info.hpet.value, 0);
}

/* --- roots ------------------------------------------------------------------ */

static void sound_tables_are_read(void **state)
{
	(void)state;
	assert_int_equal(init(), 0);
	assert_all_known();
}

/* An RSDT without the MCFG shows which root was used. */
static void rsdt_without_mcfg(void)
{
	put(RSDT + offsetof(struct acpi_header, Length), sizeof(struct acpi_header) + 12, 4);
	seal(RSDT);
}

static void assert_rsdt_was_used(void)
{
	assert_int_equal(acpi_info.cpu_count, 2);
	assert_int_equal(acpi_info.mcfg_count, 0);
}

static void revision_0_uses_the_rsdt(void **state)
{
	(void)state;
	rsdt_without_mcfg();
	put(RSDP + offsetof(struct acpi_rsdp, Revision), 0, 1);
	seal_rsdp(); /* what lies behind 20 bytes would be sound */
	assert_int_equal(init(), 0);
	assert_rsdt_was_used();
}

static void wrong_extended_checksum_discredits_the_xsdt(void **state)
{
	(void)state;
	rsdt_without_mcfg();
	firmware[RSDP + offsetof(struct acpi_rsdp, ExtendedChecksum)] ^= 1;
	assert_int_equal(init(), 0);
	assert_rsdt_was_used();
}

static void broken_xsdt_falls_back_to_the_rsdt(void **state)
{
	(void)state;
	firmware[XSDT + 40] ^= 1; /* without a new checksum */
	assert_int_equal(init(), 0);
	assert_all_known();
	put(RSDP + offsetof(struct acpi_rsdp, XsdtAddress), UINT64_MAX - 8, 8);
	seal_rsdp();
	assert_int_equal(init(), 0);
	assert_all_known();
}

static void missing_or_wrong_rsdp_leaves_defaults(void **state)
{
	(void)state;
	assert_int_equal(acpi_init(phys_make(0)), -ERR_NOT_FOUND);
	assert_defaults();
	assert_int_equal(acpi_init(phys_make(UINT64_MAX)), -ERR_NOT_FOUND);
	assert_int_equal(acpi_init(phys_make(FIRMWARE_BASE + FIRMWARE_BYTES - 19)), -ERR_NOT_FOUND);
	firmware[RSDP + 9] ^= 1;
	assert_int_equal(init(), -ERR_NOT_FOUND);
	firmware[RSDP + 9] ^= 1;
	firmware[RSDP] = 'r';
	seal_rsdp();
	assert_int_equal(init(), -ERR_NOT_FOUND);
	assert_defaults();
}

static void no_root_table_leaves_defaults(void **state)
{
	(void)state;
	put(RSDP + offsetof(struct acpi_rsdp, RsdtAddress), 0, 4);
	put(RSDP + offsetof(struct acpi_rsdp, XsdtAddress), 0, 8);
	seal_rsdp();
	assert_int_equal(init(), -ERR_NOT_FOUND);
	assert_defaults();
}

static void root_that_names_itself_ends(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100; i++)
		append_value(XSDT, FIRMWARE_BASE + XSDT, 8);
	append_value(XSDT, FIRMWARE_BASE + RSDP, 8);
	append_value(XSDT, 0, 8);
	append_value(XSDT, UINT64_MAX, 8);
	assert_int_equal(init(), 0);
	assert_all_known();
}

static void absurd_lengths_leave_a_table_out(void **state)
{
	static const uint32_t lengths[] = { 0, 8, 35, 43, 0x8000,
					    0x1000001, 0x80000000, UINT32_MAX };
	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(lengths); i++) {
		sound_machine(NULL);
		put(MADT + offsetof(struct acpi_header, Length), lengths[i], 4);
		put(MCFG + offsetof(struct acpi_header, Length), lengths[i], 4);
		assert_int_equal(init(), 0);
		assert_int_equal(acpi_info.cpu_count, 0);
		assert_int_equal(acpi_info.mcfg_count, 0);
		assert_int_equal(acpi_info.pm_timer_port, 0x608);
		put(XSDT + offsetof(struct acpi_header, Length), lengths[i], 4);
		put(RSDT + offsetof(struct acpi_header, Length), lengths[i], 4);
		assert_int_equal(init(), -ERR_NOT_FOUND);
		assert_defaults();
	}
}

static void wrong_checksum_leaves_only_that_table_out(void **state)
{
	(void)state;
	firmware[MADT + 20] ^= 0x80;
	assert_int_equal(init(), 0);
	assert_int_equal(acpi_info.cpu_count, 0);
	assert_true(acpi_info.has_8259);
	assert_int_equal(acpi_info.mcfg_count, 1);
	assert_true(acpi_info.has_s5);
}

static void first_sound_table_of_a_kind_counts(void **state)
{
	(void)state;
	memcpy(firmware + OTHER, firmware + MADT, 0x100);
	firmware[OTHER + 43] ^= 1; /* broken, and named before the sound one */
	put(XSDT + sizeof(struct acpi_header), FIRMWARE_BASE + OTHER, 8);
	append_value(XSDT, FIRMWARE_BASE + FADT, 8);
	append_value(XSDT, FIRMWARE_BASE + OTHER + 0x800, 8);
	memcpy(firmware + OTHER + 0x800, firmware + MADT, 0x100);
	put(OTHER + 0x800 + offsetof(struct acpi_madt, LocalInterruptControllerAddress), 0, 4);
	seal(OTHER + 0x800); /* sound, but the second of its kind */
	assert_int_equal(init(), 0);
	assert_all_known();
}

/* --- MADT ---------------------------------------------------------------------- */

static void only_enabled_cpus_count_once(void **state)
{
	(void)state;
	add_cpu(2, 0); /* disabled */
	add_cpu(3, 2); /* online capable only */
	add_cpu(1, 1); /* again */
	add_cpu(0xff, 1); /* no such ID */
	add_cpu(7, 1);
	add_x2apic_cpu(7, 1); /* the same CPU by its other structure */
	add_x2apic_cpu(0x12345, 1);
	add_x2apic_cpu(0x12346, 0);
	add_x2apic_cpu(UINT32_MAX, 1);
	assert_int_equal(init(), 0);
	assert_int_equal(acpi_info.cpu_count, 4);
	assert_int_equal(acpi_info.apic_ids[2], 7);
	assert_int_equal(acpi_info.apic_ids[3], 0x12345);
}

static void there_is_an_8259_unless_the_madt_says_otherwise(void **state)
{
	(void)state;
	put(MADT + offsetof(struct acpi_madt, Flags), 0, 4);
	seal(MADT);
	assert_int_equal(init(), 0);
	assert_false(acpi_info.has_8259);
	put(MADT, 0, 4);
	assert_int_equal(init(), 0);
	assert_true(acpi_info.has_8259);
}

static void more_cpus_than_we_can_hold_are_cut_off(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 200; i++)
		add_cpu((uint8_t)i, 1);
	assert_int_equal(init(), 0);
	assert_int_equal(acpi_info.cpu_count, CPU_MAX);
	assert_int_equal(acpi_info.apic_ids[CPU_MAX - 1], CPU_MAX - 1);
}

static void structure_of_length_zero_ends_the_walk(void **state)
{
	(void)state;
	append(MADT, "\x00\x00", 2);
	add_cpu(9, 1);
	assert_int_equal(init(), 0);
	assert_int_equal(acpi_info.cpu_count, 2);
}

static void structures_past_the_end_are_not_read(void **state)
{
	(void)state;
	append(MADT, "\x00\x08\x00\x05\x01", 5); /* announces 8 bytes */
	assert_int_equal(init(), 0);
	assert_int_equal(acpi_info.cpu_count, 2);
	sound_machine(NULL);
	append(MADT, "\x00", 1); /* a type without a length */
	assert_int_equal(init(), 0);
	assert_int_equal(acpi_info.cpu_count, 2);
}

static void structures_too_short_for_their_type_are_skipped(void **state)
{
	(void)state;
	append(MADT, "\x00\x04\x00\x05", 4);
	append(MADT, "\x09\x08\x00\x00\x05\x00\x00\x00", 8);
	append(MADT, "\x05\x04\x00\x00", 4);
	append(MADT, "\x63\x02", 2); /* unknown */
	add_cpu(6, 1);
	assert_int_equal(init(), 0);
	assert_int_equal(acpi_info.cpu_count, 3);
	assert_int_equal(acpi_info.apic_ids[2], 6);
	assert_int_equal(acpi_info.local_apic.value, 0xfee00000);
}

static void address_override_wins(void **state)
{
	(void)state;
	append(MADT, "\x05\x0c\x00\x00\x00\x00\x00\x00\xfd\x00\x00\x00", 12);
	assert_int_equal(init(), 0);
	assert_int_equal(acpi_info.local_apic.value, 0xfd00000000);
}

/* --- MCFG ---------------------------------------------------------------------- */

static void wrong_ecam_entries_are_left_out(void **state)
{
	(void)state;
	add_ecam(0, 1, 0, 1);
	add_ecam(0xc0000800, 1, 0, 1); /* misaligned */
	add_ecam(0xc0000000, 1, 5, 4); /* backwards */
	add_ecam(UINT64_MAX - 0xfffff, 1, 0, 1); /* wraps */
	add_ecam(0xe000000000, 2, 16, 31);
	append(MCFG, "\x00\x00\x00\xf0\x00\x00", 6); /* half an entry */
	assert_int_equal(init(), 0);
	assert_int_equal(acpi_info.mcfg_count, 2);
	assert_int_equal(acpi_info.mcfg[1].base.value, 0xe000000000);
	assert_int_equal(acpi_info.mcfg[1].segment, 2);
	assert_int_equal(acpi_info.mcfg[1].start_bus, 16);
	assert_int_equal(acpi_info.mcfg[1].end_bus, 31);
}

static void too_many_ecam_entries_are_cut_off(void **state)
{
	(void)state;
	for (unsigned i = 1; i < 20; i++)
		add_ecam(0x100000000ull * i, (uint16_t)i, 0, 0);
	assert_int_equal(init(), 0);
	assert_int_equal(acpi_info.mcfg_count, ACPI_MCFG_MAX);
}

/* --- FADT, DSDT ------------------------------------------------------------------ */

static void put_address(uint32_t at, uint8_t space, uint64_t address)
{
	put(at, space, 1);
	put(at + 4, address, 8);
}

static void extended_addresses_win_if_they_are_ports(void **state)
{
	(void)state;
	put_address(FADT + offsetof(struct acpi_fadt, X_PM_TMR_BLK), 1, 0xb008);
	put_address(FADT + offsetof(struct acpi_fadt, X_PM1a_CNT_BLK), 0, 0xfed00000); /* memory */
	put_address(FADT + offsetof(struct acpi_fadt, X_PM1b_CNT_BLK), 1, 0x10604); /* no port */
	put(FADT + offsetof(struct acpi_fadt, Flags), ACPI_FADT_TMR_VAL_EXT, 4);
	seal(FADT);
	assert_int_equal(init(), 0);
	assert_int_equal(acpi_info.pm_timer_port, 0xb008);
	assert_true(acpi_info.pm_timer_32bit);
	assert_int_equal(acpi_info.pm1a_control_port, 0x604);
	assert_int_equal(acpi_info.pm1b_control_port, 0);
}

static void short_fadt_has_no_extended_fields(void **state)
{
	(void)state;
	put_address(FADT + offsetof(struct acpi_fadt, X_PM_TMR_BLK), 1, 0xb008);
	put(FADT + offsetof(struct acpi_header, Length), ACPI_FADT_REVISION_1_BYTES, 4);
	seal(FADT);
	assert_int_equal(init(), 0);
	assert_all_known();
	put(FADT + offsetof(struct acpi_header, Length), ACPI_FADT_REVISION_1_BYTES - 1, 4);
	seal(FADT);
	assert_int_equal(init(), 0);
	assert_int_equal(acpi_info.pm_timer_port, 0);
}

static void hardware_reduced_machine_has_no_ports(void **state)
{
	(void)state;
	put(FADT + offsetof(struct acpi_fadt, Flags), ACPI_FADT_HW_REDUCED, 4);
	seal(FADT);
	assert_int_equal(init(), 0);
	assert_int_equal(acpi_info.pm_timer_port, 0);
	assert_int_equal(acpi_info.pm1a_control_port, 0);
}

static void pm_timer_without_length_is_absent(void **state)
{
	(void)state;
	put(FADT + offsetof(struct acpi_fadt, PM_TMR_LEN), 0, 1);
	seal(FADT);
	assert_int_equal(init(), 0);
	assert_int_equal(acpi_info.pm_timer_port, 0);
}

static void an_hpet_elsewhere_than_in_memory_is_left_out(void **state)
{
	static const struct {
		uint8_t space;
		uint64_t address, found;
	} rows[] = {
		{ 0, 0xfed00400, 0xfed00400 }, { 1, 0xfed00000, 0 }, { 0x7f, 0xfed00000, 0 },
		{ 0, 0xfed00001, 0 },	       { 0, 0, 0 },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		sound_machine(NULL);
		put(HPET + offsetof(struct acpi_hpet, BASE_ADDRESS.AddressSpaceID), rows[i].space,
		    1);
		put(HPET + offsetof(struct acpi_hpet, BASE_ADDRESS.Address), rows[i].address, 8);
		seal(HPET);
		assert_int_equal(init(), 0);
		assert_int_equal(acpi_info.hpet.value, rows[i].found);
	}
}

static void wrong_dsdt_means_no_s5(void **state)
{
	(void)state;
	firmware[DSDT + 45] ^= 1;
	assert_int_equal(init(), 0);
	assert_false(acpi_info.has_s5);
	put(FADT + offsetof(struct acpi_fadt, DSDT), FIRMWARE_BASE + FADT, 4); /* a loop */
	seal(FADT);
	assert_int_equal(init(), 0);
	assert_false(acpi_info.has_s5);
	put(FADT + offsetof(struct acpi_fadt, X_DSDT), UINT64_MAX, 8);
	seal(FADT);
	assert_int_equal(init(), 0);
	assert_false(acpi_info.has_s5);
}

static void second_start_forgets_the_first(void **state)
{
	(void)state;
	assert_int_equal(init(), 0);
	assert_int_equal(acpi_init(phys_make(0)), -ERR_NOT_FOUND);
	assert_defaults();
}

static void random_damage_does_no_harm(void **state)
{
	(void)state;
	static const uint32_t tables[] = { RSDT, XSDT, MADT, MCFG, FADT, DSDT };
	srand(11);
	for (unsigned round = 0; round < 4000; round++) {
		sound_machine(NULL);
		for (unsigned i = 0; i < 1 + (unsigned)rand() % 4; i++) {
			uint32_t table = tables[(unsigned)rand() % ARRAY_COUNT(tables)];
			firmware[table + 4 + (unsigned)rand() % 120] = (uint8_t)rand();
			if (get_length(table) <= FIRMWARE_BYTES - table && rand() % 8)
				seal(table); /* so that the damage is looked at */
		}
		(void)init();
		assert_true(acpi_info.cpu_count <= CPU_MAX);
		assert_true(acpi_info.mcfg_count <= ACPI_MCFG_MAX);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, sound_machine, release)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(sound_tables_are_read),
		CASE(revision_0_uses_the_rsdt),
		CASE(wrong_extended_checksum_discredits_the_xsdt),
		CASE(broken_xsdt_falls_back_to_the_rsdt),
		CASE(missing_or_wrong_rsdp_leaves_defaults),
		CASE(no_root_table_leaves_defaults),
		CASE(root_that_names_itself_ends),
		CASE(absurd_lengths_leave_a_table_out),
		CASE(wrong_checksum_leaves_only_that_table_out),
		CASE(first_sound_table_of_a_kind_counts),
		CASE(only_enabled_cpus_count_once),
		CASE(there_is_an_8259_unless_the_madt_says_otherwise),
		CASE(more_cpus_than_we_can_hold_are_cut_off),
		CASE(structure_of_length_zero_ends_the_walk),
		CASE(structures_past_the_end_are_not_read),
		CASE(structures_too_short_for_their_type_are_skipped),
		CASE(address_override_wins),
		CASE(wrong_ecam_entries_are_left_out),
		CASE(too_many_ecam_entries_are_cut_off),
		CASE(extended_addresses_win_if_they_are_ports),
		CASE(short_fadt_has_no_extended_fields),
		CASE(hardware_reduced_machine_has_no_ports),
		CASE(pm_timer_without_length_is_absent),
		CASE(an_hpet_elsewhere_than_in_memory_is_left_out),
		CASE(wrong_dsdt_means_no_s5),
		CASE(second_start_forgets_the_first),
		CASE(random_damage_does_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
