/* SPDX-License-Identifier: MIT */
/*
 * Physical pages from the firmware's map. Host-testable: works on a map of
 * ranges and a bitmap given to it. Not for the I/O path. Boot CPU.
 */
#ifndef KERNEL_MM_PAGE_H
#define KERNEL_MM_PAGE_H

#include "boot/bootinfo.h"
#include "kernel/lib/util.h"

/* Takes over all usable memory except the first MiB. 0 or -ERR_NO_MEMORY. */
int page_init(const struct bootinfo *bootinfo);

/*
 * `count` contiguous pages, aligned to `alignment_pages` (a power of two).
 * Contents are undefined. Value 0 when there are none.
 */
phys_addr page_allocate(uint64_t count, uint64_t alignment_pages);

/* Asserts that each page was allocated. */
void page_free(phys_addr base, uint64_t count);

/*
 * Overlays: what is allocated between begin and next, and next and end, may be the
 * same pages each time. Whoever has them sees to it that no two overlays are in use at once.
 * What was allocated before is not touched; after the end the pages of every overlay are
 * taken. -ERR_NO_MEMORY: nothing has begun.
 */
int page_overlay_begin(void);
void page_overlay_next(void);
void page_overlay_end(void);

uint64_t page_free_count(void);
uint64_t page_total_count(void);

/* A page below 1 MiB for the AP start code, page aligned; value 0 if none. */
phys_addr page_low(void);

#endif
