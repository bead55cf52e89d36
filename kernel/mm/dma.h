/* SPDX-License-Identifier: MIT */
/*
 * Memory that a device reads or writes: contiguous, zeroed, page aligned.
 * Never given back.
 */
#ifndef KERNEL_MM_DMA_H
#define KERNEL_MM_DMA_H

#include "kernel/lib/util.h"

struct dma_buffer {
	void *virt;
	phys_addr phys;
	uint64_t length_bytes; /* as asked for */
};

/* 0 or -ERR_NO_MEMORY. Not on the I/O path. */
int dma_allocate(uint64_t length_bytes, struct dma_buffer *out);
/* The same, but it holds anything. */
int dma_take(uint64_t length_bytes, struct dma_buffer *out);

#endif
