/* SPDX-License-Identifier: MIT */
/*
 * The deadline scheduler of one queue: keeps what the driver has no room for
 * in the order of sectors, merges neighbours, and bounds how long any request
 * can wait. sched.c tells how.
 *
 * Context as in blk_impl.h.
 */
#ifndef KERNEL_BLK_SCHED_H
#define KERNEL_BLK_SCHED_H

#include "kernel/blk/blk.h"

/* Requests held at most; more are back-pressure. */
#define BLK_SCHED_CAPACITY 256u
/* Merged groups held or out at most, and data segments of each. */
#define BLK_SCHED_GROUPS 64u
#define BLK_SCHED_GROUP_SEGMENTS 64u
/*
 * From when on a request goes before the sector order. A fast disk turns a
 * full ring over in 1 to 10 ms; waiting longer is what the order costs.
 */
#define BLK_SCHED_READ_EXPIRY_NS (5 * NS_PER_MS)
#define BLK_SCHED_WRITE_EXPIRY_NS (50 * NS_PER_MS)
/* Dispatched in sector order before the FIFOs are looked at again. */
#define BLK_SCHED_BATCH 16u
/* Batches of reads that writes may have to let pass. */
#define BLK_SCHED_WRITES_STARVED 2u
/*
 * The bound: once expired, a request is dispatched after at most this many
 * others. Ahead of it in its FIFO are fewer than the capacity, each of which
 * starts a batch of its own at worst, each such batch of writes lets
 * WRITES_STARVED batches of reads pass, and each of all these lets one flush
 * pass. A flush (or what else has no place on the disk) waits for those of its
 * kind that are older, and for as many others.
 */
#define BLK_SCHED_BOUND (2 * BLK_SCHED_CAPACITY * BLK_SCHED_BATCH * (BLK_SCHED_WRITES_STARVED + 1))

/* NULL: no memory. */
struct blk_sched *blk_sched_create(const struct blk_limits *limits);

/*
 * Takes a request, merging it with a neighbour where the limits allow;
 * `*merged` tells. False: full.
 */
bool blk_sched_insert(struct blk_sched *sched, struct blk_request *request, uint64_t now_tsc,
		      bool *merged);

/* The request, or merged group, to give to the driver next; NULL: none. */
struct blk_request *blk_sched_peek(struct blk_sched *sched, uint64_t now_tsc);

/*
 * The driver took what blk_sched_peek() returned. Returns how many of the
 * inserted requests left with it.
 */
unsigned blk_sched_pop(struct blk_sched *sched);

/* Requests inserted and not popped. */
uint32_t blk_sched_held(const struct blk_sched *sched);

bool blk_sched_is_group(const struct blk_sched *sched, const struct blk_request *request);

/*
 * A group is over: gives it back and returns its requests as a list (next),
 * each with the group's status and stamps.
 */
struct blk_request *blk_sched_ungroup(struct blk_sched *sched, struct blk_request *group);

/* submit_tsc of the oldest request held; UINT64_MAX when there is none. */
uint64_t blk_sched_oldest_tsc(const struct blk_sched *sched);

#endif
