/* SPDX-License-Identifier: MIT */
/*
 * The header that fio lays over the start of every verify_interval of what it
 * writes (little endian), so that either system can check what the other wrote.
 * Releases from 3.41 on write another than those before.
 */
#ifndef BENCH_VERIFY_VERIFY_SPEC_H
#define BENCH_VERIFY_VERIFY_SPEC_H

#include "kernel/lib/util.h"

#define VERIFY_MAGIC 0xaccau
#define VERIFY_VERSION 0x81u /* the high bit: no type of a header without version has it */
#define VERIFY_CHECKSUM_BYTES_MAX 128u /* SHA-512, in fio's way */
#define VERIFY_XXH32_SEED 1u

struct verify_header_unversioned {
	uint16_t magic;
	uint16_t verify_type; /* enum job_verify */
	uint32_t len; /* covered bytes, this header included */
	uint64_t rand_seed; /* of the whole I/O; 0 with a pattern */
	uint64_t offset; /* absolute, of this header */
	uint32_t time_sec, time_nsec; /* any clock */
	uint16_t thread; /* 1-based */
	uint16_t numberio; /* of the write in its thread, modulo 65536 */
	uint32_t crc32; /* CRC-32C of all bytes before */
	/* The checksum of the payload follows; then the payload. */
};
_Static_assert(sizeof(struct verify_header_unversioned) == 40, "fio's on-disk header");
_Static_assert(offsetof(struct verify_header_unversioned, rand_seed) == 8, "no padding");
_Static_assert(offsetof(struct verify_header_unversioned, thread) == 32, "no padding");
_Static_assert(offsetof(struct verify_header_unversioned, crc32) == 36, "covered part");

struct verify_header_versioned {
	uint16_t magic;
	uint8_t version; /* VERIFY_VERSION */
	uint8_t verify_type;
	uint32_t len;
	uint64_t rand_seed;
	uint64_t offset;
	uint32_t time_sec, time_nsec;
	uint64_t numberio;
	uint16_t thread;
	uint16_t padding; /* what the payload has there; crc32 covers it */
	uint32_t crc32;
};
_Static_assert(sizeof(struct verify_header_versioned) == 48, "fio's on-disk header");
_Static_assert(offsetof(struct verify_header_versioned, numberio) == 32, "no padding");
_Static_assert(offsetof(struct verify_header_versioned, padding) == 42, "explicit padding");
_Static_assert(offsetof(struct verify_header_versioned, crc32) == 44, "covered part");

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
