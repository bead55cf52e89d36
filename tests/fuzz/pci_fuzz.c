/* SPDX-License-Identifier: MIT */
/*
 * A hostile machine in front of the PCI code and the virtio transport: what
 * configuration space, BAR memory and registers answer is the fuzzer's input,
 * and may differ from one read to the next.
 *
 * The first bytes choose how hostile: functions that are plausible enough to
 * be driven far, bent at random places, or noise altogether. Each input is one
 * boot: enumeration, capability walks, BAR sizing, MSI-X, the transport from
 * its discovery to a queue and back.
 *
 * Checked, beside what the sanitizers see: every register access lies inside
 * what was mapped, every mapping inside the BAR that the function shows, and
 * the number of accesses is bounded, so nothing goes on for ever. Time is
 * ours: it passes with every look at the clock.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/cpu/clock.h"
#include "kernel/cpu/mmio.h"
#include "kernel/mm/paging.h"
#include "kernel/pci/pci_impl.h"
#include "kernel/virtio/virtio_pci.h"
#include "kernel/virtio/virtio_spec.h"

/* A whole boot of this machine stays far below; a loop does not. */
#define ACCESSES_MAX 2000000u
#define MAPPINGS_MAX 64u
#define FUNCTIONS 4u
/* paging_map_mmio() returns addresses in here, never dereferenced by the fake. */
#define WINDOW_BASE 0x7e0000000000ull
#define WINDOW_STRIDE (1ull << 32)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *input;
static size_t input_bytes, input_at;
static unsigned accesses;
static uint64_t now_tsc;

static uint8_t config[FUNCTIONS][PCI_EXPRESS_CONFIG_BYTES];
static uint32_t noise_rate; /* of 256 answers, so many are the input's */
static bool one_everywhere; /* all 65,536 places answer */
static bool registers_hold; /* what was written; else they are the input's */

/* Of a mapping's registers the first 256 bytes are kept; the others alias. */
#define KEPT_BYTES 256u
static struct {
	uint64_t phys, length_bytes;
	uint8_t kept[KEPT_BYTES];
} mappings[MAPPINGS_MAX];
static unsigned mapping_count;

static void check(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "violated: %s\n", what);
	abort();
}

static void count_access(void)
{
	check(++accesses < ACCESSES_MAX, "the number of accesses is bounded");
}

/* The input goes round; an odd step makes each round differ. */
static uint8_t next_byte(void)
{
	if (!input_bytes)
		return 0xff;
	uint8_t byte = input[input_at % input_bytes];
	byte = (uint8_t)(byte + input_at / input_bytes * 0x9d);
	input_at++;
	return byte;
}

static uint32_t next_dword(void)
{
	uint32_t value = 0;
	for (unsigned i = 0; i < 4; i++)
		value = value << 8 | next_byte();
	return value;
}

static bool is_noise(void)
{
	return noise_rate && next_byte() < noise_rate;
}

/* --- configuration space --- */

static uint8_t *registers_at(uint8_t bus, uint8_t device, uint8_t function)
{
	if (one_everywhere)
		return config[(bus + device + function) % FUNCTIONS];
	/* Function 0 and 1 of the first device of two buses. */
	if (device || function > 1 || bus > 1)
		return NULL;
	return config[bus * 2 + function];
}

static uint32_t hostile_read32(uint16_t segment, uint8_t bus, uint8_t device, uint8_t function,
			       uint16_t offset)
{
	uint32_t value;
	count_access();
	check(segment <= 1 && device < 32 && function < 8, "a function that can be");
	check(offset % 4 == 0 && offset + 4u <= PCI_EXPRESS_CONFIG_BYTES, "an aligned register");
	const uint8_t *bytes = registers_at(bus, device, function);
	if (!bytes)
		return UINT32_MAX;
	if (is_noise())
		return next_dword();
	memcpy(&value, bytes + offset, sizeof(value));
	return value;
}

