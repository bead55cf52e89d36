/* SPDX-License-Identifier: MIT */
/*
 * verify_pattern=: the bytes that an I/O repeats. They are the job's, but for
 * the places of %o, where the offset of the I/O stands.
 *
 * Pure; any context.
 */
#include "bench/verify/verify_impl.h"

#include "kernel/lib/mem.h"

void verify_pattern_for(const struct job *job, uint64_t io_offset_bytes,
			uint8_t pattern[JOB_PATTERN_BYTES])
{
	uint32_t length = job->verify_pattern_bytes;
	memcpy(pattern, job->verify_pattern, length);
	for (uint32_t i = 0; i < length; i++)
		if (job->verify_pattern_has_offset[i])
			memcpy(pattern + i, &io_offset_bytes, sizeof(io_offset_bytes));
}
