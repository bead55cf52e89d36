/* SPDX-License-Identifier: MIT */
/*
 * The disk in memory, with the limits of one's choice: what a test needs
 * beyond ram_blk_create().
 */
#ifndef KERNEL_BLK_DRIVERS_RAM_BLK_H
#define KERNEL_BLK_DRIVERS_RAM_BLK_H

#include "kernel/blk/drivers/drivers.h"

/* The default limits for a disk of that size. */
struct blk_limits ram_blk_limits(uint64_t size_bytes);

/* As ram_blk_create(); requests beyond `limits` never reach the disk. */
int ram_blk_create_limited(const char *name, const struct blk_limits *limits,
			   const struct settings *settings);

#endif
