/* SPDX-License-Identifier: MIT */
/*
 * What a job wrote, and what of it still lies where: for each granule of the
 * disk the write that was there last. So a read-back knows exactly what it has
 * to find, however often and in whatever order blocks were written, and asks
 * for nothing that a later write of the job may have destroyed.
 *
 * A granule is a piece of the disk within which no write of the job begins or
 * ends. What can be read and checked by itself is a unit: one or more granules,
 * whole blocks of the disk and whole intervals (what one verify header covers).
 * Host-testable; memory comes from the caller. One user, no locks.
 */
#ifndef BENCH_VERIFY_WRITTEN_H
#define BENCH_VERIFY_WRITTEN_H

#include "bench/sequence/generator.h"

struct written;

/* What a job issues at most; UINT64_MAX: nobody knows. */
struct written_limits {
	uint64_t ios;
	uint64_t bytes; /* with which the last I/O begins at the latest */
};

struct written_shape {
	uint32_t granule_bytes;
	uint32_t unit_bytes; /* a multiple of it */
	/* Pieces remembered in the order of writing; more than these come sorted by offset. */
	uint32_t history_entries;
	bool history_sorted; /* the lowest of those remembered first, and each place once */
	/* A table in chunks of 1 << chunk_shift granules; pool_chunks 0: one for the region. */
	uint32_t chunk_shift, pool_chunks;
	uint32_t area_count; /* files */
	struct {
		uint64_t offset_bytes, length_bytes;
	} areas[JOB_FILES_MAX];
};

/*
 * The shape for a job that works in these regions (one per file) of disks with
 * blocks of at most block_bytes: no larger than its region, and than what it
 * can write, asks for. False: an I/O has too many granules.
 */
bool written_shape_for(const struct job *job, const struct generator_region *regions,
		       uint32_t block_bytes, struct written_limits most,
		       struct written_shape *shape);

/* UINT64_MAX: more than can be. */
uint64_t written_memory_bytes(const struct written_shape *shape);

/* memory: written_memory_bytes(), zeroed; stays the caller's. */
struct written *written_init(void *memory, const struct written_shape *shape);

/* A write, or a part of one. */
struct written_piece {
	uint64_t offset_bytes;
	uint32_t length_bytes;
	uint8_t file;
};

/*
 * A write. number: of the write in its job. Writes that touch each other are
 * noted in the order in which they are made: never two of them in flight.
 */
void written_note(struct written *w, const struct written_piece *io, uint64_t number,
		  uint64_t seed);

/* It failed: nobody knows what lies there now. */
void written_forget(struct written *w, const struct written_piece *io);

/* Whether anything was not handed out yet. */
bool written_is_pending(const struct written *w);

/* How many pieces are remembered and not yet handed out. */
uint32_t written_history(const struct written *w);

/*
 * The first piece of the history, the oldest or the lowest, as far as it was not
 * overwritten; false: none is left. It is handed out only once, here or by
 * written_next().
 */
bool written_next_remembered(struct written *w, struct written_piece *piece);

/*
 * Any piece not handed out yet: of the history first, then by file and offset;
 * false: all are. Nothing may be noted before all are.
 */
bool written_next(struct written *w, struct written_piece *piece);

/* What has to be found at the start of a piece that was handed out. */
struct written_fact {
	uint32_t into_bytes; /* how far into its I/O the piece begins */
	uint16_t number; /* modulo 65536 */
	uint64_t seed; /* its low bits */
};
#define WRITTEN_SEED_BITS 29
#define WRITTEN_SEED_MASK ((1ull << WRITTEN_SEED_BITS) - 1)

struct written_fact written_find(const struct written *w, const struct written_piece *piece);

#endif
