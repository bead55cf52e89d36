/* SPDX-License-Identifier: MIT */
/*
 * Cutting what has no data (discards, write zeroes, secure erases) by whatever limits a
 * device gave, from anywhere in a request: nothing is divided by zero; a part is cut where
 * any is allowed, and has a sector at least; where the request's rest or the limit is below
 * APART sectors, it has no more than both. (Above, a difference of two unknowns would have
 * to be followed.)
 */
#include "tests/proof/alone.h"

#include "kernel/blk/parts_cut.c"

#define APART 10u

/* One by one, then all the others. */
static uint32_t any_count(uint32_t least)
{
	for (uint32_t count = least; count < APART; count++)
		if (any_bool())
			return count;
	return any_between(APART, UINT32_MAX);
}

static uint8_t any_operation(void)
{
	if (any_bool())
		return BLK_DISCARD;
	return any_bool() ? BLK_WRITE_ZEROES : BLK_SECURE_ERASE;
}

int main(void)
{
	uint32_t left = any_count(1), most = any_count(0);
	const struct blk_limits limits = {
		.block_bytes = 512u << any_between(0, 7),
		.max_discard_sectors = most,
		.max_write_zeroes_sectors = most,
		.max_secure_erase_sectors = most,
		.discard_align_sectors = any_between(0, UINT32_MAX),
	};
	const struct blk_request request = { .op = any_operation() };
	struct blk_parts_cursor cursor = {
		.request = &request,
		.sector = any64(),
		.sectors_left = left,
	};
	struct blk_request part;
	blk_segment own[BLK_PART_SEGMENTS];
	bool was_cut = blk_parts_cut(&limits, &cursor, &part, own);
	uint32_t count = part.sector_count;
	//@ assert cut_when_allowed: most == 0 || was_cut == 1;
	//@ assert has_a_sector: was_cut == 0 || count > 0;
	//@ assert no_more_than_left: left >= APART && most >= APART || count <= left;
	//@ assert no_more_than_allowed: left >= APART && most >= APART || count <= most;
	return 0;
}
