/* SPDX-License-Identifier: MIT */
/*
 * A PCI machine in memory: functions with configuration space that behaves as
 * the standard says about what may be written, and memory behind their BARs.
 * Tests bend single bytes to play a wrong device.
 */
#ifndef TESTS_UNIT_KERNEL_PCI_FAKE_PCI_H
#define TESTS_UNIT_KERNEL_PCI_FAKE_PCI_H

#include "kernel/pci/pci.h"
#include "kernel/pci/pci_spec.h"

struct fake_function {
	uint16_t segment;
	uint8_t bus, device, function;
	uint8_t config[PCI_EXPRESS_CONFIG_BYTES];
	uint32_t bar_writable[PCI_BARS];
	unsigned bar_writes_while_decoding; /* must stay 0 */
	unsigned bar_writes_while_mastering;
	unsigned bar_writes;
	unsigned stray_writes; /* 32 bits wide, to no BAR; must stay 0 */
};

/* What paging_map_mmio() was asked for last. */
struct fake_mapping {
	uint64_t base, length_bytes;
	unsigned count;
};
extern struct fake_mapping fake_mapping;

/* Buses 0..255 of segment 0, 4096 bytes, unless a test changes it. */
extern struct pci_access fake_pci_access;
extern struct pci_bus_range fake_pci_ranges[PCI_BUS_RANGES_MAX];
extern unsigned fake_pci_reads, fake_pci_writes;

/* Forgets all functions and memory. */
void fake_pci_reset(void);

/* A function without BARs or capabilities: 1af4:1042, class 0100, header 0. */
struct fake_function *fake_pci_add(uint8_t bus, uint8_t device, uint8_t function);

void fake_set8(struct fake_function *f, unsigned offset, uint8_t value);
void fake_set16(struct fake_function *f, unsigned offset, uint16_t value);
void fake_set32(struct fake_function *f, unsigned offset, uint32_t value);
uint32_t fake_get32(const struct fake_function *f, unsigned offset);

/* A memory BAR, unbacked. length_bytes: a power of two. */
void fake_bar32(struct fake_function *f, unsigned index, uint32_t base, uint32_t length_bytes);
void fake_bar64(struct fake_function *f, unsigned index, uint64_t base, uint64_t length_bytes);

/*
 * Memory that paging_map_mmio() finds at a physical address; exactly this long, so
 * that the sanitizer sees an access beyond it.
 */
uint8_t *fake_memory(uint64_t base, size_t length_bytes);

/* Links a capability in front of the list. */
void fake_capability(struct fake_function *f, uint8_t at, uint8_t id);
void fake_msix(struct fake_function *f, uint8_t at, uint16_t vectors, uint32_t table,
	       uint32_t pending);

#endif
