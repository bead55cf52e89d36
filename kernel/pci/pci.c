/* SPDX-License-Identifier: MIT */
/*
 * Finds the PCI functions and reads and writes their configuration space.
 *
 * Every bus number of every segment is looked at, in ascending order, once.
 * The firmware has numbered the buses behind the bridges, so this finds what
 * lies behind bridges of any depth and also what hangs on further host bridges,
 * which no bridge of bus 0 leads to. Nothing is followed: bridges that loop,
 * overlap or point at themselves cannot make it endless. Nothing is written:
 * what no driver takes stays as the firmware left it.
 *
 *   bus 0 .. 255 -> device 0 .. 31 -> function 0, and 1 .. 7 if multi-function
 *
 * The table of functions belongs to this file and is constant after
 * pci_init(), but for the BARs and MSI-X fields of those that drivers take.
 * Boot CPU.
 *
 * Does not number buses or place BARs: a bridge without a bus number and a BAR
 * without an address are named in the log and left alone.
 */
#include "kernel/lib/fmt.h"
#include "kernel/lib/log.h"
#include "kernel/lib/mem.h"
#include "kernel/pci/pci_impl.h"

static const struct pci_access *access; /* [I] after pci_init() */
static struct pci_function functions[PCI_FUNCTIONS_MAX];
static unsigned function_count;
static bool function_dropped; /* the table was full */

uint32_t pci_read32(const struct pci_function *f, uint16_t offset)
{
	return access->read32(f->segment, f->bus, f->device, f->function, offset);
}

uint16_t pci_read16(const struct pci_function *f, uint16_t offset)
{
	return (uint16_t)(pci_read32(f, offset & 0xfffcu) >> (offset & 2u) * 8);
}

uint8_t pci_read8(const struct pci_function *f, uint16_t offset)
{
	return (uint8_t)(pci_read32(f, offset & 0xfffcu) >> (offset & 3u) * 8);
}

void pci_write32(const struct pci_function *f, uint16_t offset, uint32_t value)
{
	access->write32(f->segment, f->bus, f->device, f->function, offset, value);
}

void pci_write16(const struct pci_function *f, uint16_t offset, uint16_t value)
{
	access->write16(f->segment, f->bus, f->device, f->function, offset, value);
}

static void write_command(const struct pci_function *f, uint32_t set, uint32_t clear)
{
	uint32_t command = pci_read16(f, PCI_COMMAND);
	pci_write16(f, PCI_COMMAND, (uint16_t)((command & ~clear) | set));
}

/* The bridge that leads to the function's bus; NULL on a root bus. */
static const struct pci_function *bridge_above(const struct pci_function *f)
{
	for (unsigned i = 0; i < function_count; i++) {
		const struct pci_function *bridge = &functions[i];
		/* Lower bus numbers only: the way up has an end. */
		if (bridge->header_type == PCI_HEADER_TYPE_BRIDGE && bridge->bus < f->bus &&
		    bridge->segment == f->segment && pci_read8(bridge, PCI_SECONDARY_BUS) == f->bus)
			return bridge;
	}
	return NULL;
}