static void hostile_write32(uint16_t segment, uint8_t bus, uint8_t device, uint8_t function,
			    uint16_t offset, uint32_t value)
{
	(void)segment;
	count_access();
	check(offset % 4 == 0 && offset + 4u <= PCI_EXPRESS_CONFIG_BYTES, "an aligned register");
	uint8_t *bytes = registers_at(bus, device, function);
	check(bytes != NULL, "only what answered is written");
	if (is_noise())
		return;
	/* BARs of 16 KiB; everything else takes what it is given. */
	if (offset >= PCI_BASE_ADDRESS_0 && offset < PCI_BASE_ADDRESS_0 + PCI_BARS * 4 &&
	    offset != PCI_BASE_ADDRESS_0 + 5 * 4)
		value = (value & ~0x3fffu) | (bytes[offset] & 0xfu);
	memcpy(bytes + offset, &value, sizeof(value));
}

static void hostile_write16(uint16_t segment, uint8_t bus, uint8_t device, uint8_t function,
			    uint16_t offset, uint16_t value)
{
	(void)segment;
	count_access();
	check(offset % 2 == 0 && offset + 2u <= PCI_EXPRESS_CONFIG_BYTES, "an aligned register");
	uint8_t *bytes = registers_at(bus, device, function);
	check(bytes != NULL, "only what answered is written");
	if (!is_noise())
		memcpy(bytes + offset, &value, sizeof(value));
}

static struct pci_bus_range ranges[2] = {
	{ .last_bus = PCI_BUSES - 1 },
	{ .segment = 1, .first_bus = 1, .last_bus = 3 },
};

static struct pci_access hostile = {
	.read32 = hostile_read32,
	.write32 = hostile_write32,
	.write16 = hostile_write16,
	.ranges = ranges,
	.name = "hostile",
};

/* Never chosen here: pci_enumerate() is called with the hostile one. */
const struct pci_access pci_port_access = { .name = "none" };

/* --- memory and time --- */

static bool is_inside_a_bar(uint64_t base, uint64_t length_bytes)
{
	const struct pci_function *f;
	for (unsigned i = 0; (f = pci_function_at(i)); i++) {
		for (unsigned j = 0; j < PCI_BARS; j++) {
			const struct pci_bar *bar = &f->bars[j];
			if (bar->is_memory && base >= bar->base.value &&
			    base + length_bytes <= bar->base.value + bar->length_bytes)
				return true;
		}
	}
	return false;
}

volatile void *paging_map_mmio(phys_addr address, uint64_t length_bytes)
{
	check(length_bytes > 0 && length_bytes <= 16u << 20, "a mapping of a sane length");
	check(is_inside_a_bar(address.value, length_bytes), "a mapping inside a BAR");
	if (mapping_count == MAPPINGS_MAX || is_noise())
		return NULL;
	mappings[mapping_count].phys = address.value;
	mappings[mapping_count].length_bytes = length_bytes;
	memset(mappings[mapping_count].kept, 0, KEPT_BYTES);
	/* In case it is a common configuration. */
	mappings[mapping_count].kept[offsetof(struct virtio_pci_common_cfg, num_queues)] = 4;
	mappings[mapping_count].kept[offsetof(struct virtio_pci_common_cfg, queue_size)] = 128;
	/* The alignment within a page is the physical one. */
	return (volatile void *)(uintptr_t)(WINDOW_BASE + mapping_count++ * WINDOW_STRIDE +
					    address.value % PAGE_BYTES);
}

/* Checks the access; returns where its bytes are kept. */
static uint8_t *check_access(const volatile void *address, unsigned width)
{
	uint64_t offset = (uint64_t)(uintptr_t)address - WINDOW_BASE;
	uint64_t index = offset / WINDOW_STRIDE;
	count_access();
	check((uint64_t)(uintptr_t)address >= WINDOW_BASE && index < mapping_count,
	      "an access to something mapped");
	offset = offset % WINDOW_STRIDE - mappings[index].phys % PAGE_BYTES;
	check(offset + width <= mappings[index].length_bytes, "an access inside the mapping");
	check((uintptr_t)address % width == 0, "an aligned access");
	return &mappings[index].kept[offset % KEPT_BYTES & ~(uint64_t)(width - 1)];
}

static uint32_t read_register(const volatile void *address, unsigned width)
{
	uint32_t value = 0;
	const uint8_t *kept = check_access(address, width);
	if (!registers_hold || is_noise())
		return next_dword();
	memcpy(&value, kept, width);
	return value;
}

