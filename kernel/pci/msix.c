/* SPDX-License-Identifier: MIT */
/*
 * MSI-X (PCI 3.0, 6.8.2): a table in a BAR with one address/data pair per
 * vector. What stands in a pair is the caller's business.
 *
 * Order: the function is masked as a whole, then enabled, so that nothing is
 * sent from a half-written entry; vectors are programmed and unmasked one by
 * one; at last the function is unmasked. The pending bits are checked to lie
 * inside their BAR like the table, but never read.
 */
#include "kernel/cpu/mmio.h"
#include "kernel/lib/err.h"
#include "kernel/lib/log.h"
#include "kernel/pci/pci_impl.h"

struct region {
	unsigned bar;
	uint64_t offset_bytes, length_bytes;
};

static struct region read_region(const struct pci_function *f, uint16_t offset,
				 uint64_t length_bytes)
{
	uint32_t value = pci_read32(f, offset);
	return (struct region){
		.bar = value & PCI_MSIX_BIR_MASK,
		.offset_bytes = value & ~PCI_MSIX_BIR_MASK,
		.length_bytes = length_bytes,
	};
}

static bool regions_overlap(const struct region *a, const struct region *b)
{
	return a->bar == b->bar && a->offset_bytes < b->offset_bytes + b->length_bytes &&
	       b->offset_bytes < a->offset_bytes + a->length_bytes;
}

static void write_control(const struct pci_function *f, uint16_t set, uint16_t clear)
{
	uint16_t offset = (uint16_t)(f->msix_capability + PCI_MSIX_CONTROL);
	uint16_t control = pci_read16(f, offset);
	pci_write16(f, offset, (uint16_t)((control & ~clear) | set));
}

static volatile uint8_t *msix_entry(const struct pci_function *f, uint16_t entry)
{
	return f->msix_table + entry * sizeof(struct pci_msix_entry);
}

/* Bits 1 to 31 of the vector control are to be kept (6.8.2.9). */
static void mask_vector(volatile uint8_t *entry, bool mask)
{
	volatile uint8_t *control = entry + offsetof(struct pci_msix_entry, vector_control);
	uint32_t value = mmio_read32(control) & ~PCI_MSIX_VECTOR_MASK;
	mmio_write32(control, value | (mask ? PCI_MSIX_VECTOR_MASK : 0));
}

/* Finds the table and maps it. Number of vectors, or 0. */
static uint16_t map_msix_table(struct pci_function *f)
{
	uint16_t at = f->msix_capability;
	uint16_t control = pci_read16(f, (uint16_t)(at + PCI_MSIX_CONTROL));
	uint16_t count = (uint16_t)((control & PCI_MSIX_CONTROL_TABLE_SIZE) + 1);
	struct region table = read_region(f, (uint16_t)(at + PCI_MSIX_TABLE),
					  count * sizeof(struct pci_msix_entry));
	struct region pending = read_region(f, (uint16_t)(at + PCI_MSIX_PBA),
					    (count + 63u) / 64u * sizeof(uint64_t));
	if (!pci_bar_contains(f, pending.bar, pending.offset_bytes, pending.length_bytes) ||
	    regions_overlap(&table, &pending))
		return 0;
	f->msix_table = pci_bar_map(f, table.bar, table.offset_bytes, table.length_bytes);
	return f->msix_table ? count : 0;
}

uint16_t pci_msix_init(struct pci_function *f)
{
	char name[16];
	f->msix_table_size = 0;
	f->msix_capability = pci_find_capability(f, PCI_CAP_ID_MSIX, 0, PCI_MSIX_CAPABILITY_BYTES);
	if (!f->msix_capability)
		return 0;
	uint16_t count = map_msix_table(f);
	if (!count) {
		log_warn("pci", "%s: the MSI-X table or its pending bits are not in a BAR",
			 pci_name(f, name));
		write_control(f, 0, PCI_MSIX_CONTROL_ENABLE);
		return 0;
	}
	write_control(f, PCI_MSIX_CONTROL_FUNCTION_MASK, 0);
	write_control(f, PCI_MSIX_CONTROL_ENABLE, 0);
	uint16_t control = pci_read16(f, (uint16_t)(f->msix_capability + PCI_MSIX_CONTROL));
	if (control == UINT16_MAX || !(control & PCI_MSIX_CONTROL_ENABLE)) {
		log_warn("pci", "%s: MSI-X cannot be enabled", pci_name(f, name));
		return 0;
	}
	for (uint16_t i = 0; i < count; i++)
		mask_vector(msix_entry(f, i), true);
	f->msix_table_size = count;
	return count;
}

int pci_msix_set(struct pci_function *f, uint16_t entry, uint64_t address, uint32_t data)
{
	if (entry >= f->msix_table_size)
		return -ERR_RANGE;
	volatile uint8_t *at = msix_entry(f, entry);
	mask_vector(at, true);
	mmio_write64_halves(at + offsetof(struct pci_msix_entry, message_address), address);
	mmio_write32(at + offsetof(struct pci_msix_entry, message_data), data);
	mask_vector(at, false);
	uint32_t low = mmio_read32(at + offsetof(struct pci_msix_entry, message_address));
	uint32_t high = mmio_read32(at + offsetof(struct pci_msix_entry, message_upper_address));
	uint32_t held = mmio_read32(at + offsetof(struct pci_msix_entry, message_data));
	uint32_t control = mmio_read32(at + offsetof(struct pci_msix_entry, vector_control));
	if (((uint64_t)high << 32 | low) != address || held != data ||
	    control & PCI_MSIX_VECTOR_MASK)
		return -ERR_DEVICE;
	return 0;
}

void pci_msix_unmask_function(struct pci_function *f)
{
	if (f->msix_table_size)
		write_control(f, 0, PCI_MSIX_CONTROL_FUNCTION_MASK);
}

void pci_msix_disable(struct pci_function *f)
{
	f->msix_table_size = 0;
	f->msix_capability = pci_find_capability(f, PCI_CAP_ID_MSIX, 0, PCI_MSIX_CAPABILITY_BYTES);
	if (f->msix_capability)
		write_control(f, 0, PCI_MSIX_CONTROL_ENABLE);
}
