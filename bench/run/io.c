/* SPDX-License-Identifier: MIT */
/*
 * The memory that an I/O lends to the device: segments over its buffer.
 *
 *   buffer    |<--------------- job->buffer_bytes --------------->|
 *   segments  | segment_bytes | segment_bytes | ... |    rest     |
 *   an I/O    |<------------ length_bytes ------>|
 *
 * No request of a job gets a length otherwise, so none reaches the block layer
 * with memory that is not its own. I/Os of one length keep it: the plain way
 * sets it once, at set-up.
 *
 * The job's CPU, loop context.
 */
#include "bench/core/core.h"
#include "kernel/lib/assert.h"

static uint32_t cut_buffer(struct engine_io *io, uint32_t length_bytes)
{
	const struct engine_job *job = io->job;
	/* All that the device will touch is the I/O's own. */
	assert_always(length_bytes && length_bytes <= job->buffer_bytes);
	uint32_t count = (uint32_t)((length_bytes + job->segment_bytes - 1) / job->segment_bytes);
	for (uint32_t i = 0; i + 1 < count; i++)
		io->segments[i].length_bytes = (uint32_t)job->segment_bytes;
	io->segments[count - 1].length_bytes =
		length_bytes - (count - 1) * (uint32_t)job->segment_bytes;
	return count;
}

void engine_io_set_length(struct engine_io *io, uint32_t length_bytes)
{
	struct blk_request *request = &io->request;
	bool has_data = request->op != BLK_DISCARD;
	io->length_bytes = length_bytes;
	request->segment_count = has_data ? (uint16_t)cut_buffer(io, length_bytes) : 0;
	request->sector_count = length_bytes / SECTOR_BYTES;
}
