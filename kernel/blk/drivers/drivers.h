/* SPDX-License-Identifier: MIT */
/*
 * The drivers below the block layer: kernel/main.c asks each to
 * register the disks that it finds. All others know disks only (kernel/blk/blk.h).
 *
 * Boot CPU, before anything is submitted.
 */
#ifndef KERNEL_BLK_DRIVERS_DRIVERS_H
#define KERNEL_BLK_DRIVERS_DRIVERS_H

#include "kernel/blk/blk.h"

/* Every virtio-blk function on PCI (virtio 1.2, 5.2). Returns how many disks it registered. */
unsigned virtio_blk_probe(const struct settings *settings);

/*
 * A disk in memory, completing in the order of submission. `size_bytes` is
 * rounded up to 4096. For the case that no device is found, and for tests.
 * 0 or -ERR_NO_MEMORY.
 */
int ram_blk_create(const char *name, uint64_t size_bytes, const struct settings *settings);

/*
 * Completes everything at once without touching data: the cost of what is above.
 * 0 or -ERR_NO_MEMORY.
 */
int null_blk_create(const char *name, uint64_t size_bytes, const struct settings *settings);

#endif
