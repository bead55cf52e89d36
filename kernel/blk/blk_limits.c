/* SPDX-License-Identifier: MIT */
/*
 * What a device can do: its limits, made whole at registration, and whether a
 * request is one that it can do at all. Requests that it can do in parts only are
 * handled in parts.c.
 */
#include "kernel/blk/blk_impl.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/err.h"

/* Bytes must fit 64 bits; the bits above are never set in a sector. */
#define SECTOR_BITS 55
#define SECTOR_HIGH_BITS (~0ull << SECTOR_BITS)

static uint32_t block_sectors(const struct blk_limits *limits)
{
	return limits->block_bytes / SECTOR_BYTES;
}

uint64_t blk_limits_align_mask(const struct blk_limits *limits)
{
	return SECTOR_HIGH_BITS | (block_sectors(limits) - 1);
}

int blk_limits_settle(struct blk_limits *limits)
{
	if (!is_power_of_two(limits->block_bytes) || limits->block_bytes < SECTOR_BYTES ||
	    limits->block_bytes > 65536 || limits->capacity_sectors >> SECTOR_BITS)
		return -ERR_INVALID;
	uint32_t sectors = block_sectors(limits);

	limits->max_segment_bytes &= ~(limits->block_bytes - 1);
	limits->max_sectors &= ~(sectors - 1);
	limits->max_discard_sectors &= ~(sectors - 1);
	limits->max_write_zeroes_sectors &= ~(sectors - 1);
	limits->max_secure_erase_sectors &= ~(sectors - 1);
	limits->discard &= limits->max_discard_sectors != 0;
	limits->write_zeroes &= limits->max_write_zeroes_sectors != 0;
	limits->secure_erase &= limits->max_secure_erase_sectors != 0;
	/* A segment's length is 32 bits, so a request's bytes stay below that too. */
	limits->max_sectors = MIN(limits->max_sectors,
				  (UINT32_MAX / SECTOR_BYTES) & ~(sectors - 1));
	if (!limits->max_segments || limits->max_segments > BLK_SEGMENTS_MAX ||
	    !limits->max_segment_bytes || !limits->max_sectors)
		return -ERR_INVALID;
	return 0;
}

static enum blk_status check_range(const struct blk_queue *queue,
				   const struct blk_request *request)
{
	uint64_t capacity = load_once(&queue->device->limits.capacity_sectors);

	if (!request->sector_count ||
	    ((request->sector | request->sector_count) & queue->align_mask) ||
	    request->sector + request->sector_count > capacity)
		return BLK_OUT_OF_RANGE;
	return BLK_OK;
}

/* The segments are the submitter's promise: a wrong sum is a bug of ours. */
static void check_segments(const struct blk_request *request)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < request->segment_count; i++) {
		assert_always(request->segments[i].length_bytes);
		bytes += request->segments[i].length_bytes;
	}
	assert_always(bytes == (uint64_t)request->sector_count * SECTOR_BYTES);
}

/* Without flushes nothing but the lack of a cache makes a write durable. */
static bool can_be_durable(const struct blk_limits *limits)
{
	return limits->flush || !limits->write_cache;
}

static enum blk_status check_supported(const struct blk_limits *limits,
				       const struct blk_request *request)
{
	bool supported;

	switch ((enum blk_op)request->op) {
	case BLK_READ:
		supported = true;
		break;
	case BLK_WRITE:
		supported = !(request->flags & BLK_FUA) || can_be_durable(limits);
		break;
	case BLK_FLUSH:
		supported = can_be_durable(limits);
		break;
	case BLK_DISCARD:
		supported = limits->discard;
		break;
	case BLK_WRITE_ZEROES:
		supported = limits->write_zeroes &&
			    (!(request->flags & BLK_FUA) || can_be_durable(limits));
		break;
	case BLK_SECURE_ERASE:
		supported = limits->secure_erase;
		break;
	case BLK_GET_ID:
		supported = limits->get_id && request->segment_count == 1;
		break;
	case BLK_GET_LIFETIME:
		supported = limits->lifetime && request->segment_count == 1;
		break;
	case BLK_OP_COUNT:
	default:
		supported = false;
	}
	return supported ? BLK_OK : BLK_UNSUPPORTED;
}

enum blk_status blk_check(const struct blk_queue *queue, const struct blk_request *request)
{
	const struct blk_limits *limits = &queue->device->limits;

	if (queue->broken)
		return BLK_BROKEN;
	enum blk_status status = check_supported(limits, request);
	if (status != BLK_OK || request->op == BLK_FLUSH || request->op == BLK_GET_ID ||
	    request->op == BLK_GET_LIFETIME)
		return status;
	if (request->op != BLK_READ && limits->read_only)
		return BLK_READ_ONLY;
	status = check_range(queue, request);
	if (status == BLK_OK && request->op <= BLK_WRITE)
		check_segments(request);
	return status;
}

bool blk_shape_is_plain(struct blk_queue *queue, uint64_t shape)
{
	const struct blk_limits *limits = &queue->device->limits;
	struct blk_run run = { .shape = shape };
	uint64_t sectors = shape >> 32;

	if (!blk_run_is_plain(&run, BLK_READ) &&
	    (limits->read_only || !blk_run_is_plain(&run, BLK_WRITE)))
		return false;
	if (!sectors || sectors > queue->fast_sectors || (sectors & queue->align_mask))
		return false;
	queue->shape_known_plain = shape | queue->shape_ignores;
	return true;
}
