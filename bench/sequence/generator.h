/* SPDX-License-Identifier: MIT */
/*
 * Which I/O comes next: direction, offset and length, in fio's order bit for
 * bit. One generator per job; loop context of the job's CPU; no allocation
 * after generator_init(). Knows no devices, and the clock only for seeds that
 * are to differ from run to run.
 */
#ifndef BENCH_SEQUENCE_GENERATOR_H
#define BENCH_SEQUENCE_GENERATOR_H

#include "bench/job/job.h"
#include "bench/lib/random.h"

/* Where a job works: one per file of the job, absolute device bytes. */
struct generator_region {
	uint64_t offset_bytes; /* start */
	uint64_t length_bytes; /* of the region */
	uint64_t device_bytes; /* whole device */
};

struct generator_io {
	uint64_t offset_bytes; /* absolute on the device */
	uint32_t length_bytes;
	uint8_t direction; /* enum job_direction */
	uint8_t file; /* index into the job's files */
};

struct generator; /* generator_impl.h */

/* Memory that generator_init() needs, without that of the random maps. */
uint64_t generator_memory_bytes(const struct job *job);

/*
 * Prepares a generator in `memory` (zeroed, generator_memory_bytes()), which
 * stays the caller's. regions: job->file_count of them; the size, offset and
 * increment options are applied to them already (generator_region_resolve()).
 */
struct generator *generator_init(void *memory, const struct job *job,
				 const struct generator_region *regions);

/*
 * What the random maps of the job need; 0: it keeps none. With them, which may
 * hold anything, it is to be rewound before its first I/O; without, it goes like
 * one with norandommap.
 */
uint64_t generator_map_bytes(const struct generator *g);
void generator_set_maps(struct generator *g, void *memory);

/*
 * The region of one file: offset, offset_increment * subjob, size, percent
 * rules, clamped to the device. 0, or -ERR_RANGE with a reason for the user
 * ("offset lies beyond the device", ...).
 */
int generator_region_resolve(const struct job *job, uint64_t device_bytes,
			     struct generator_region *out, const char **reason);

/* Which option takes I/Os off the blocks of the disk. */
struct generator_misaligned {
	uint32_t block_bytes; /* of the disk; a power of two */
	const char *key; /* the option */
	int64_t bytes; /* what it asks for */
};

/*
 * Whether some I/O of the job may begin or end within a block of the disk. Then
 * key and bytes of *found are filled; block_bytes is the caller's. The region is
 * resolved.
 */
bool generator_is_misaligned(const struct job *job, const struct generator_region *region,
			     struct generator_misaligned *found);

/*
 * Whether there are more blocks than tausworthe's numbers, so that not all are drawn.
 * Unless random_generator= asks for it, passes after the first draw from tausworthe64 then.
 */
bool generator_outgrows_32_bits(const struct generator *g);

/*
 * The next I/O of the current pass. 1 with *io filled; 0 when the region is
 * done: the caller starts another pass or ends the job. A pass ends nowhere
 * else: loops= and io_size= only set how many bytes are issued over all passes,
 * and a random job without a map has one endless pass. time_based jobs of one
 * file wrap in here, without a new pass.
 */
int generator_next(struct generator *g, struct generator_io *io);

/*
 * The file whose turn it is, which passes with that: fsync= takes one as an I/O
 * does. 0 when all are done.
 */
uint32_t generator_next_file(struct generator *g);

/*
 * Rated mixed jobs: the direction of the next I/O when it is a read's turn, and when
 * it is a write's. It holds until the next call.
 */
void generator_turn(struct generator *g, unsigned of_read, unsigned of_write);

/*
 * Another pass over the region, after generator_next() returned 0. `reseed`:
 * the streams start over, too (if the job's randrepeat lets them), which is
 * what fio does for every kind of job.
 */
void generator_restart(struct generator *g, bool reseed);

/* Back to before the first I/O, to go through the same ones again. */
void generator_rewind(struct generator *g);

/* 64-bit seed of the next written I/O (stream 3); consumes it. */
uint64_t generator_verify_seed(struct generator *g);

/* Its stream goes back as fio's does before what was written is read back. */
void generator_restart_verify_seeds(struct generator *g);

/* The same of the next buffer that is filled with random data (stream 9). */
uint64_t generator_buffer_seed(struct generator *g);

/* Running FNV-1a 64 over (offset, length, direction) of all I/Os so far. */
uint64_t generator_digest(const struct generator *g);

#endif
