/* SPDX-License-Identifier: MIT */
/*
 * Builds the memory map of a struct bootinfo from what a firmware says, range
 * by range in any order. The ranges stay sorted and never overlap; where two
 * claims meet, the stricter type wins: KERNEL over RESERVED over ACPI over
 * USABLE. Pure; used by the PVH entry, the EFI loader and the tests.
 */
#ifndef BOOT_MEMORY_MAP_H
#define BOOT_MEMORY_MAP_H

#include "boot/bootinfo.h"

/*
 * Adds one range. An empty one is ignored; one that wraps is ignored and
 * noted. With no room left ranges are merged or given up such that never more
 * memory is called usable than without the limit; that is noted too.
 *
 * All that the firmware says comes first, our own KERNEL ranges last.
 */
void memory_map_add(struct bootinfo *bootinfo, uint64_t base, uint64_t length_bytes,
		    enum bootinfo_memory_type type);

#endif
