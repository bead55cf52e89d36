/* SPDX-License-Identifier: MIT */
/*
 * Configuration space through the I/O ports 0xCF8 and 0xCFC, for machines
 * without MCFG: 256 bytes per function, segment 0.
 *
 * The address port and the data port are one transaction in two halves: boot
 * CPU only, never from an interrupt.
 */
#include "kernel/cpu/x86.h"
#include "kernel/pci/pci_impl.h"

static void select_dword(uint8_t bus, uint8_t device, uint8_t function, uint16_t offset)
{
	x86_out32(PCI_CONFIG_ADDRESS,
		  PCI_CONFIG_ADDRESS_ENABLE | (uint32_t)bus << PCI_CONFIG_ADDRESS_BUS_SHIFT |
			  (uint32_t)device << PCI_CONFIG_ADDRESS_DEVICE_SHIFT |
			  (uint32_t)function << PCI_CONFIG_ADDRESS_FUNCTION_SHIFT |
			  (offset & (PCI_CONFIG_BYTES - 4)));
}

static uint32_t port_read32(uint16_t segment, uint8_t bus, uint8_t device, uint8_t function,
			    uint16_t offset)
{
	if (segment || offset >= PCI_CONFIG_BYTES)
		return UINT32_MAX;
	select_dword(bus, device, function, offset);
	return x86_in32(PCI_CONFIG_DATA);
}

static void port_write32(uint16_t segment, uint8_t bus, uint8_t device, uint8_t function,
			 uint16_t offset, uint32_t value)
{
	if (segment || offset >= PCI_CONFIG_BYTES)
		return;
	select_dword(bus, device, function, offset);
	x86_out32(PCI_CONFIG_DATA, value);
}

static void port_write16(uint16_t segment, uint8_t bus, uint8_t device, uint8_t function,
			 uint16_t offset, uint16_t value)
{
	if (segment || offset >= PCI_CONFIG_BYTES)
		return;
	select_dword(bus, device, function, offset);
	x86_out16((uint16_t)(PCI_CONFIG_DATA + (offset & 2)), value);
}

static const struct pci_bus_range port_range = { .last_bus = PCI_BUSES - 1 };

const struct pci_access pci_port_access = {
	.read32 = port_read32,
	.write32 = port_write32,
	.write16 = port_write16,
	.range_count = 1,
	.ranges = &port_range,
	.name = "0xCF8",
};
