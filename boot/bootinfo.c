/* SPDX-License-Identifier: MIT */
/* Prints the boot information to the log. Boot CPU, once. */
#include "boot/bootinfo.h"

#include "kernel/lib/log.h"

static const char *type_name(uint64_t type)
{
	switch (type) {
	case BOOTINFO_MEMORY_USABLE:
		return "usable";
	case BOOTINFO_MEMORY_ACPI:
		return "acpi";
	case BOOTINFO_MEMORY_KERNEL:
		return "kernel";
	default:
		return "reserved";
	}
}

static void log_notes(uint64_t notes)
{
	if (notes & BOOTINFO_NOTE_BAD_RANGE)
		log_warn("boot", "memory map: ranges that wrap around were ignored");
	if (notes & BOOTINFO_NOTE_MAP_FULL)
		log_warn("boot", "memory map: more than %u ranges, some were merged or given up",
			 BOOTINFO_RANGES_MAX);
	if (notes & BOOTINFO_NOTE_NO_MAP)
		log_warn("boot", "no memory map: 64 MiB assumed");
	if (notes & BOOTINFO_NOTE_TEXT_DROPPED)
		log_warn("boot", "a command line or job was too long or out of reach: ignored");
}

void bootinfo_log(const struct bootinfo *bootinfo)
{
	uint64_t usable_bytes = 0;

	for (uint64_t i = 0; i < bootinfo->range_count; i++) {
		const struct bootinfo_memory_range *range = &bootinfo->ranges[i];

		if (range->type == BOOTINFO_MEMORY_USABLE)
			usable_bytes += range->length_bytes;
		log_debug("boot", "memory %012lx-%012lx %s", range->base,
			  range->base + range->length_bytes - 1, type_name(range->type));
	}
	log_info("boot", "started by %s, kernel at %#lx (%lu KiB), %lu MiB usable in %lu ranges",
		 bootinfo->firmware == BOOTINFO_UEFI ? "UEFI" : "PVH", bootinfo->kernel_phys_base,
		 bootinfo->kernel_length_bytes >> 10, usable_bytes >> 20, bootinfo->range_count);
	log_notes(bootinfo->notes);
}
