/*
 * The queue of a driver that is done with a request as soon as it is
 * published: requests come back in order of submission. Used by ram_blk and
 * null_blk.
 *
 *   taken .. published .. reaped: free-running positions in a ring
 */
#ifndef KERNEL_BLK_INSTANT_H
#define KERNEL_BLK_INSTANT_H

#include "kernel/blk/blk_driver.h"

#define INSTANT_DEPTH 256u /* a power of two */

struct instant_queue {
	uint32_t taken; /* [c] submitted up to here */
	uint32_t published; /* [c] done up to here */
	uint32_t reaped; /* [c] given back up to here */
	struct blk_request *requests[INSTANT_DEPTH];
};

/* The operations of struct blk_driver, for queues whose driver_data is one. */
unsigned instant_submit(struct blk_queue *queue, const struct blk_run *run,
			struct blk_request *const *requests, unsigned count);
void instant_publish(struct blk_queue *queue);
unsigned instant_reap(struct blk_queue *queue, struct blk_request **out, unsigned max);
bool instant_has_completions(const struct blk_queue *queue);
void instant_dump(const struct blk_queue *queue);
const struct blk_request *instant_request_in(const struct blk_queue *queue, uint32_t slot);

/*
 * Allocates a device's queues, one per CPU or as the settings say, fills in
 * what instant drivers have in common, and registers it. 0 or -ERR_*.
 */
int instant_register(struct blk_device *device, const char *name,
		     const struct blk_driver *driver, const struct settings *settings);

#endif
