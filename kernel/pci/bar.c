/* SPDX-License-Identifier: MIT */
/*
 * Base address registers: where a function's memory is, and how much of it.
 *
 * Size: all ones are written and the zeroes that come back below the first
 * one are the size (PCI 3.0, 6.2.5.1). Memory decoding is off meanwhile, or
 * the device would answer at the top of the address space.
 *
 * A BAR that cannot be right is named in the log and left unusable (base 0): a size
 * that is no power of two, a base that is not a multiple of it, a range that
 * leaves the physical address space. Firmware places BARs, never this file.
 * I/O space is neither sized nor used.
 */
#include "kernel/lib/log.h"
#include "kernel/lib/mem.h"
#include "kernel/mm/paging.h"
#include "kernel/pci/pci_impl.h"

static uint16_t bar_offset(unsigned index)
{
	return (uint16_t)(PCI_BASE_ADDRESS_0 + index * 4);
}

/* What the register holds after all ones were written; puts `value` back. */
static uint32_t probe(const struct pci_function *f, unsigned index, uint32_t value)
{
	pci_write32(f, bar_offset(index), UINT32_MAX);
	uint32_t writable = pci_read32(f, bar_offset(index));
	pci_write32(f, bar_offset(index), value);
	return writable;
}

/* Returns how many registers the BAR takes. */
static unsigned read_bar(struct pci_function *f, unsigned index)
{
	struct pci_bar *bar = &f->bars[index];
	uint32_t value = pci_read32(f, bar_offset(index));
	if (value & PCI_BASE_ADDRESS_IO)
		return 1;
	uint64_t base = value & PCI_BASE_ADDRESS_MEMORY_MASK;
	uint64_t ones = probe(f, index, value) & PCI_BASE_ADDRESS_MEMORY_MASK;
	uint32_t type = value & PCI_BASE_ADDRESS_TYPE_MASK;
	bar->is_memory = true;
	bar->is_64bit = type == PCI_BASE_ADDRESS_TYPE_64;
	if (bar->is_64bit && index + 1 < PCI_BARS) {
		uint32_t high = pci_read32(f, bar_offset(index + 1));
		base |= (uint64_t)high << 32;
		ones |= (uint64_t)probe(f, index + 1, high) << 32;
	} else if (ones && (type == PCI_BASE_ADDRESS_TYPE_32 || type == PCI_BASE_ADDRESS_TYPE_1M)) {
		ones |= 0xffffffffull << 32;
	}
	bar->base = phys_make(base);
	bar->length_bytes = ones & (~ones + 1);
	if (ones != ~(bar->length_bytes - 1))
		bar->length_bytes = 0; /* absent, or other than ones above zeroes */
	return bar->is_64bit ? 2 : 1;
}

/* NULL, or why the BAR is not usable. */
static const char *bar_fault(const struct pci_bar *bar)
{
	if (!bar->length_bytes)
		return "has no valid size";
	if (!bar->base.value)
		return "has no address";
	if (bar->base.value & (bar->length_bytes - 1))
		return "is not aligned to its size";
	if (bar->length_bytes > PCI_PHYSICAL_END ||
	    bar->base.value > PCI_PHYSICAL_END - bar->length_bytes)
		return "leaves the address space";
	return NULL;
}

static void check_bar(struct pci_function *f, unsigned index)
{
	struct pci_bar *bar = &f->bars[index];
	const char *fault = bar_fault(bar);
	if (!bar->is_memory || !fault)
		return;
	if (bar->base.value || bar->length_bytes) {
		char name[16];
		log_warn("pci", "%s: BAR %u (0x%llx, 0x%llx bytes) %s", pci_name(f, name), index,
			 (unsigned long long)bar->base.value, (unsigned long long)bar->length_bytes,
			 fault);
	}
	*bar = (struct pci_bar){ 0 };
}

void pci_bars_read(struct pci_function *f)
{
	if (f->header_type != PCI_HEADER_TYPE_NORMAL)
		return; /* bus numbers stand where the others would be */
	memset(f->bars, 0, sizeof(f->bars));
	uint16_t command = pci_read16(f, PCI_COMMAND);
	pci_write16(f, PCI_COMMAND, (uint16_t)(command & ~PCI_COMMAND_MEMORY));
	for (unsigned i = 0; i < PCI_BARS; i += read_bar(f, i))
		;
	pci_write16(f, PCI_COMMAND, command);
	for (unsigned i = 0; i < PCI_BARS; i++)
		check_bar(f, i);
}

bool pci_bar_contains(const struct pci_function *f, unsigned bar, uint64_t offset_bytes,
		      uint64_t length_bytes)
{
	if (bar >= PCI_BARS)
		return false;
	const struct pci_bar *whole = &f->bars[bar];
	return whole->is_memory && whole->base.value && length_bytes &&
	       offset_bytes <= whole->length_bytes &&
	       length_bytes <= whole->length_bytes - offset_bytes;
}

volatile void *pci_bar_map(const struct pci_function *f, unsigned bar, uint64_t offset_bytes,
			   uint64_t length_bytes)
{
	if (!pci_bar_contains(f, bar, offset_bytes, length_bytes))
		return NULL;
	return paging_map_mmio(phys_add(f->bars[bar].base, offset_bytes), length_bytes);
}
