/* SPDX-License-Identifier: MIT */
/*
 * Memory for the kernel's own structures, for start-up only: whole pages, zeroed, and
 * never given back. Boot CPU; never the I/O path.
 */
#ifndef KERNEL_MM_HEAP_H
#define KERNEL_MM_HEAP_H

#include <stdint.h>

/* NULL when there is none. */
void *heap_allocate(uint64_t length_bytes);

/* What is free in all, not always in one piece. */
uint64_t heap_free_bytes(void);

#endif