static void write_register(volatile void *address, uint32_t value, unsigned width)
{
	memcpy(check_access(address, width), &value, width);
}

uint8_t mmio_read8(const volatile void *address)
{
	return (uint8_t)read_register(address, 1);
}

uint16_t mmio_read16(const volatile void *address)
{
	return (uint16_t)read_register(address, 2);
}

uint32_t mmio_read32(const volatile void *address)
{
	return read_register(address, 4);
}

void mmio_write8(volatile void *address, uint8_t value)
{
	write_register(address, value, 1);
}

void mmio_write16(volatile void *address, uint16_t value)
{
	write_register(address, value, 2);
}

void mmio_write32(volatile void *address, uint32_t value)
{
	write_register(address, value, 4);
}

uint64_t clock_tsc(void)
{
	return now_tsc += NS_PER_MS;
}

/* --- a plausible machine, to be bent --- */

static void put16(uint8_t *bytes, unsigned offset, uint16_t value)
{
	memcpy(bytes + offset, &value, sizeof(value));
}

static void put32(uint8_t *bytes, unsigned offset, uint32_t value)
{
	memcpy(bytes + offset, &value, sizeof(value));
}

static void put_virtio_cap(uint8_t *bytes, uint8_t at, uint8_t next, uint8_t type, uint32_t offset)
{
	bytes[at] = PCI_CAP_ID_VNDR;
	bytes[at + 1] = next;
	bytes[at + 2] = 20;
	bytes[at + 3] = type;
	bytes[at + 4] = 4;
	put32(bytes, at + 8u, offset);
	put32(bytes, at + 12u, 0x1000);
	put32(bytes, at + 16u, 4);
}

static void put_function(uint8_t *bytes, unsigned index)
{
	memset(bytes, 0, PCI_EXPRESS_CONFIG_BYTES);
	put32(bytes, PCI_VENDOR_ID, index == 1 ? 0x10011af4 : 0x10421af4);
	put16(bytes, PCI_STATUS, PCI_STATUS_CAPABILITIES);
	put32(bytes, PCI_REVISION_ID, 0x01000000);
	bytes[PCI_HEADER_TYPE] = PCI_HEADER_TYPE_MULTIFUNCTION;
	put32(bytes, PCI_BASE_ADDRESS_0 + 4, 0xfe000000u + index * 0x8000);
	put32(bytes, PCI_BASE_ADDRESS_0 + 16, (index * 0x4000) | PCI_BASE_ADDRESS_TYPE_64);
	put32(bytes, PCI_BASE_ADDRESS_0 + 20, 0xe0);
	bytes[PCI_CAPABILITIES_POINTER] = 0x40;
	put_virtio_cap(bytes, 0x40, 0x54, VIRTIO_PCI_CAP_COMMON_CFG, 0);
	put_virtio_cap(bytes, 0x54, 0x68, VIRTIO_PCI_CAP_ISR_CFG, 0x1000);
	put_virtio_cap(bytes, 0x68, 0x7c, VIRTIO_PCI_CAP_DEVICE_CFG, 0x2000);
	put_virtio_cap(bytes, 0x7c, 0x90, VIRTIO_PCI_CAP_NOTIFY_CFG, 0x3000);
	put_virtio_cap(bytes, 0x90, 0xa4, VIRTIO_PCI_CAP_PCI_CFG, 0);
	bytes[0xa4] = PCI_CAP_ID_MSIX;
	put16(bytes, 0xa6, 4);
	put32(bytes, 0xa8, 1);
	put32(bytes, 0xac, 0x801);
}

static void build_machine(void)
{
	uint8_t mode = next_byte();
	one_everywhere = mode & 1;
	hostile.range_count = mode & 4 ? 2 : 1;
	/* All buses only at times: they take most of a run and show little. */
	ranges[0].last_bus = mode & 32 ? PCI_BUSES - 1 : 1;
	registers_hold = mode & 64;
	noise_rate = mode & 8 ? next_byte() : 0;
	for (unsigned i = 0; i < FUNCTIONS; i++)
		put_function(config[i], i);
	for (unsigned bends = next_byte() % 64; bends; bends--) {
		uint8_t *bytes = config[next_byte() % FUNCTIONS];
		unsigned offset = next_byte();
		if (mode & 16)
			offset |= (next_byte() & 0xfu) << 8;
		bytes[offset] = next_byte();
	}
}

