/* SPDX-License-Identifier: MIT */
/* Configuration space through ports (kernel/pci/config_port.c, PCI 3.0, 3.2.2.3.2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* --- in place of kernel/cpu/x86.h: a host bridge with one function --- */

#define KERNEL_CPU_X86_H

static uint32_t address;
static uint8_t config[256]; /* of 05:1f.3 */
static unsigned accesses;

static uint8_t *register_at(uint16_t port)
{
	static uint8_t nobody[4];
	accesses++;
	assert_in_range(port, 0xcfc, 0xcff);
	assert_int_equal(address & 0x7f000003, 0);
	if ((address & ~0xfcu) != 0x8005fb00)
		return memset(nobody, 0xff, sizeof(nobody));
	return config + (address & 0xfc) + (port & 3);
}

static void x86_out32(uint16_t port, uint32_t value)
{
	if (port == 0xcf8)
		address = value;
	else
		memcpy(register_at(port), &value, 4);
}

static uint32_t x86_in32(uint16_t port)
{
	uint32_t value;
	memcpy(&value, register_at(port), 4);
	return value;
}

static void x86_out16(uint16_t port, uint16_t value)
{
	memcpy(register_at(port), &value, 2);
}

#include "kernel/pci/config_port.c"

static int reset(void **state)
{
	(void)state;
	address = accesses = 0;
	for (unsigned i = 0; i < sizeof(config); i++)
		config[i] = (uint8_t)i;
	return 0;
}

static void each_register_is_read_at_its_place(void **state)
{
	(void)state;
	for (uint16_t offset = 0; offset < 256; offset += 4) {
		uint32_t wanted;
		memcpy(&wanted, config + offset, 4);
		assert_int_equal(port_read32(0, 5, 0x1f, 3, offset), wanted);
	}
	assert_int_equal(port_read32(0, 4, 0x1f, 3, 0), UINT32_MAX);
	assert_int_equal(port_read32(0, 5, 0x1f, 2, 0), UINT32_MAX);
	assert_int_equal(port_read32(0, 5, 0x1e, 3, 0), UINT32_MAX);
}

static void half_a_register_is_written_alone(void **state)
{
	(void)state;
	for (uint16_t offset = 0; offset < 256; offset += 2) {
		uint8_t wanted[256];
		reset(NULL);
		memcpy(wanted, config, 256);
		wanted[offset] = 0xcd;
		wanted[offset + 1] = 0xab;
		port_write16(0, 5, 0x1f, 3, offset, 0xabcd);
		assert_memory_equal(config, wanted, 256);
	}
	port_write32(0, 5, 0x1f, 3, 8, 0x01020304);
	assert_int_equal(port_read32(0, 5, 0x1f, 3, 8), 0x01020304);
}

/* Its bits would wrap into another function's, and there are no segments. */
static void what_ports_cannot_reach_is_not_there(void **state)
{
	(void)state;
	assert_int_equal(port_read32(0, 5, 0x1f, 3, 256), UINT32_MAX);
	assert_int_equal(port_read32(1, 5, 0x1f, 3, 0), UINT32_MAX);
	port_write32(0, 5, 0x1f, 3, 256, 1);
	port_write32(1, 5, 0x1f, 3, 0, 1);
	port_write16(0, 5, 0x1f, 3, 256, 1);
	port_write16(1, 5, 0x1f, 3, 0, 1);
	assert_int_equal(accesses, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_register_is_read_at_its_place, reset),
		cmocka_unit_test_setup(half_a_register_is_written_alone, reset),
		cmocka_unit_test_setup(what_ports_cannot_reach_is_not_there, reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
