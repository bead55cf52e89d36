/* SPDX-License-Identifier: MIT */
/*
 * Our own page tables: kernel text RX, rodata R, data RW, everything else NX;
 * all RAM at DIRECT_MAP_BASE; MMIO uncached at a window of its own; guard
 * pages below stacks; no 1:1 map except the AP start page. Boot CPU.
 */
#ifndef KERNEL_MM_PAGING_H
#define KERNEL_MM_PAGING_H

#include "boot/bootinfo.h"
#include "kernel/lib/util.h"

int paging_init(const struct bootinfo *bootinfo);

/* Loads the kernel's tables and NX/WP on this CPU (called by each AP). */
void paging_load(void);

#ifdef RINGBOLT_HOST
/* The test supplies memory. */
void *phys_to_virt(phys_addr address);
phys_addr virt_to_phys(const void *pointer);
#else
/* RAM only: the direct map. */
static inline void *phys_to_virt(phys_addr address)
{
	return (void *)(uintptr_t)(DIRECT_MAP_BASE + address.value);
}

/* Only for addresses inside the direct map. */
static inline phys_addr virt_to_phys(const void *pointer)
{
	return phys_make((uint64_t)(uintptr_t)pointer - DIRECT_MAP_BASE);
}
#endif

/*
 * Maps device registers uncached, any physical address (BARs above 512 GiB
 * too), any length. NULL when out of tables, or the range wraps, exceeds what
 * the CPU can address, or touches RAM.
 */
volatile void *paging_map_mmio(phys_addr address, uint64_t length_bytes);

/* Maps memory read-only and cached if it is not RAM in the direct map (ACPI). */
const void *paging_map_firmware(phys_addr address, uint64_t length_bytes);

/*
 * A stack of `bytes` with an unmapped guard page below; returns its top, NULL
 * when there is no memory.
 */
uint8_t *paging_allocate_stack(uint64_t bytes);

/*
 * Tables of their own for AP start code: the kernel and, 1:1, one page, read
 * only and executable. *root (below 4 GiB) is for CR3 until paging_load(); the
 * kernel's own tables never hold the page. One at a time; unmap when no CPU
 * uses the root any more.
 */
int paging_identity_map(phys_addr page, phys_addr *root);
void paging_identity_unmap(phys_addr page);

#endif