/* --- the boot --- */

static void walk_capabilities(const struct pci_function *f)
{
	uint8_t at = 0, id = next_byte(), length = next_byte();
	for (unsigned i = 0; i < PCI_CAPABILITIES_MAX; i++) {
		at = pci_find_capability(f, id, at, length);
		if (!at)
			break;
		check(at >= PCI_CAPABILITY_FIRST && at + length <= (int)PCI_CONFIG_BYTES,
		      "a capability leaves its length");
	}
}

static void check_bars(const struct pci_function *f)
{
	for (unsigned i = 0; i < PCI_BARS; i++) {
		const struct pci_bar *bar = &f->bars[i];
		check(!bar->base.value == !bar->length_bytes, "a BAR is usable or empty");
		check(bar->length_bytes <= PCI_PHYSICAL_END &&
			      bar->base.value + bar->length_bytes <= PCI_PHYSICAL_END,
		      "a BAR lies in the address space");
		check(!bar->is_memory || !(bar->base.value & (bar->length_bytes - 1)),
		      "a BAR is aligned");
	}
}

static void use_msix(struct pci_function *f)
{
	uint16_t count = pci_msix_init(f);
	check(count <= 2048 && count == f->msix_table_size, "a table of a possible size");
	for (unsigned i = 0; i < 3; i++)
		pci_msix_set(f, (uint16_t)next_dword(), next_dword(), next_dword());
	if (count)
		pci_msix_set(f, (uint16_t)(count - 1), UINT64_MAX, UINT32_MAX);
	pci_msix_unmask_function(f);
}

static void use_queue(struct virtio_pci *device)
{
	volatile uint16_t *doorbell = NULL;
	uint16_t queue = (uint16_t)(next_byte() % 4);
	const struct virtio_pci_queue_setup setup = {
		.index = queue,
		.size = virtio_pci_queue_max_size(device, queue),
		.descriptor_area = { 0x1000 },
		.driver_area = { 0x2000 },
		.device_area = { 0x3000 },
		.msix_vector = next_byte() & 1 ? VIRTIO_PCI_NO_VECTOR : 1,
	};
	check(setup.size <= VIRTQ_SIZE_MAX, "a possible queue size");
	if (!virtio_pci_queue_setup(device, &setup, &doorbell))
		virtio_pci_notify(doorbell, queue);
}

static void use_transport(struct pci_function *f)
{
	struct virtio_pci device;
	uint8_t text[128];
	if (virtio_pci_init(&device, f))
		return;
	virtio_pci_negotiate(&device, (uint64_t)next_dword() << 32 | next_dword());
	check((device.features & ~device.offered_features) == 0, "only what was offered");
	virtio_pci_read_config(&device, 0, text, MIN(device.device_bytes, (uint32_t)sizeof(text)));
	virtio_pci_read_config(&device, next_dword(), text, next_byte() % sizeof(text));
	virtio_pci_set_config_vector(&device, 0);
	use_queue(&device);
	virtio_pci_driver_ok(&device);
	virtio_pci_read_isr(&device);
	virtio_pci_reset(&device);
	virtio_pci_fail(&device);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input = data;
	input_bytes = size;
	input_at = accesses = mapping_count = 0;
	now_tsc = 0;
	build_machine();
	unsigned count = pci_enumerate(&hostile);
	check(count <= PCI_FUNCTIONS_MAX, "no more functions than the table holds");
	/* A few of many: more of the same shows nothing new. */
	for (unsigned i = 0; i < MIN(count, 6u); i++) {
		struct pci_function *f = pci_function_at(i);
		char name[16];
		pci_name(f, name);
		pci_bars_read(f);
		check_bars(f);
		walk_capabilities(f);
		virtio_pci_matches(f, VIRTIO_ID_BLOCK);
		use_msix(f);
		use_transport(f);
	}
	check(!pci_function_at(count), "nothing past the end");
	return 0;
}
