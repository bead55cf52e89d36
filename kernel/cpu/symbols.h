/* SPDX-License-Identifier: MIT */
/*
 * Names of the kernel's functions, for stack traces. The table is generated
 * from a first link and added by the second (symbols.awk, Makefile).
 */
#ifndef KERNEL_CPU_SYMBOLS_H
#define KERNEL_CPU_SYMBOLS_H

#include <stdint.h>

/* Sorted by address. The upper 32 bits of every text address are ones. */
struct symbol {
	uint32_t address_low;
	uint32_t name_offset; /* in symbol_names */
};

extern const uint32_t symbol_count;
extern const struct symbol symbol_table[];
extern const char symbol_names[];

/*
 * Name of the function at or before the address, and the distance to it; NULL
 * when the address lies before the first one or not in the kernel's range.
 */
const char *symbol_find(uint64_t address, uint64_t *offset);

#endif