void pci_enable(const struct pci_function *f, bool memory, bool bus_master)
{
	uint32_t set = (memory ? PCI_COMMAND_MEMORY : 0) | (bus_master ? PCI_COMMAND_MASTER : 0);
	write_command(f, set, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	while (set && (f = bridge_above(f)))
		write_command(f, set, 0);
}

void pci_disable_intx(const struct pci_function *f, bool disable)
{
	write_command(f, disable ? PCI_COMMAND_INTERRUPT_DISABLE : 0,
		      PCI_COMMAND_INTERRUPT_DISABLE);
}

const char *pci_name(const struct pci_function *f, char *buffer)
{
	if (f->segment)
		fmt_print(buffer, 16, "%04x:%02x:%02x.%x", f->segment, f->bus, f->device,
			  f->function);
	else
		fmt_print(buffer, 16, "%02x:%02x.%x", f->bus, f->device, f->function);
	return buffer;
}

struct pci_function *pci_function_at(unsigned index)
{
	return index < function_count ? &functions[index] : NULL;
}

/* Says what would otherwise be missed in silence. */
static void check_bridge(const struct pci_function *f, const struct pci_bus_range *range)
{
	char name[16];
	uint8_t secondary = pci_read8(f, PCI_SECONDARY_BUS);
	if (secondary <= f->bus || secondary > range->last_bus)
		log_warn("pci", "%s: bridge to bus %u: what is behind it is not found",
			 pci_name(f, name), secondary);
}

static void identify(struct pci_function *f)
{
	f->vendor_id = pci_read16(f, PCI_VENDOR_ID);
	f->device_id = pci_read16(f, PCI_DEVICE_ID);
	uint32_t class_revision = pci_read32(f, PCI_REVISION_ID);
	f->class_code = (uint8_t)(class_revision >> 24);
	f->subclass = (uint8_t)(class_revision >> 16);
	f->revision = (uint8_t)class_revision;
	f->header_type = pci_read8(f, PCI_HEADER_TYPE) & PCI_HEADER_TYPE_MASK;
	f->interrupt_line = pci_read8(f, PCI_INTERRUPT_LINE);
	f->interrupt_pin = pci_read8(f, PCI_INTERRUPT_PIN);
	if (f->header_type == PCI_HEADER_TYPE_NORMAL)
		f->subsystem_id = pci_read16(f, PCI_SUBSYSTEM_ID);
}

static void add_function(const struct pci_function *where, const struct pci_bus_range *range)
{
	char name[16];
	if (function_count == PCI_FUNCTIONS_MAX) {
		if (!function_dropped)
			log_warn("pci", "%s and all after it left out: %u functions is the limit",
				 pci_name(where, name), PCI_FUNCTIONS_MAX);
		function_dropped = true;
		return;
	}
	struct pci_function *f = &functions[function_count++];
	*f = *where;
	identify(f);
	log_debug("pci", "%s %04x:%04x class %02x%02x header %u", pci_name(f, name), f->vendor_id,
		  f->device_id, f->class_code, f->subclass, f->header_type);
	if (f->header_type == PCI_HEADER_TYPE_BRIDGE)
		check_bridge(f, range);
}

static bool is_present(const struct pci_function *f)
{
	uint16_t vendor = pci_read16(f, PCI_VENDOR_ID);
	return vendor != PCI_VENDOR_NONE && vendor;
}

static void scan_device(const struct pci_bus_range *range, uint8_t bus, uint8_t device)
{
	struct pci_function where = { .segment = range->segment, .bus = bus, .device = device };
	if (!is_present(&where))
		return;
	bool multifunction = pci_read8(&where, PCI_HEADER_TYPE) & PCI_HEADER_TYPE_MULTIFUNCTION;
	add_function(&where, range);
	for (uint8_t i = 1; multifunction && i < PCI_FUNCTIONS_PER_DEVICE; i++) {
		where.function = i;
		if (is_present(&where))
			add_function(&where, range);
	}
}

/* A bus that two ranges claim is the first one's. */
static bool is_claimed_earlier(unsigned range_index, uint8_t bus)
{
	const struct pci_bus_range *range = &access->ranges[range_index];
	for (unsigned i = 0; i < range_index; i++) {
		const struct pci_bus_range *other = &access->ranges[i];
		if (other->segment == range->segment && bus >= other->first_bus &&
		    bus <= other->last_bus)
			return true;
	}
	return false;
}

static void scan_range(unsigned range_index)
{
	const struct pci_bus_range *range = &access->ranges[range_index];
	for (unsigned bus = range->first_bus; bus <= range->last_bus; bus++) {
		if (is_claimed_earlier(range_index, (uint8_t)bus))
			continue;
		for (uint8_t device = 0; device < PCI_DEVICES_PER_BUS && !function_dropped;
		     device++)
			scan_device(range, (uint8_t)bus, device);
	}
}

unsigned pci_enumerate(const struct pci_access *given)
{
	access = given;
	memset(functions, 0, sizeof(functions));
	function_count = 0;
	function_dropped = false;
	for (unsigned i = 0; i < access->range_count; i++)
		scan_range(i);
	log_info("pci", "%u functions found by %s", function_count, access->name);
	return function_count;
}

unsigned pci_init(const struct pci_bus_range *ecam, unsigned count)
{
	const struct pci_access *by_memory = pci_ecam_access(ecam, count);
	if (by_memory && pci_enumerate(by_memory))
		return function_count;
	return pci_enumerate(&pci_port_access);
}
