/* SPDX-License-Identifier: MIT */
/*
 * Looks an address up in the generated table by binary search. Pure; any
 * context, also while the kernel is dying.
 */
#include "kernel/cpu/symbols.h"

#include <stddef.h>

#define ADDRESS_HIGH 0xffffffffull

const char *symbol_find(uint64_t address, uint64_t *offset)
{
	uint32_t low = 0, high = symbol_count;

	if (address >> 32 != ADDRESS_HIGH)
		return NULL;
	/* Invariant: entries before low are at or before it, from high on after. */
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (symbol_table[middle].address_low <= (uint32_t)address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	*offset = (uint32_t)address - symbol_table[low - 1].address_low;
	return symbol_names + symbol_table[low - 1].name_offset;
}
