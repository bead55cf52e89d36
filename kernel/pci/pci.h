/* SPDX-License-Identifier: MIT */
/*
 * PCI functions: found behind bridges on all buses, by ECAM (MCFG) or
 * 0xCF8. Capabilities, BARs, MSI-X. Nothing the device says is believed
 * unchecked: lists may loop, overlap, be cut off, point outside.
 *
 * Boot CPU only; no interrupts, no I/O path. Does not know the irq folder: an
 * MSI message travels as two integers. Does not know the acpi folder: MCFG
 * comes as an array of struct pci_bus_range.
 */
#ifndef KERNEL_PCI_PCI_H
#define KERNEL_PCI_PCI_H

#include "kernel/lib/util.h"

#define PCI_FUNCTIONS_MAX 256u
#define PCI_BUS_RANGES_MAX 8u

struct pci_bar {
	phys_addr base; /* value 0: absent, not usable or not assigned */
	uint64_t length_bytes; /* 0 for I/O space, which is not sized */
	bool is_memory;
	bool is_64bit;
};

struct pci_function {
	uint16_t segment;
	uint8_t bus, device, function;
	uint8_t header_type; /* without the multi-function bit; 1: bridge */
	uint16_t vendor_id, device_id;
	uint16_t subsystem_id; /* 0 for a bridge */
	uint8_t class_code, subclass, revision;
	uint8_t interrupt_line; /* 0xff: none */
	uint8_t interrupt_pin; /* 0: none */
	/* Empty until pci_bars_read(); so stays the upper half of a 64-bit one. */
	struct pci_bar bars[6];
	/* MSI-X, set by pci_msix_init(); table_size 0: no usable MSI-X */
	uint16_t msix_capability;
	uint16_t msix_table_size;
	volatile uint8_t *msix_table;
};

/* Buses that exist in a segment, and where their configuration space is. */
struct pci_bus_range {
	phys_addr ecam; /* of bus 0, even when first_bus > 0; unused by 0xCF8 */
	uint16_t segment;
	uint8_t first_bus, last_bus;
};

/*
 * How configuration space is reached; two implementations (ECAM, 0xCF8) in
 * the kernel and a hostile one in the tests. offset < PCI_CONFIG_BYTES, aligned.
 * Where nobody answers, reads give all ones.
 */
struct pci_access {
	uint32_t (*read32)(uint16_t segment, uint8_t bus, uint8_t device, uint8_t function,
			   uint16_t offset);
	void (*write32)(uint16_t segment, uint8_t bus, uint8_t device, uint8_t function,
			uint16_t offset, uint32_t value);
	/* A 32-bit write would clear the status register beside the command. */
	void (*write16)(uint16_t segment, uint8_t bus, uint8_t device, uint8_t function,
			uint16_t offset, uint16_t value);
	uint8_t range_count; /* at most PCI_BUS_RANGES_MAX */
	const struct pci_bus_range *ranges;
	const char *name; /* "ECAM", "0xCF8" */
};

/*
 * Picks ECAM when one of the `count` ranges works, else 0xCF8; enumerates;
 * returns the functions found.
 */
unsigned pci_init(const struct pci_bus_range *ecam, unsigned count);

/* The same with a given access, for tests. It must stay valid. */
unsigned pci_enumerate(const struct pci_access *access);

/* The index-th function found; NULL past the end. Stable after pci_init(). */
struct pci_function *pci_function_at(unsigned index);

uint32_t pci_read32(const struct pci_function *f, uint16_t offset);
uint16_t pci_read16(const struct pci_function *f, uint16_t offset);
uint8_t pci_read8(const struct pci_function *f, uint16_t offset);
void pci_write32(const struct pci_function *f, uint16_t offset, uint32_t value);
void pci_write16(const struct pci_function *f, uint16_t offset, uint16_t value);

/*
 * Next capability with that id after `previous` (0: from the start) in the
 * order of the list; 0 at the end. Bounded whatever the list looks like; each
 * is found once unless the device changes the list between two calls, so a
 * caller that visits them all counts to PCI_CAPABILITIES_MAX (pci_spec.h). The
 * result leaves at least `length_bytes` inside the 256 bytes.
 */
uint8_t pci_find_capability(const struct pci_function *f, uint8_t id, uint8_t previous,
			    uint8_t length_bytes);

/*
 * Switches memory decoding and bus mastering on or off. What is switched on is
 * so in the bridges above the function, too; they stay on.
 */
void pci_enable(const struct pci_function *f, bool memory, bool bus_master);
void pci_disable_intx(const struct pci_function *f, bool disable);

/*
 * Reads and sizes the BARs; decoding is off meanwhile. For the driver that
 * takes the function, and nobody else: a live device is not to be disturbed.
 */
void pci_bars_read(struct pci_function *f);

/*
 * Maps a part of a memory BAR, or returns NULL when the part is empty, does
 * not lie inside the BAR, or cannot be mapped. No more than the part is
 * mapped: a device may claim terabytes. Memory decoding is the caller's.
 */
volatile void *pci_bar_map(const struct pci_function *f, unsigned bar, uint64_t offset_bytes,
			   uint64_t length_bytes);

/*
 * MSI-X (PCI 3.0, 6.8.2): finds and checks table and PBA, masks the whole
 * function and every vector, enables MSI-X. Memory decoding must be on. Returns
 * the number of vectors, 0 when unusable (MSI-X is then off).
 */
uint16_t pci_msix_init(struct pci_function *f);

/*
 * Programs a vector and unmasks it; read back. 0, -ERR_RANGE (no such
 * entry) or -ERR_DEVICE (it does not hold the message).
 */
int pci_msix_set(struct pci_function *f, uint16_t entry, uint64_t address, uint32_t data);
void pci_msix_unmask_function(struct pci_function *f);

/* MSI-X off, whoever switched it on: while it is on, the function leaves its line alone. */
void pci_msix_disable(struct pci_function *f);

/* "00:03.0", "0001:00:03.0" into a buffer of at least 16 bytes. */
const char *pci_name(const struct pci_function *f, char *buffer);

#endif
