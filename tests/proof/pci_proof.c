/* SPDX-License-Identifier: MIT */
/*
 * PCI and the virtio transport before a function that may answer anything, in parts, of
 * which the command line names one:
 *
 *   LISTS       capability lists, of both kinds, over four places in any order, with
 *               loops, ends and strays: a walk ends, looks at registers that exist, and
 *               what it finds leaves the length asked for
 *   STRUCTURES  where a virtio capability says that a structure is, any offset and length:
 *               what is mapped lies inside the BAR, aligned and long enough
 *   TABLE       the same for an MSI-X table and its pending bits
 *   DOORBELL    where a queue's doorbell is: inside what is mapped
 *
 * The BAR is of BAR_BYTES. Offsets in it are tried one by one, those beyond as one interval.
 */
#define KERNEL_CPU_CLOCK_H
enum { LISTS, STRUCTURES, TABLE, DOORBELL };

#include "tests/proof/proof.h"

uint64_t clock_ns(void);

#include "kernel/pci/bar.c"

#include "kernel/pci/capability.c"

#include "kernel/pci/msix.c"

#include "kernel/virtio/virtio_pci.c"

#define BAR_BASE 0x80000000ull

static struct pci_function function;
static unsigned reads, reads_max;

/*@ assigns \nothing; */
void log_write(enum log_level level, const char *unit, const char *format, ...);

const char *pci_name(const struct pci_function *f, char *buffer)
{
	(void)f;
	return buffer;
}

/* --- what the function answers --- */

/* Before the first that is valid; the first, the second, one and the last. */
static const uint8_t places[] = { 0x00, 0x3c, 0x40, 0x44, 0x80, 0xfc };
#define VALID_PLACES 4u

static uint32_t one_of(unsigned count)
{
	for (uint32_t i = 0; i < count - 1; i++)
		if (any_bool())
			return i;
	return count - 1;
}

static void check_register(uint16_t offset, unsigned bytes)
{
	//@ assert register_exists: offset % bytes == 0 && offset + bytes <= PCI_CONFIG_BYTES;
	reads++;
	//@ assert walk_ends: reads <= reads_max;
}

uint8_t pci_read8(const struct pci_function *f, uint16_t offset)
{
	(void)f;
	check_register(offset, 1);
	return (uint8_t)(places[one_of(ARRAY_COUNT(places))] + any_between(0, 3));
}

uint16_t pci_read16(const struct pci_function *f, uint16_t offset)
{
	(void)f;
	check_register(offset, 2);
	if (PART != LISTS || offset < PCI_CAPABILITY_FIRST)
		return (uint16_t)any_between(0, UINT16_MAX);
	return (uint16_t)((places[one_of(ARRAY_COUNT(places))] << 8) + any_between(0, 0x3ff));
}

uint32_t pci_read32(const struct pci_function *f, uint16_t offset)
{
	(void)f;
	check_register(offset, 4);
	uint32_t value = one_of(BAR_BYTES + 1);
	return value < BAR_BYTES ? value : any_between(BAR_BYTES, UINT32_MAX);
}

void pci_write32(const struct pci_function *f, uint16_t offset, uint32_t value)
{
	(void)f;
	(void)value;
	check_register(offset, 4);
}

void pci_write16(const struct pci_function *f, uint16_t offset, uint16_t value)
{
	(void)f;
	(void)value;
	check_register(offset, 2);
}

/* --- what is mapped, and registers --- */

static uint64_t least_bytes, alignment;

volatile void *paging_map_mmio(phys_addr address, uint64_t length_bytes)
{
	//@ assert maps_inside: BAR_BASE <= address.value < BAR_BASE + BAR_BYTES;
	uint64_t room_bytes = BAR_BASE + BAR_BYTES - address.value;
	//@ assert maps_no_more: least_bytes <= length_bytes <= room_bytes;
	uint64_t odd = address.value % alignment;
	//@ assert maps_aligned: odd == 0;
	return NULL;
}

uint16_t mmio_read16(const volatile void *address)
{
	(void)address;
	return (uint16_t)any_between(0, UINT16_MAX);
}

/* --- the parts --- */

static void walk_lists(void)
{
	uint8_t length = (uint8_t)any_between(0, 255), at;
	uint8_t previous = any_bool() ? 0 : places[2 + one_of(VALID_PLACES)];
	reads_max = 2 + VALID_PLACES; /* status, pointer, headers */
	at = pci_find_capability(&function, PCI_CAP_ID_VNDR, previous, length);
	if (at) {
		unsigned end = at + length;
		//@ assert leaves_length: at >= PCI_CAPABILITY_FIRST && end <= PCI_CONFIG_BYTES;
	}
}

static void map_structures(void)
{
	reads_max = 1;
	struct capability capability = {
		.cfg_type = (uint8_t)(VIRTIO_PCI_CAP_COMMON_CFG + one_of(4)),
		.bar = (uint8_t)any_between(0, UINT8_MAX),
		.offset = pci_read32(&function, 0),
		.length = any_between(0, UINT32_MAX),
	};
	uint32_t mapped_bytes;
	least_bytes = structure_rules[capability.cfg_type].min_bytes;
	alignment = structure_rules[capability.cfg_type].alignment;
	map_structure(&function, &capability, &mapped_bytes);
}

static void map_the_table(void)
{
	reads_max = 3;
	least_bytes = sizeof(struct pci_msix_entry);
	alignment = 8;
	function.msix_capability = PCI_CAPABILITY_FIRST;
	map_msix_table(&function);
}

static void place_doorbell(void)
{
	static volatile uint8_t common[sizeof(struct virtio_pci_common_cfg)];
	static volatile uint8_t notify[BAR_BYTES];
	const struct virtio_pci device = {
		.common_cfg = common,
		.notify = notify,
		.notify_bytes = BAR_BYTES,
		.notify_off_multiplier = any_between(0, UINT32_MAX),
	};
	volatile uint16_t *doorbell = find_doorbell(&device);
	if (!doorbell)
		return;
	//@ assert doorbell_is_mapped: \valid(doorbell);
}

int main(void)
{
	function.bars[0] = (struct pci_bar){ { BAR_BASE }, BAR_BYTES, true, false };
	switch (PART) {
	case LISTS:
		walk_lists();
		break;
	case STRUCTURES:
		map_structures();
		break;
	case TABLE:
		map_the_table();
		break;
	case DOORBELL:
		place_doorbell();
		break;
	}
	return 0;
}
