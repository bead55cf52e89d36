/* SPDX-License-Identifier: MIT */
/*
 * The queue of a driver that is done with a request as soon as it is
 * published: requests come back in order of submission. Used by ram_blk and
 * null_blk.
 *
 *   taken .. published .. reaped: free-running positions in a ring
 */
#ifndef KERNEL_BLK_DRIVERS_IMMEDIATE_QUEUE_H
#define KERNEL_BLK_DRIVERS_IMMEDIATE_QUEUE_H

#include "kernel/blk/blk_driver.h"

#define IMMEDIATE_DEPTH 256u /* a power of two */

struct immediate_queue {
	uint32_t taken; /* [c] submitted up to here */
	uint32_t published; /* [c] done up to here */
	uint32_t reaped; /* [c] given back up to here */
	struct blk_request *requests[IMMEDIATE_DEPTH];
};

/* The operations of struct blk_driver, for queues whose driver_data is one. */
unsigned immediate_submit(struct blk_queue *queue, const struct blk_run *run,
			  struct blk_request *const *requests, unsigned count);
void immediate_publish(struct blk_queue *queue);
unsigned immediate_reap(struct blk_queue *queue, struct blk_request **out, unsigned max);
bool immediate_has_completions(const struct blk_queue *queue);
void immediate_dump(const struct blk_queue *queue);
const struct blk_request *immediate_request_in(const struct blk_queue *queue, uint32_t slot);

/* What such a driver can do: everything, by requests of at most that many sectors. */
struct blk_limits immediate_limits(uint64_t size_bytes, uint32_t request_sectors_max);

/*
 * Allocates a device's queues, one per CPU or as the settings say, fills in
 * what immediate drivers have in common, and registers it. 0 or -ERR_*.
 */
int immediate_register(struct blk_device *device, const char *name,
		       const struct blk_driver *driver, const struct settings *settings);

#endif
