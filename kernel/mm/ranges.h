/* SPDX-License-Identifier: MIT */
/*
 * Sets of physical addresses as sorted, disjoint, never adjacent ranges, and
 * how the firmware's map becomes one. No allocation; host-testable.
 */
#ifndef KERNEL_MM_RANGES_H
#define KERNEL_MM_RANGES_H

#include "boot/bootinfo.h"
#include "kernel/lib/util.h"

/* Adding or removing one range makes at most one more: twice the map fits. */
#define RANGES_MAX (2u * BOOTINFO_RANGES_MAX + 16u)

/* Addresses from here on are no memory for us: the direct map's size. */
#define RANGES_PHYS_LIMIT (1ull << 46)

struct range {
	uint64_t base;
	uint64_t end; /* exclusive, > base */
};

struct range_list {
	struct range items[RANGES_MAX];
	uint32_t count;
};

/* [base, end); an empty range changes nothing. 0 or -ERR_FULL (unchanged). */
int ranges_add(struct range_list *list, uint64_t base, uint64_t end);
int ranges_remove(struct range_list *list, uint64_t base, uint64_t end);

bool ranges_contain(const struct range_list *list, uint64_t base, uint64_t end);
bool ranges_overlap(const struct range_list *list, uint64_t base, uint64_t end);

/* Whole pages only: RANGES_INWARD leaves out partly covered ones. */
enum ranges_rounding { RANGES_INWARD, RANGES_OUTWARD };

/*
 * Adds (or removes) each range of the firmware's map whose type is in
 * `type_mask` (bit n: type n). A range that wraps around or ends above
 * RANGES_PHYS_LIMIT is cut off there. An unknown type counts as reserved.
 */
int ranges_add_types(struct range_list *list, const struct bootinfo *bootinfo,
		     uint32_t type_mask, enum ranges_rounding rounding);
int ranges_remove_types(struct range_list *list, const struct bootinfo *bootinfo,
			uint32_t type_mask, enum ranges_rounding rounding);

#endif
