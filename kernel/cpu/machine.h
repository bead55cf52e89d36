/* SPDX-License-Identifier: MIT */
/* Leaving the machine, its CMOS chip, and the channel that QEMU offers into it. */
#ifndef KERNEL_CPU_MACHINE_H
#define KERNEL_CPU_MACHINE_H

#include "kernel/lib/util.h"

enum exit_status {
	EXIT_OK = 0, /* all jobs ran without an error */
	EXIT_JOB_ERROR = 1,
	EXIT_USAGE = 2, /* configuration, job file, no such disk */
	EXIT_CRASH = 3, /* crash, broken device, missed deadline */
};

/*
 * Prints "ringbolt: exit status N" as the last line, then isa-debug-exit
 * (port 0xf4, value N: QEMU ends with 2N+1), then ACPI S5, then halts.
 */
NORETURN void machine_exit(enum exit_status status);

/*
 * ACPI S5 (ACPI 6.4, 4.8.3.2.1): the FADT's PM1 control ports (0 = none) and
 * the SLP_TYP values of \_S5. Without it machine_exit() can only halt where
 * isa-debug-exit is missing.
 */
void machine_set_poweroff(uint16_t pm1a_port, uint16_t pm1b_port, uint8_t type_a,
			  uint8_t type_b);

/*
 * QEMU fw_cfg by I/O port: copies the named file into the buffer. Returns its
 * whole length (may exceed size), or -ERR_NOT_FOUND (also without fw_cfg).
 */
int64_t fw_cfg_read(const char *name, void *buffer, size_t size_bytes);

/* A register of the CMOS chip (ports 0x70, 0x71). Boot CPU. */
uint8_t machine_read_cmos(uint8_t index);

/* True under TCG, where PAUSE costs more than it saves (CPUID 0x40000000). */
bool machine_is_tcg(void);

#endif
