/* SPDX-License-Identifier: MIT */
/*
 * A Galois shift register with XNOR feedback of the shortest length n >= 3 that
 * has more than `limit` states; values at or above the limit are skipped. On
 * average fewer than two steps per value, since 2^(n-1) <= limit.
 */
#include "bench/lib/lfsr.h"

/*
 * Taps (1-based positions below the length itself) of maximal registers, as in
 * Xilinx application note XAPP 052 except for 32; 0 ends a row. 2^53 blocks are
 * more than a device can have.
 */
static const uint8_t tap_table[][6] = {
	[3] = { 2 }, [4] = { 3 }, [5] = { 3 }, [6] = { 5 }, [7] = { 6 }, [8] = { 6, 5, 4 },
	[9] = { 5 }, [10] = { 7 }, [11] = { 9 }, [12] = { 6, 4, 1 }, [13] = { 4, 3, 1 },
	[14] = { 5, 3, 1 }, [15] = { 14 }, [16] = { 15, 13, 4 }, [17] = { 14 }, [18] = { 11 },
	[19] = { 6, 2, 1 }, [20] = { 17 }, [21] = { 19 }, [22] = { 21 }, [23] = { 18 },
	[24] = { 23, 22, 17 }, [25] = { 22 }, [26] = { 6, 2, 1 }, [27] = { 5, 2, 1 },
	[28] = { 25 }, [29] = { 27 }, [30] = { 6, 4, 1 }, [31] = { 28 }, [32] = { 31, 29, 1 },
	[33] = { 20 }, [34] = { 27, 2, 1 }, [35] = { 33 }, [36] = { 25 },
	[37] = { 5, 4, 3, 2, 1 }, [38] = { 6, 5, 1 }, [39] = { 35 }, [40] = { 38, 21, 19 },
	[41] = { 38 }, [42] = { 41, 20, 19 }, [43] = { 42, 38, 37 }, [44] = { 43, 18, 17 },
	[45] = { 44, 42, 41 }, [46] = { 45, 26, 25 }, [47] = { 42 }, [48] = { 47, 21, 20 },
	[49] = { 40 }, [50] = { 49, 24, 23 }, [51] = { 50, 36, 35 }, [52] = { 49 },
	[53] = { 52, 38, 37 },
};

static void lfsr_step(struct lfsr *lfsr)
{
	lfsr->value = ((lfsr->value >> 1) | lfsr->top_bit) ^ (lfsr->value & 1 ? 0 : lfsr->taps);
}

bool lfsr_init(struct lfsr *lfsr, uint64_t limit, uint64_t seed)
{
	unsigned length = 3;

	while (length < ARRAY_COUNT(tap_table) && limit >> length)
		length++;
	if (!limit || length == ARRAY_COUNT(tap_table))
		return false;
	lfsr->limit = limit;
	lfsr->top_bit = lfsr->taps = 1ull << (length - 1);
	for (unsigned i = 0; i < 6 && tap_table[length][i]; i++)
		lfsr->taps |= 1ull << (tap_table[length][i] - 1);
	lfsr_reset(lfsr, seed);
	lfsr->is_new = true;
	return lfsr->value != (lfsr->top_bit << 1) - 1;
}

void lfsr_reset(struct lfsr *lfsr, uint64_t seed)
{
	lfsr->value = seed & ((lfsr->top_bit << 1) - 1);
	lfsr->given = 0;
}

bool lfsr_next(struct lfsr *lfsr, uint64_t *value)
{
	if (lfsr->given == lfsr->limit)
		return false;
	lfsr->given++;
	if (lfsr->is_new)
		lfsr_step(lfsr); /* fio's first value of all, whatever was reset, is a step ahead */
	lfsr->is_new = false;
	do
		lfsr_step(lfsr);
	while (lfsr->value >= lfsr->limit);
	*value = lfsr->value;
	return true;
}
