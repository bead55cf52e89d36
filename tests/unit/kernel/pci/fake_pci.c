/* SPDX-License-Identifier: MIT */
/* See fake_pci.h. */
#include <stdlib.h>
#include <string.h>

#include "kernel/mm/paging.h"
#include "kernel/pci/pci_impl.h"
#include "tests/unit/kernel/pci/fake_pci.h"

#define FUNCTIONS_MAX 512
#define MEMORIES_MAX 16

static struct fake_function functions[FUNCTIONS_MAX];
static unsigned function_count;
static struct {
	uint64_t base;
	size_t length_bytes;
	uint8_t *bytes;
} memories[MEMORIES_MAX];
static unsigned memory_count;

struct fake_mapping fake_mapping;
struct pci_bus_range fake_pci_ranges[PCI_BUS_RANGES_MAX];
unsigned fake_pci_reads, fake_pci_writes;

static struct fake_function *find(uint16_t segment, uint8_t bus, uint8_t device, uint8_t function)
{
	for (unsigned i = 0; i < function_count; i++) {
		struct fake_function *f = &functions[i];
		if (f->segment == segment && f->bus == bus && f->device == device &&
		    f->function == function)
			return f;
	}
	return NULL;
}

static uint32_t fake_read32(uint16_t segment, uint8_t bus, uint8_t device, uint8_t function,
			    uint16_t offset)
{
	fake_pci_reads++;
	if (offset + 4u > PCI_CONFIG_BYTES)
		abort();
	const struct fake_function *f = find(segment, bus, device, function);
	return f ? fake_get32(f, offset) : UINT32_MAX;
}

static void write_bar(struct fake_function *f, unsigned index, uint32_t value)
{
	unsigned offset = PCI_BASE_ADDRESS_0 + index * 4;
	uint32_t writable = f->bar_writable[index];
	f->bar_writes++;
	if (f->config[PCI_COMMAND] & PCI_COMMAND_MEMORY)
		f->bar_writes_while_decoding++;
	if (f->config[PCI_COMMAND] & PCI_COMMAND_MASTER)
		f->bar_writes_while_mastering++;
	fake_set32(f, offset, (fake_get32(f, offset) & ~writable) | (value & writable));
}

static void fake_write16(uint16_t segment, uint8_t bus, uint8_t device, uint8_t function,
			 uint16_t offset, uint16_t value)
{
	struct fake_function *f = find(segment, bus, device, function);
	fake_pci_writes++;
	if (!f)
		return;
	uint32_t held = fake_get32(f, offset & ~3u) >> (offset & 2) * 8;
	if (offset == PCI_COMMAND)
		fake_set16(f, offset, value & 0x7ff);
	else if (offset == PCI_STATUS) /* 6.2.3: a one clears */
		fake_set16(f, offset, (uint16_t)(held & ~(value & 0xf900u)));
	else if (offset >= PCI_CAPABILITY_FIRST && f->config[offset - 2] == PCI_CAP_ID_MSIX)
		fake_set16(f, offset, (uint16_t)((held & 0x7ffu) | (value & 0xc000u)));
}

static void fake_write32(uint16_t segment, uint8_t bus, uint8_t device, uint8_t function,
			 uint16_t offset, uint32_t value)
{
	struct fake_function *f = find(segment, bus, device, function);
	fake_pci_writes++;
	if (!f)
		return;
	if (offset >= PCI_BASE_ADDRESS_0 && offset < PCI_BASE_ADDRESS_0 + PCI_BARS * 4) {
		write_bar(f, (offset - PCI_BASE_ADDRESS_0) / 4, value);
		return;
	}
	f->stray_writes++;
	fake_write16(segment, bus, device, function, offset, (uint16_t)value);
	fake_write16(segment, bus, device, function, (uint16_t)(offset + 2),
		     (uint16_t)(value >> 16));
}

struct pci_access fake_pci_access = {
	.read32 = fake_read32,
	.write32 = fake_write32,
	.write16 = fake_write16,
	.ranges = fake_pci_ranges,
	.name = "fake",
};

/* Stands in for the I/O ports: the same machine. */
static const struct pci_bus_range port_range = { .last_bus = PCI_BUSES - 1 };
const struct pci_access pci_port_access = {
	.read32 = fake_read32,
	.write32 = fake_write32,
	.write16 = fake_write16,
	.range_count = 1,
	.ranges = &port_range,
	.name = "ports",
};

