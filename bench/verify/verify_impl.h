/* SPDX-License-Identifier: MIT */
/*
 * What verify.c (fill and check a buffer), header.c (fio's two headers), pattern.c
 * (verify_pattern=) and classify.c (what damaged data looks like) know of each other.
 * Only they and their tests include it; callers need verify.h.
 */
#ifndef BENCH_VERIFY_VERIFY_IMPL_H
#define BENCH_VERIFY_VERIFY_IMPL_H

#include "bench/lib/checksum.h"
#include "bench/verify/verify.h"

/* The longest of header and checksum. */
#define VERIFY_HEADER_BYTES_MAX \
	(sizeof(struct verify_header_versioned) + VERIFY_CHECKSUM_BYTES_MAX)

enum verify_layout { VERIFY_UNVERSIONED, VERIFY_VERSIONED };

/* What a header of either layout says. */
struct verify_header {
	uint16_t magic, verify_type, thread;
	uint8_t version; /* 0: the layout has none */
	uint32_t len;
	uint64_t rand_seed, offset, numberio;
	uint32_t crc32, crc32_wanted; /* as read, and of what was read */
};

/* One interval under check; its header is where it belongs. */
struct verify_block {
	const struct job *job;
	const struct verify_io *io;
	const uint8_t *data;
	uint32_t at; /* from the buffer's start */
	uint32_t length_bytes;
	uint32_t sum_at, payload_at; /* behind the header, and behind the checksum, too */
	enum verify_layout layout;
	struct verify_header header; /* zeroes when the type has none */
};

/* --- header.c --- */

uint32_t verify_header_bytes(enum verify_layout layout);
/* Which one begins here; `expected` if it cannot be told. */
enum verify_layout verify_layout_of(const uint8_t *bytes, enum verify_layout expected);
void verify_header_read(const uint8_t *bytes, enum verify_layout layout,
			struct verify_header *header);
/* Over the payload; header's magic, version and checksums do not count. */
void verify_header_write(uint8_t *bytes, enum verify_layout layout,
			 const struct verify_header *header, uint64_t now_ns);
/* Is it whole but for its first two bytes? */
bool verify_header_lacks_only_magic(const uint8_t *bytes, enum verify_layout layout);
/* "fio 3.41 or later" */
const char *verify_layout_writer(enum verify_layout layout);

/* --- pattern.c --- */

/* The job's pattern as an I/O at this offset repeats it: %o filled in. */
void verify_pattern_for(const struct job *job, uint64_t io_offset_bytes,
			uint8_t pattern[JOB_PATTERN_BYTES]);

/* --- classify.c --- */

/* Header: something about it is wrong, but it may be whole. */
const char *verify_classify_header(const struct verify_block *block, enum verify_result result);

/* Payload: not what its checksum, or the pattern, demands. Fills the bad bytes in. */
const char *verify_classify_payload(const struct verify_block *block,
				    struct verify_failure *failure);

#endif
