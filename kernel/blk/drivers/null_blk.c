/* SPDX-License-Identifier: MIT */
/*
 * null_blk: a disk that says "done" and does nothing. Running the benchmark
 * on it shows what the benchmark and the block layer themselves cost.
 *
 * Buffers are not touched: a read leaves what was in memory. It accepts
 * every operation except identification and anything about wear.
 */
#include "kernel/blk/drivers/drivers.h"
#include "kernel/blk/drivers/immediate_queue.h"
#include "kernel/lib/err.h"
#include "kernel/mm/heap.h"

/* As large as requests can be, so that nothing is ever cut. */
#define SECTORS_MAX 0x100000u

/* Stored at submission: by the time of the reaping they are out of the cache. */
static unsigned null_blk_submit(struct blk_queue *queue, const struct blk_run *run,
				struct blk_request *const *requests, unsigned count)
{
	unsigned taken = immediate_submit(queue, run, requests, count);

	for (unsigned i = 0; i < taken; i++)
		requests[i]->status = BLK_OK;
	return taken;
}

static const struct blk_driver null_blk_driver = {
	.name = "null_blk",
	.submit = null_blk_submit,
	.publish = immediate_publish,
	.reap = immediate_reap,
	.has_completions = immediate_has_completions,
	.dump = immediate_dump,
	.request_in = immediate_request_in,
};

int null_blk_create(const char *name, uint64_t size_bytes, const struct settings *settings)
{
	struct blk_device *device = heap_allocate(sizeof(*device));

	if (!device)
		return -ERR_NO_MEMORY;
	device->limits = immediate_limits(size_bytes, SECTORS_MAX);
	return immediate_register(device, name, &null_blk_driver, settings);
}
