/* SPDX-License-Identifier: MIT */
/*
 * RSDP -> XSDT/RSDT -> MADT, MCFG, FADT, HPET; nothing more (ACPI 6.4, 5.2). Every
 * table is checked (signature, length, checksum) before it is believed; what
 * is wrong is logged and left out.
 */
#ifndef KERNEL_ACPI_ACPI_H
#define KERNEL_ACPI_ACPI_H

#include "kernel/cpu/percpu.h"
#include "kernel/lib/util.h"

#define ACPI_MCFG_MAX 8
#define ACPI_HPET_BYTES 1024u

struct acpi_mcfg_entry {
	phys_addr base; /* ECAM of bus 0, even when start_bus > 0 */
	uint16_t segment;
	uint8_t start_bus, end_bus;
};

struct acpi_info {
	uint32_t cpu_count; /* enabled, at most CPU_MAX */
	uint32_t apic_ids[CPU_MAX];
	phys_addr local_apic; /* MADT's, else 0xfee00000 */
	bool has_8259; /* MADT PCAT_COMPAT; true without a MADT */
	uint32_t mcfg_count;
	struct acpi_mcfg_entry mcfg[ACPI_MCFG_MAX];
	uint16_t pm_timer_port; /* 0 = none */
	bool pm_timer_32bit;
	phys_addr hpet; /* ACPI_HPET_BYTES of registers; 0 = none */
	uint16_t pm1a_control_port; /* 0 = none */
	uint16_t pm1b_control_port;
	bool has_s5;
	uint8_t s5_type_a, s5_type_b;
};

extern struct acpi_info acpi_info; /* [I] after acpi_init() */

/* 0, or -ERR_NOT_FOUND when there is no usable RSDP (defaults are then set). */
int acpi_init(phys_addr rsdp);

#endif