volatile void *paging_map_mmio(phys_addr address, uint64_t length_bytes)
{
	fake_mapping.base = address.value;
	fake_mapping.length_bytes = length_bytes;
	fake_mapping.count++;
	for (unsigned i = 0; i < memory_count; i++) {
		uint64_t offset = address.value - memories[i].base;
		if (address.value >= memories[i].base && offset <= memories[i].length_bytes &&
		    length_bytes <= memories[i].length_bytes - offset)
			return memories[i].bytes + offset;
	}
	return NULL;
}

void fake_pci_reset(void)
{
	for (unsigned i = 0; i < memory_count; i++)
		free(memories[i].bytes);
	memory_count = function_count = fake_pci_reads = fake_pci_writes = 0;
	fake_mapping = (struct fake_mapping){ 0 };
	memset(functions, 0, sizeof(functions));
	memset(fake_pci_ranges, 0, sizeof(fake_pci_ranges));
	fake_pci_ranges[0].last_bus = PCI_BUSES - 1;
	fake_pci_access.range_count = 1;
}

struct fake_function *fake_pci_add(uint8_t bus, uint8_t device, uint8_t function)
{
	if (function_count == FUNCTIONS_MAX)
		abort();
	struct fake_function *f = &functions[function_count++];
	f->bus = bus;
	f->device = device;
	f->function = function;
	fake_set32(f, PCI_VENDOR_ID, 0x10421af4);
	fake_set32(f, PCI_REVISION_ID, 0x01000001);
	fake_set16(f, PCI_SUBSYSTEM_ID, 0x1100);
	fake_set8(f, PCI_INTERRUPT_LINE, PCI_INTERRUPT_LINE_NONE);
	return f;
}

void fake_set8(struct fake_function *f, unsigned offset, uint8_t value)
{
	f->config[offset] = value;
}

void fake_set16(struct fake_function *f, unsigned offset, uint16_t value)
{
	memcpy(&f->config[offset], &value, sizeof(value));
}

void fake_set32(struct fake_function *f, unsigned offset, uint32_t value)
{
	memcpy(&f->config[offset], &value, sizeof(value));
}

uint32_t fake_get32(const struct fake_function *f, unsigned offset)
{
	uint32_t value;
	memcpy(&value, &f->config[offset], sizeof(value));
	return value;
}

void fake_bar32(struct fake_function *f, unsigned index, uint32_t base, uint32_t length_bytes)
{
	fake_set32(f, PCI_BASE_ADDRESS_0 + index * 4, base);
	f->bar_writable[index] = ~(length_bytes - 1);
}

void fake_bar64(struct fake_function *f, unsigned index, uint64_t base, uint64_t length_bytes)
{
	fake_set32(f, PCI_BASE_ADDRESS_0 + index * 4, (uint32_t)base | PCI_BASE_ADDRESS_TYPE_64);
	fake_set32(f, PCI_BASE_ADDRESS_0 + index * 4 + 4, (uint32_t)(base >> 32));
	f->bar_writable[index] = (uint32_t) ~(length_bytes - 1) & PCI_BASE_ADDRESS_MEMORY_MASK;
	f->bar_writable[index + 1] = (uint32_t)(~(length_bytes - 1) >> 32);
}

uint8_t *fake_memory(uint64_t base, size_t length_bytes)
{
	if (memory_count == MEMORIES_MAX)
		abort();
	memories[memory_count].base = base;
	memories[memory_count].length_bytes = length_bytes;
	memories[memory_count].bytes = calloc(1, length_bytes);
	return memories[memory_count++].bytes;
}

void fake_capability(struct fake_function *f, uint8_t at, uint8_t id)
{
	fake_set8(f, at, id);
	fake_set8(f, at + 1u, f->config[PCI_CAPABILITIES_POINTER]);
	fake_set8(f, PCI_CAPABILITIES_POINTER, at);
	f->config[PCI_STATUS] |= PCI_STATUS_CAPABILITIES;
}

void fake_msix(struct fake_function *f, uint8_t at, uint16_t vectors, uint32_t table,
	       uint32_t pending)
{
	fake_capability(f, at, PCI_CAP_ID_MSIX);
	fake_set16(f, at + PCI_MSIX_CONTROL, (uint16_t)(vectors - 1));
	fake_set32(f, at + PCI_MSIX_TABLE, table);
	fake_set32(f, at + PCI_MSIX_PBA, pending);
}
