/* SPDX-License-Identifier: MIT */
/*
 * Data that proves itself: fills a buffer so that every verify_interval of it
 * says what it is and where it belongs, and checks such a buffer. Pure: knows
 * neither disks nor time nor what else was written; any context, once
 * checksum_init() has run.
 */
#ifndef BENCH_VERIFY_VERIFY_H
#define BENCH_VERIFY_VERIFY_H

#include "bench/job/job.h"
#include "bench/verify/verify_spec.h"

/* A buffer with what an I/O wrote, or with whole intervals of it. */
struct verify_io {
	uint64_t offset_bytes; /* of the buffer, absolute, on the disk */
	uint32_t length_bytes; /* of the buffer */
	uint32_t into_bytes; /* how far into the I/O the buffer begins */
	uint64_t seed; /* of the I/O: generator_verify_seed() */
	uint64_t number; /* of the write in its job */
	/* When checking: what of it must be there. */
	uint64_t seed_mask; /* the bits of seed that are known */
	bool check_number;
	bool is_own; /* this run wrote it: only with headers of the job's release */
};

enum verify_result {
	VERIFY_OK,
	VERIFY_BAD_MAGIC,
	VERIFY_BAD_VERSION,
	VERIFY_BAD_LENGTH,
	VERIFY_BAD_SEED,
	VERIFY_BAD_OFFSET,
	VERIFY_BAD_NUMBER,
	VERIFY_BAD_HEADER_CRC,
	VERIFY_BAD_CHECKSUM,
	VERIFY_BAD_PATTERN,
};

/* What is wrong, for the message. */
struct verify_failure {
	enum verify_result result;
	uint64_t offset_bytes; /* of the interval, on the disk */
	uint64_t wanted, found; /* the field; a pattern's first wrong byte */
	const char *looks_like; /* to a person: "never written", "stale: ...", "torn: ..." */
	const char *written_by; /* "fio 3.41 or later"; NULL: whom the job follows */
	uint16_t media_type; /* verify_type of the header; 0: no header */
	/* Of the payload, where it is known what it should be; else bad_bytes is 0. */
	uint32_t first_bad_byte, bad_bytes; /* from the interval's start */
	/* VERIFY_BAD_CHECKSUM: both, in memory order. */
	uint8_t checksum_wanted[VERIFY_CHECKSUM_BYTES_MAX];
	uint8_t checksum_found[VERIFY_CHECKSUM_BYTES_MAX];
};

/* Why the job's data cannot be written and checked here; NULL: it can. */
const char *verify_refusal(const struct job *job);

/* As in verify=; "pattern" for both types with one. */
const char *verify_type_name(uint32_t type);
uint32_t verify_checksum_bytes(uint32_t type);

/* Bytes that one header covers; the same in all I/Os of a job. */
uint32_t verify_interval_bytes(const struct job *job);

/* Fills the whole buffer of io->length_bytes, into_bytes being 0. now_ns: any clock. */
void verify_fill(const struct job *job, const struct verify_io *io, uint64_t now_ns,
		 uint8_t *buffer);

/* Only the payload that follows from a seed, without any header. Whole sectors. */
void verify_fill_random(uint64_t seed, uint8_t *buffer, uint32_t length_bytes);

/*
 * Checks the intervals from byte *at of the buffer on, in fio's order. The
 * first failure ends it: *failure is filled, and *at is the interval behind, to
 * go on from. VERIFY_OK: there was no (further) failure. The buffer is as
 * before afterwards, but must be writable meanwhile.
 */
enum verify_result verify_check(const struct job *job, const struct verify_io *io, uint8_t *buffer,
				uint32_t *at, struct verify_failure *failure);

/*
 * The other release that wrote the header of a good buffer: "fio 3.41 or later";
 * NULL: it has the headers of the job's release, or none.
 */
const char *verify_foreign_writer(const struct job *job, const uint8_t *buffer);

/*
 * Makes sure that no interval in the buffer passes any more: a read that
 * transfers nothing must not find what was there before.
 */
void verify_spoil(const struct job *job, uint8_t *buffer, uint32_t length_bytes);

/* printf-like; called with whole lines, since others may print meanwhile. */
typedef void verify_print(const char *format, ...);

/* Says what verify_check() found wrong with a buffer that was read from a file. */
void verify_print_failure(const struct job *job, const char *file, const struct verify_io *io,
			  const struct verify_failure *failure, verify_print *print);

#endif
