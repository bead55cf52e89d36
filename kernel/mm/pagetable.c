/* SPDX-License-Identifier: MIT */
/*
 * Walks and fills four-level page tables.
 *
 *   virt 47..39 -> PML4 -> 38..30 -> PDPT -> 29..21 -> PD -> 20..12 -> PT
 *                                    1 GiB page       2 MiB page     4 KiB page
 *
 * Tables come from page_allocate() and are reached by phys_to_virt(). Inner
 * entries permit everything; the leaf decides. Context: boot CPU. The caller
 * owns the structure and loads the root. Deliberately no unmapping: the kernel
 * keeps what it maps.
 */
#include "kernel/mm/pagetable.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/err.h"
#include "kernel/lib/mem.h"
#include "kernel/mm/page.h"
#include "kernel/mm/paging.h"

#define ENTRIES 512u
#define TOP_LEVEL 3u /* PML4; 0 is the PT */

static uint64_t level_size(unsigned level)
{
	return (uint64_t)PAGE_BYTES << (9 * level);
}

static uint64_t *entry_of(uint64_t table_phys, uint64_t virt, unsigned level)
{
	uint64_t *entries = phys_to_virt(phys_make(table_phys));

	return &entries[virt / level_size(level) % ENTRIES];
}

/* A zeroed table; 0 when there is none below the limit. */
static uint64_t new_table(const struct pagetable *table)
{
	phys_addr page = page_allocate(1, 1);

	if (!page.value)
		return 0;
	if (page.value >= table->table_limit) {
		page_free(page, 1);
		return 0;
	}
	memset(phys_to_virt(page), 0, PAGE_BYTES);
	return page.value;
}

int pagetable_init(struct pagetable *table, uint64_t largest_page, uint64_t table_limit)
{
	table->largest_page = largest_page;
	table->table_limit = table_limit;
	table->root.value = new_table(table);
	return table->root.value ? 0 : -ERR_NO_MEMORY;
}

/* Writes one leaf at `level`, making the tables above it. */
static int set_leaf(struct pagetable *table, uint64_t virt, unsigned level, uint64_t leaf)
{
	uint64_t current = table->root.value;
	uint64_t *entry;

	for (unsigned l = TOP_LEVEL; l > level; l--) {
		entry = entry_of(current, virt, l);
		if (!*entry) {
			uint64_t next = new_table(table);

			if (!next)
				return -ERR_NO_MEMORY;
			*entry = next | PTE_PRESENT | PTE_WRITE;
		}
		assert_always(!(*entry & PTE_PS));
		current = *entry & PTE_ADDRESS;
	}
	entry = entry_of(current, virt, level);
	assert_always(!*entry);
	*entry = leaf;
	return 0;
}

/* The level of the largest page that fits at the start of the range. */
static unsigned best_level(const struct pagetable *table, uint64_t virt, uint64_t phys,
			   uint64_t length_bytes)
{
	unsigned level = TOP_LEVEL;

	while (--level > 0) {
		uint64_t size = level_size(level);

		if (size <= table->largest_page && size <= length_bytes &&
		    (virt | phys) % size == 0)
			break;
	}
	return level;
}

int pagetable_map(struct pagetable *table, uint64_t virt, phys_addr phys, uint64_t length_bytes,
		  uint64_t bits)
{
	assert_always((virt | phys.value | length_bytes) % PAGE_BYTES == 0);
	while (length_bytes) {
		unsigned level = best_level(table, virt, phys.value, length_bytes);
		uint64_t leaf = phys.value | bits | PTE_PRESENT | (level ? PTE_PS : 0);
		int result = set_leaf(table, virt, level, leaf);

		if (result)
			return result;
		virt += level_size(level);
		phys = phys_add(phys, level_size(level));
		length_bytes -= level_size(level);
	}
	return 0;
}

void pagetable_share_upper_half(struct pagetable *table, const struct pagetable *from)
{
	uint64_t *to_entries = phys_to_virt(table->root);
	const uint64_t *from_entries = phys_to_virt(from->root);

	for (unsigned i = ENTRIES / 2; i < ENTRIES; i++)
		to_entries[i] = from_entries[i];
}

void pagetable_free(struct pagetable *table, uint64_t virt)
{
	uint64_t current = table->root.value;

	for (unsigned level = TOP_LEVEL;; level--) {
		const uint64_t *entries = phys_to_virt(phys_make(current));
		unsigned own_entries = level == TOP_LEVEL ? ENTRIES / 2 : ENTRIES;
		uint64_t entry = *entry_of(current, virt, level);

		for (unsigned i = 0; i < own_entries; i++)
			assert_always(!entries[i] || &entries[i] == entry_of(current, virt, level));
		page_free(phys_make(current), 1);
		if (level == 0 || !entry || entry & PTE_PS)
			break;
		current = entry & PTE_ADDRESS;
	}
	table->root.value = 0;
}
