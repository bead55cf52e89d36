/* SPDX-License-Identifier: MIT */
/*
 * Four-level page tables as a data structure (SDM vol. 3A 4.5): entries are
 * written, no register is touched. Host-testable.
 */
#ifndef KERNEL_MM_PAGETABLE_H
#define KERNEL_MM_PAGETABLE_H

#include "kernel/lib/util.h"

/* Bits of an entry, named as in SDM vol. 3A tables 4-15 to 4-20. */
#define PTE_PRESENT (1ull << 0)
#define PTE_WRITE (1ull << 1)
#define PTE_PWT (1ull << 3)
#define PTE_PCD (1ull << 4)
#define PTE_PS (1ull << 7)
#define PTE_XD (1ull << 63)
#define PTE_ADDRESS 0x000ffffffffff000ull

#define PAGETABLE_2M (2ull << 20)
#define PAGETABLE_1G (1ull << 30)

struct pagetable {
	phys_addr root;
	uint64_t largest_page; /* PAGE_BYTES, PAGETABLE_2M or PAGETABLE_1G */
	uint64_t table_limit; /* tables lie below: what phys_to_virt() reaches */
};

/* Allocates an empty root. 0 or -ERR_NO_MEMORY. */
int pagetable_init(struct pagetable *table, uint64_t largest_page, uint64_t table_limit);

/*
 * Maps whole pages with the given bits (PTE_PRESENT is added), each with the
 * largest size that alignment and length permit. Asserts that nothing was
 * mapped there. -ERR_NO_MEMORY leaves a part mapped.
 */
int pagetable_map(struct pagetable *table, uint64_t virt, phys_addr phys, uint64_t length_bytes,
		  uint64_t bits);

/*
 * Gives back the tables that lead to one mapping in the lower half, and the
 * root. Asserts that they hold nothing else there.
 */
void pagetable_free(struct pagetable *table, uint64_t virt);

/* Makes the upper half of `table` that of `from`, sharing its tables. */
void pagetable_share_upper_half(struct pagetable *table, const struct pagetable *from);

#endif
