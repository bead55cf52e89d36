/* SPDX-License-Identifier: MIT */
/*
 * Leaving the machine. QEMU's debug port has no meaning on other machines, so it is
 * written to only where there is a hypervisor.
 *
 * exit_machine() may be called in any context, on any CPU, also with the log's lock
 * held: it writes to the console directly.
 */
#include "kernel/cpu/exit.h"

#include "kernel/cpu/hypervisor.h"
#include "kernel/cpu/uart.h"
#include "kernel/cpu/x86.h"
#include "kernel/lib/fmt.h"

#define ISA_DEBUG_EXIT_PORT 0xf4u

/* ACPI 6.4, table 4.13 */
#define PM1_SLP_TYP_SHIFT 10
#define PM1_SLP_EN (1u << 13)

static struct {
	uint16_t pm1a_port, pm1b_port;
	uint8_t type_a, type_b;
} poweroff;

void exit_set_poweroff(uint16_t pm1a_port, uint16_t pm1b_port, uint8_t type_a, uint8_t type_b)
{
	poweroff.pm1a_port = pm1a_port;
	poweroff.pm1b_port = pm1b_port;
	poweroff.type_a = type_a;
	poweroff.type_b = type_b;
}

static void write_sleep(uint16_t port, uint8_t type)
{
	if (port)
		x86_out16(port, (uint16_t)((type & 7u) << PM1_SLP_TYP_SHIFT | PM1_SLP_EN));
}

NORETURN void exit_machine(enum exit_status status)
{
	char line[40];
	int length;

	x86_cli();
	length = fmt_print(line, sizeof(line), "ringbolt: exit status %d\n", (int)status);
	uart_write(UART_COM1, line, (size_t)length);
	if (hypervisor_is_present())
		x86_out32(ISA_DEBUG_EXIT_PORT, (uint32_t)status);
	write_sleep(poweroff.pm1a_port, poweroff.type_a);
	write_sleep(poweroff.pm1b_port, poweroff.type_b);
	for (;;)
		x86_hlt();
}
