/* SPDX-License-Identifier: MIT */
/*
 * Cutting a request into parts that the device may have: arithmetic only.
 *
 *   segments  |----|------------|---|----|--------------------|
 *   parts     |--- borrowed ----|--- own ----|--- own ---| ...
 *
 * A part is as large as the limits allow and always whole blocks. It borrows
 * the request's segments when it starts at the beginning of one and takes
 * whole ones; else they are cut to measure into a few of its own. Whichever of
 * the two gets further is taken. A segment longer than the device's becomes
 * several of one part, not several parts.
 *
 * Owns nothing; any context. The segments must add up to the request;
 * blk_limits.c has checked that.
 */
#include "kernel/blk/parts.h"

uint32_t blk_parts_max_sectors(const struct blk_limits *limits, uint8_t op)
{
	switch (op) {
	case BLK_DISCARD:
		return limits->max_discard_sectors;
	case BLK_WRITE_ZEROES:
		return limits->max_write_zeroes_sectors;
	case BLK_SECURE_ERASE:
		return limits->max_secure_erase_sectors;
	default:
		return limits->max_sectors;
	}
}

void blk_parts_start(struct blk_parts_cursor *cursor, const struct blk_request *request)
{
	*cursor = (struct blk_parts_cursor){
		.request = request,
		.sector = request->sector,
		.sectors_left = request->sector_count,
	};
}

/* Whole segments of the request from the cursor on; the number of bytes. */
static uint32_t borrow_segments(const struct blk_limits *limits,
				const struct blk_parts_cursor *cursor, uint32_t most_bytes,
				uint16_t *count)
{
	const struct blk_request *request = cursor->request;
	uint32_t bytes = 0, whole_blocks = 0;

	*count = 0;
	if (cursor->segment_offset_bytes)
		return 0;
	for (uint32_t n = 0; n < limits->max_segments; n++) {
		uint32_t at = cursor->segment + n;

		if (at >= request->segment_count)
			break;
		uint32_t length = request->segments[at].length_bytes;
		if (length > limits->max_segment_bytes || length > most_bytes - bytes)
			break;
		bytes += length;
		if (bytes & (limits->block_bytes - 1))
			continue;
		whole_blocks = bytes;
		*count = (uint16_t)(n + 1);
	}
	return whole_blocks;
}

/* Drops bytes from the end of a list of segments. */
static uint16_t trim_segments(blk_segment *segments, uint16_t count, uint32_t excess_bytes)
{
	while (excess_bytes) {
		blk_segment *last = &segments[count - 1];

		if (last->length_bytes > excess_bytes) {
			last->length_bytes -= excess_bytes;
			break;
		}
		excess_bytes -= last->length_bytes;
		count--;
	}
	return count;
}

/* Segments cut to measure; the number of bytes. */
static uint32_t cut_segments(const struct blk_limits *limits, const struct blk_parts_cursor *cursor,
			     uint32_t most_bytes, blk_segment *own, uint16_t *count)
{
	uint32_t most_segments = MIN(limits->max_segments, BLK_PART_SEGMENTS);
	uint32_t at = cursor->segment, offset = cursor->segment_offset_bytes, bytes = 0;
	uint16_t n = 0;

	while (n < most_segments && bytes < most_bytes) {
		const blk_segment *segment = &cursor->request->segments[at];
		uint32_t take = MIN(segment->length_bytes - offset, limits->max_segment_bytes);

		take = MIN(take, most_bytes - bytes);
		own[n].address = phys_add(segment->address, offset);
		own[n].length_bytes = take;
		n++;
		bytes += take;
		offset += take;
		if (offset == segment->length_bytes) {
			at++;
			offset = 0;
		}
	}
	uint32_t excess = bytes & (limits->block_bytes - 1);
	*count = trim_segments(own, n, excess);
	return bytes - excess;
}

static void advance(struct blk_parts_cursor *cursor, uint32_t sectors)
{
	const struct blk_request *request = cursor->request;
	uint64_t bytes = (uint64_t)sectors * SECTOR_BYTES;

	cursor->sector += sectors;
	cursor->sectors_left -= sectors;
	if (request->op > BLK_WRITE)
		return;
	bytes += cursor->segment_offset_bytes;
	while (cursor->segment < request->segment_count &&
	       bytes >= request->segments[cursor->segment].length_bytes)
		bytes -= request->segments[cursor->segment++].length_bytes;
	cursor->segment_offset_bytes = (uint32_t)bytes;
}

/* Parts of a discard end where the device's own units do. */
static uint32_t aligned_count(const struct blk_limits *limits,
			      const struct blk_parts_cursor *cursor, uint32_t count)
{
	uint32_t alignment = limits->discard_align_sectors;

	if (cursor->request->op != BLK_DISCARD || alignment < 2 || count == cursor->sectors_left)
		return count;
	uint64_t beyond = (cursor->sector + count) % alignment;
	if (beyond >= count)
		return count;
	uint32_t aligned = (count - (uint32_t)beyond) & ~(limits->block_bytes / SECTOR_BYTES - 1);
	return aligned ? aligned : count;
}

bool blk_parts_cut(const struct blk_limits *limits, struct blk_parts_cursor *cursor,
		   struct blk_request *part, blk_segment own[BLK_PART_SEGMENTS])
{
	const struct blk_request *request = cursor->request;
	uint32_t most = MIN(cursor->sectors_left, blk_parts_max_sectors(limits, request->op));

	part->sector = cursor->sector;
	part->segments = NULL;
	part->segment_count = 0;
	if (request->op <= BLK_WRITE) {
		uint16_t borrowed_count, copied_count;
		uint32_t borrowed = borrow_segments(limits, cursor, most * SECTOR_BYTES,
						    &borrowed_count);
		uint32_t copied =
			cut_segments(limits, cursor, most * SECTOR_BYTES, own, &copied_count);
		bool borrow = borrowed >= copied;

		most = MAX(borrowed, copied) / SECTOR_BYTES;
		part->segments = borrow ? &request->segments[cursor->segment] : own;
		part->segment_count = borrow ? borrowed_count : copied_count;
	} else {
		most = aligned_count(limits, cursor, most);
	}
	part->sector_count = most;
	if (!most)
		return false;
	advance(cursor, most);
	return true;
}
