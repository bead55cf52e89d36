/* Between verify.c (fill, check) and classify.c (what does it look like?). */
#ifndef BENCH_VERIFY_VERIFY_IMPL_H
#define BENCH_VERIFY_VERIFY_IMPL_H

#include "bench/lib/checksum.h"
#include "bench/verify/verify.h"

/* The longest of header and checksum. */
#define VERIFY_HEADER_BYTES_MAX (sizeof(struct verify_header) + VERIFY_CHECKSUM_BYTES_MAX)

/* One interval under check; its header is where it belongs. */
struct verify_block {
	const struct job *job;
	const struct verify_io *io;
	const uint8_t *data;
	uint32_t at; /* from the buffer's start */
	uint32_t length_bytes;
	uint32_t payload_at; /* behind header and checksum */
	struct verify_header header; /* a copy; zeroes when the type has none */
};

static inline uint32_t verify_header_crc(const struct verify_header *header)
{
	return checksum_crc32c(CHECKSUM_CRC32C_START, header,
			       offsetof(struct verify_header, crc32));
}

/* The job's pattern as an I/O at this offset repeats it: %o filled in. */
void verify_pattern_for(const struct job *job, uint64_t io_offset_bytes,
			uint8_t pattern[JOB_PATTERN_BYTES]);

/* Header: something about it is wrong, but it may be whole. */
const char *verify_classify_header(const struct verify_block *block, enum verify_result result);

/* Payload: not what its checksum, or the pattern, demands. Fills the bad bytes in. */
const char *verify_classify_payload(const struct verify_block *block,
				    struct verify_failure *failure);

#endif
