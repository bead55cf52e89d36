/* SPDX-License-Identifier: MIT */
/*
 * engine=floor: a bare loop of random reads over one ring, nothing above it.
 * What it reaches is the device's own ceiling on this machine; the difference
 * to a job of the same depth and block size is what the stack costs.
 */
#ifndef KERNEL_BLK_BLK_FLOOR_H
#define KERNEL_BLK_BLK_FLOOR_H

#include "kernel/blk/blk.h"
#include "kernel/lib/err.h"

struct blk_floor_run {
	/* Wanted. */
	uint32_t depth; /* reads in flight, clamped to the ring */
	uint32_t batch; /* reads behind one doorbell; 1: as many as are free */
	uint32_t block_bytes; /* of each read */
	uint64_t region_bytes; /* from the disk's start */
	uint64_t ios; /* reads to make; UINT64_MAX: until the time is over */
	uint64_t runtime_tsc; /* 0: until the reads are done */
	uint64_t timeout_tsc; /* without any completion; 0: none */
	/* Found. */
	uint64_t completed, failed, elapsed_tsc;
};

/*
 * Runs on the calling CPU, which must own the disk's first queue; loop
 * context, nothing else in flight there. Waits as the queue's completion mode
 * says (adaptive: spins). 0; -ERR_UNSUPPORTED for a disk of another driver;
 * -ERR_NO_MEMORY; -ERR_DEVICE; -ERR_TIMEOUT.
 */
static inline int blk_floor(struct blk_device *device, struct blk_floor_run *run)
{
	return device->floor ? device->floor(device, run) : -ERR_UNSUPPORTED;
}

#endif
