/* SPDX-License-Identifier: MIT */
/* Leaving the machine, with a status. */
#ifndef KERNEL_CPU_EXIT_H
#define KERNEL_CPU_EXIT_H

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
NORETURN void exit_machine(enum exit_status status);

/*
 * ACPI S5 (ACPI 6.4, 4.8.3.2.1): the FADT's PM1 control ports (0 = none) and
 * the SLP_TYP values of \_S5. Without it exit_machine() can only halt where
 * isa-debug-exit is missing.
 */
void exit_set_poweroff(uint16_t pm1a_port, uint16_t pm1b_port, uint8_t type_a, uint8_t type_b);

#endif
