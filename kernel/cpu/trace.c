/* SPDX-License-Identifier: MIT */
/*
 * A stack trace for code compiled without frame pointers or unwind tables:
 * each word of the stack that points into the text, right behind a CALL
 * instruction, is taken for a return address. Stale words may add callers that
 * had returned already; no true one is missed. In exchange the hot path spends
 * no instruction on frames.
 *
 * Pure: memory is handed in, so the host tests it. Any context.
 */
#include "kernel/cpu/trace.h"

#define CALL_REL32 0xe8
#define GROUP5 0xff /* CALL r/m64 is FF /2 */

/* Length of FF /2 with this ModRM and SIB (SDM vol. 2A 2.1.5); 0: not a call. */
static size_t indirect_call_bytes(uint8_t modrm, uint8_t sib)
{
	unsigned mod = modrm >> 6, rm = modrm & 7;
	size_t bytes = 2;

	if ((modrm >> 3 & 7) != 2)
		return 0;
	if (mod == 3)
		return bytes;
	if (rm == 4)
		bytes++;
	if (mod == 1)
		bytes += 1;
	else if (mod == 2 || rm == 5 || (rm == 4 && (sib & 7) == 5))
		bytes += 4;
	return bytes;
}

bool trace_follows_call(const uint8_t *start, const uint8_t *end)
{
	size_t before = (size_t)(end - start);

	if (before >= 5 && end[-5] == CALL_REL32)
		return true;
	for (size_t bytes = 2; bytes <= 7 && bytes <= before; bytes++) {
		const uint8_t *code = end - bytes;

		if (code[0] != GROUP5)
			continue;
		if (indirect_call_bytes(code[1], bytes > 2 ? code[2] : 0) == bytes)
			return true;
	}
	return false;
}

unsigned trace_scan(const uint64_t *from, const uint64_t *to, const uint8_t *text_start,
		    const uint8_t *text_end, uint64_t *out, unsigned max)
{
	unsigned count = 0;

	for (; from < to && count < max; from++) {
		const uint8_t *address = (const uint8_t *)(uintptr_t)*from;

		if (address <= text_start || address > text_end ||
		    !trace_follows_call(text_start, address))
			continue;
		if (!count || out[count - 1] != *from)
			out[count++] = *from;
	}
	return count;
}
