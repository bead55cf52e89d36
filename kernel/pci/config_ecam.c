/* SPDX-License-Identifier: MIT */
/*
 * Configuration space in memory (PCI Express 5.0, 7.2.2): 4 KiB per function,
 * 1 MiB per bus, at the addresses that MCFG gives.
 *
 * Each range of buses is mapped once, for good. Ranges that cannot be right
 * are left out with a line in the log; a function outside of all ranges reads
 * as all ones.
 */
#include "kernel/cpu/mmio.h"
#include "kernel/lib/log.h"
#include "kernel/mm/paging.h"
#include "kernel/pci/pci_impl.h"

#define BUS_BYTES (1ull << PCI_ECAM_BUS_SHIFT)

static struct pci_bus_range mapped[PCI_BUS_RANGES_MAX];
static volatile uint8_t *windows[PCI_BUS_RANGES_MAX]; /* of first_bus */

static volatile uint8_t *register_address(uint16_t segment, uint8_t bus, uint8_t device,
					  uint8_t function, uint16_t offset);

static uint32_t ecam_read32(uint16_t segment, uint8_t bus, uint8_t device, uint8_t function,
			    uint16_t offset)
{
	volatile uint8_t *address = register_address(segment, bus, device, function, offset);
	return address ? mmio_read32(address) : UINT32_MAX;
}

static void ecam_write32(uint16_t segment, uint8_t bus, uint8_t device, uint8_t function,
			 uint16_t offset, uint32_t value)
{
	volatile uint8_t *address = register_address(segment, bus, device, function, offset);
	if (address)
		mmio_write32(address, value);
}

static void ecam_write16(uint16_t segment, uint8_t bus, uint8_t device, uint8_t function,
			 uint16_t offset, uint16_t value)
{
	volatile uint8_t *address = register_address(segment, bus, device, function, offset);
	if (address)
		mmio_write16(address, value);
}

static struct pci_access access = {
	.read32 = ecam_read32,
	.write32 = ecam_write32,
	.write16 = ecam_write16,
	.ranges = mapped,
	.name = "ECAM",
};

static volatile uint8_t *register_address(uint16_t segment, uint8_t bus, uint8_t device,
					  uint8_t function, uint16_t offset)
{
	if (offset >= PCI_EXPRESS_CONFIG_BYTES)
		return NULL;
	for (unsigned i = 0; i < access.range_count; i++) {
		const struct pci_bus_range *range = &mapped[i];
		if (range->segment != segment || bus < range->first_bus || bus > range->last_bus)
			continue;
		return windows[i] + ((uint64_t)(bus - range->first_bus) << PCI_ECAM_BUS_SHIFT) +
		       ((uint64_t)device << PCI_ECAM_DEVICE_SHIFT) +
		       ((uint64_t)function << PCI_ECAM_FUNCTION_SHIFT) + offset;
	}
	return NULL;
}

static volatile uint8_t *map_range(const struct pci_bus_range *range)
{
	if (!range->ecam.value || range->ecam.value & (BUS_BYTES - 1) ||
	    range->ecam.value > PCI_PHYSICAL_END - PCI_BUSES * BUS_BYTES ||
	    range->first_bus > range->last_bus)
		return NULL;
	uint64_t first = range->first_bus * BUS_BYTES;
	uint64_t length = (range->last_bus + 1ull) * BUS_BYTES - first;
	return paging_map_mmio(phys_add(range->ecam, first), length);
}

const struct pci_access *pci_ecam_access(const struct pci_bus_range *ranges, unsigned count)
{
	access.range_count = 0;
	for (unsigned i = 0; i < count && access.range_count < PCI_BUS_RANGES_MAX; i++) {
		volatile uint8_t *window = map_range(&ranges[i]);
		if (!window) {
			log_warn("pci", "ECAM of segment %u, buses %u-%u at 0x%llx is not usable",
				 ranges[i].segment, ranges[i].first_bus, ranges[i].last_bus,
				 (unsigned long long)ranges[i].ecam.value);
			continue;
		}
		mapped[access.range_count] = ranges[i];
		windows[access.range_count] = window;
		access.range_count++;
	}
	return access.range_count ? &access : NULL;
}
