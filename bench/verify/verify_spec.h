/*
 * The header that fio 3.33 lays over the start of every verify_interval of
 * what it writes (little endian), so that either system can check what the
 * other wrote.
 */
#ifndef BENCH_VERIFY_VERIFY_SPEC_H
#define BENCH_VERIFY_VERIFY_SPEC_H

#include "kernel/lib/util.h"

#define VERIFY_MAGIC 0xaccau
#define VERIFY_CHECKSUM_BYTES_MAX 20u /* SHA-1 */
#define VERIFY_XXH32_SEED 1u

struct verify_header {
	uint16_t magic;
	uint16_t verify_type; /* enum job_verify */
	uint32_t len; /* covered bytes, this header included */
	uint64_t rand_seed; /* of the whole I/O; 0 with a pattern */
	uint64_t offset; /* absolute, of this header */
	uint32_t time_sec, time_nsec; /* any clock */
	uint16_t thread; /* 1-based */
	uint16_t numberio; /* of the write in its thread, modulo 65536 */
	uint32_t crc32; /* CRC-32C of the 36 bytes before */
	/* The checksum of the payload follows; then the payload. */
};
_Static_assert(sizeof(struct verify_header) == 40, "fio's on-disk header");
_Static_assert(offsetof(struct verify_header, rand_seed) == 8, "no padding");
_Static_assert(offsetof(struct verify_header, thread) == 32, "no padding");
_Static_assert(offsetof(struct verify_header, crc32) == 36, "covered part");

/*
 * The payload of an I/O: 64-bit words in four lanes, which take turns. Lane p
 * begins with the seed times VERIFY_LANE_FACTORS[p]; every word is
 * VERIFY_PAYLOAD_FACTOR times the one before it in its lane.
 */
#define VERIFY_PAYLOAD_FACTOR 0x61C8864680B583EBull
#define VERIFY_LANES 4u
#define VERIFY_LANE_FACTORS { 1, 2, 3, 5 }
#define VERIFY_STEP_BYTES (VERIFY_LANES * 8)

#endif
