/* SPDX-License-Identifier: MIT */
/*
 * An I/O: the memory that it lends to the device, which is segments over its
 * buffer, and those that no generator draws.
 *
 *   buffer    |<--------------- job->buffer_bytes --------------->|
 *   segments  | segment_bytes | segment_bytes | ... |    rest     |
 *   an I/O    |<------------ length_bytes ------>|
 *
 * No request of a job gets a length otherwise, so none reaches the block layer
 * with memory that is not its own. I/Os of one length keep it: the fast way
 * sets it once, at set-up.
 *
 * The job's CPU, loop context.
 */
#include "bench/core/core.h"
#include "kernel/lib/assert.h"

static uint32_t cut_buffer(struct runner_io *io, uint32_t length_bytes)
{
	const struct runner_job *job = io->job;
	/* All that the device will touch is the I/O's own. */
	assert_always(length_bytes && length_bytes <= job->buffer_bytes);
	uint32_t count = (uint32_t)((length_bytes + job->segment_bytes - 1) / job->segment_bytes);
	for (uint32_t i = 0; i + 1 < count; i++)
		io->segments[i].length_bytes = (uint32_t)job->segment_bytes;
	io->segments[count - 1].length_bytes =
		length_bytes - (count - 1) * (uint32_t)job->segment_bytes;
	return count;
}

void runner_io_set_length(struct runner_io *io, uint32_t length_bytes)
{
	struct blk_request *request = &io->request;
	bool has_data = request->op != BLK_DISCARD;
	io->length_bytes = length_bytes;
	request->segment_count = has_data ? (uint16_t)cut_buffer(io, length_bytes) : 0;
	request->sector_count = length_bytes / SECTOR_BYTES;
}

void runner_io_prepare_flush(struct runner_job *job, uint32_t file, enum runner_flush flush)
{
	struct runner_io *io = runner_io_take(job);
	struct blk_request *request = &io->request;
	io->direction = DIR_COUNT;
	io->checked_read = false;
	io->flush = (uint8_t)flush;
	io->file = (uint8_t)file;
	io->offset_bytes = 0;
	io->length_bytes = 0;
	request->op = BLK_FLUSH;
	request->flags = 0;
	request->segment_count = 0;
	request->sector = 0;
	request->sector_count = 0;
	request->submit_tsc = clock_tsc();
	runner_io_prepare(job, io);
	job->last_direction = DIR_COUNT;
}

void runner_io_prepare_read(struct runner_job *job, uint8_t file, uint64_t offset_bytes,
			    uint32_t length_bytes)
{
	struct runner_io *io = runner_io_take(job);
	struct blk_request *request = &io->request;
	io->stats = &job->stats->direction[DIR_READ];
	io->stats->total_ios++;
	io->direction = DIR_READ;
	io->file = file;
	io->offset_bytes = offset_bytes;
	io->checked_read = true;
	request->op = BLK_READ;
	request->flags = 0;
	request->sector = offset_bytes / SECTOR_BYTES;
	runner_io_set_length(io, length_bytes);
	request->submit_tsc = clock_tsc();
	job->last_direction = DIR_READ;
	runner_io_prepare(job, io);
}
