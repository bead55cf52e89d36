/* SPDX-License-Identifier: MIT */
/*
 * Leaving the machine, the CMOS chip, and QEMU's fw_cfg by I/O port (QEMU,
 * docs/specs/fw_cfg.rst).
 *
 * Ports that only hypervisors give a meaning to are touched only when CPUID
 * says that there is one. What fw_cfg returns is bounded: at most
 * FILES_MAX directory entries are looked at, and no more than the buffer is
 * read.
 *
 * machine_exit() may be called in any context, on any CPU, also with the
 * log's lock held: it writes to the console directly.
 */
#include "kernel/cpu/machine.h"

#include "kernel/cpu/uart.h"
#include "kernel/cpu/x86.h"
#include "kernel/lib/err.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/mem.h"

#define ISA_DEBUG_EXIT_PORT 0xf4u

#define FW_CFG_PORT_SELECTOR 0x510u
#define FW_CFG_PORT_DATA 0x511u
#define FW_CFG_SIGNATURE 0x0000u
#define FW_CFG_FILE_DIR 0x0019u
#define FW_CFG_NAME_BYTES 56u
#define FILES_MAX 1024u

/* ACPI 6.4, table 4.13 */
#define PM1_SLP_TYP_SHIFT 10
#define PM1_SLP_EN (1u << 13)

#define CMOS_PORT_INDEX 0x70u /* bit 7: NMIs are off */
#define CMOS_PORT_DATA 0x71u

#define CPUID_1_ECX_HYPERVISOR (1u << 31)
#define CPUID_HYPERVISOR_LEAF 0x40000000u

static struct {
	uint16_t pm1a_port, pm1b_port;
	uint8_t type_a, type_b;
} poweroff;

void machine_set_poweroff(uint16_t pm1a_port, uint16_t pm1b_port, uint8_t type_a,
			  uint8_t type_b)
{
	poweroff.pm1a_port = pm1a_port;
	poweroff.pm1b_port = pm1b_port;
	poweroff.type_a = type_a;
	poweroff.type_b = type_b;
}

static bool has_hypervisor(void)
{
	uint32_t registers[4];

	x86_cpuid(1, 0, registers);
	return registers[2] & CPUID_1_ECX_HYPERVISOR;
}

uint8_t machine_read_cmos(uint8_t index)
{
	x86_out8(CMOS_PORT_INDEX, index & 0x7fu);
	return x86_in8(CMOS_PORT_DATA);
}

bool machine_is_tcg(void)
{
	uint32_t registers[4];

	if (!has_hypervisor())
		return false;
	x86_cpuid(CPUID_HYPERVISOR_LEAF, 0, registers);
	return !memcmp(&registers[1], "TCGTCGTCGTCG", 12);
}

static void write_sleep(uint16_t port, uint8_t type)
{
	if (port)
		x86_out16(port, (uint16_t)((type & 7u) << PM1_SLP_TYP_SHIFT | PM1_SLP_EN));
}

NORETURN void machine_exit(enum exit_status status)
{
	char line[40];
	int length;

	x86_cli();
	length = fmt_print(line, sizeof(line), "ringbolt: exit status %d\n", (int)status);
	uart_write(UART_COM1, line, (size_t)length);
	if (has_hypervisor())
		x86_out32(ISA_DEBUG_EXIT_PORT, (uint32_t)status);
	write_sleep(poweroff.pm1a_port, poweroff.type_a);
	write_sleep(poweroff.pm1b_port, poweroff.type_b);
	for (;;)
		x86_hlt();
}

static void fw_cfg_get(void *buffer, size_t size_bytes)
{
	uint8_t *bytes = buffer;

	for (size_t i = 0; i < size_bytes; i++)
		bytes[i] = x86_in8(FW_CFG_PORT_DATA);
}

static bool fw_cfg_present(void)
{
	char signature[4];

	if (!has_hypervisor())
		return false;
	x86_out16(FW_CFG_PORT_SELECTOR, FW_CFG_SIGNATURE);
	fw_cfg_get(signature, sizeof(signature));
	return !memcmp(signature, "QEMU", sizeof(signature));
}

int64_t fw_cfg_read(const char *name, void *buffer, size_t size_bytes)
{
	/* struct FWCfgFile; numbers are big endian. */
	struct {
		uint32_t size;
		uint16_t select;
		uint16_t reserved;
		char name[FW_CFG_NAME_BYTES];
	} file;
	uint32_t count, length;

	_Static_assert(sizeof(file) == 64, "fw_cfg.rst, File Directory");
	if (!fw_cfg_present())
		return -ERR_NOT_FOUND;
	x86_out16(FW_CFG_PORT_SELECTOR, FW_CFG_FILE_DIR);
	fw_cfg_get(&count, sizeof(count));
	count = __builtin_bswap32(count);
	for (uint32_t i = 0; i < MIN(count, FILES_MAX); i++) {
		fw_cfg_get(&file, sizeof(file));
		if (strncmp(file.name, name, sizeof(file.name)))
			continue;
		length = __builtin_bswap32(file.size);
		x86_out16(FW_CFG_PORT_SELECTOR, __builtin_bswap16(file.select));
		fw_cfg_get(buffer, MIN(length, size_bytes));
		return length;
	}
	return -ERR_NOT_FOUND;
}
