/* SPDX-License-Identifier: MIT */
/*
 * The note of what was written: on a disk in memory, with many writes in
 * flight that complete in any order, a read-back never finds a fault where
 * there is none, and finds every one that there is. All of it with a table of
 * the whole disk, and with such in chunks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "bench/lib/checksum.h"
#include "bench/verify/verify.h"
#include "bench/verify/written.h"

#define DISK_BYTES (64u << 10)
#define BLOCK 4096u
#define FLYING_MAX 16u

static uint8_t disk[DISK_BYTES];
static uint8_t buffer[DISK_BYTES];
static const struct written_limits ENDLESS = { .ios = UINT64_MAX, .bytes = UINT64_MAX };

/* What a_note() makes: one table, or chunks of so many granules. */
static unsigned chunk_shift;
static bool in_chunks;

static struct job a_job(uint64_t min_bs, uint64_t max_bs, uint64_t align, uint32_t interval)
{
	return (struct job){ .rw = JOB_RW_WRITE | JOB_RW_RANDOM,
			     .min_bs = { min_bs, min_bs, min_bs },
			     .max_bs = { max_bs, max_bs, max_bs },
			     .blockalign = { align, align, align },
			     .file_count = 1,
			     .norandommap = true,
			     .verify = JOB_VERIFY_CRC32C,
			     .verify_interval = interval,
			     .thread_number = 1 };
}

static struct written *a_note(const struct job *job, uint32_t block_bytes, uint32_t history)
{
	struct generator_region regions[2] = {
		{ .length_bytes = DISK_BYTES, .device_bytes = DISK_BYTES },
		{ .length_bytes = DISK_BYTES, .device_bytes = DISK_BYTES },
	};
	struct written_shape shape;
	assert_true(written_shape_for(job, regions, block_bytes, ENDLESS, &shape));
	assert_int_equal(shape.pool_chunks, 0);
	if (in_chunks) {
		shape.chunk_shift = chunk_shift;
		shape.pool_chunks = (2 * DISK_BYTES / shape.granule_bytes >> chunk_shift) + 2;
	}
	if (history)
		shape.history_entries = history;
	return written_init(test_calloc(1, written_memory_bytes(&shape)), &shape);
}

static struct written_piece piece(uint64_t offset_bytes, uint32_t length_bytes)
{
	return (struct written_piece){ .offset_bytes = offset_bytes,
				       .length_bytes = length_bytes };
}

static void put(struct written *w, uint64_t offset_bytes, uint32_t length_bytes, uint64_t number)
{
	struct written_piece io = piece(offset_bytes, length_bytes);
	written_note(w, &io, number, number * 0x10001);
}

static void assert_next(struct written *w, uint64_t offset_bytes, uint32_t length_bytes,
			uint16_t number, uint32_t into_bytes)
{
	struct written_piece found;
	assert_true(written_next(w, &found));
	struct written_fact fact = written_find(w, &found);
	assert_int_equal(found.offset_bytes, offset_bytes);
	assert_int_equal(found.length_bytes, length_bytes);
	assert_int_equal(fact.number, number);
	assert_int_equal(fact.into_bytes, into_bytes);
}

static void assert_none(struct written *w)
{
	struct written_piece found;
	assert_false(written_next(w, &found));
	assert_false(written_is_pending(w));
}

static void nothing_written_means_nothing_read(void **state)
{
	struct job job = a_job(BLOCK, BLOCK, BLOCK, 0);
	struct written *w = a_note(&job, 512, 0);
	(void)state;
	assert_none(w);
	test_free(w);
}

static void without_history_pieces_come_sorted(void **state)
{
	struct job job = a_job(BLOCK, 4 * BLOCK, BLOCK, BLOCK);
	struct written *w = a_note(&job, 512, 0);
	(void)state;
	put(w, 8 * BLOCK, 2 * BLOCK, 0);
	put(w, 0, BLOCK, 1);
	put(w, BLOCK, BLOCK, 2);
	assert_next(w, 0, BLOCK, 1, 0);
	assert_next(w, BLOCK, BLOCK, 2, 0);
	assert_next(w, 8 * BLOCK, 2 * BLOCK, 0, 0);
	assert_none(w);
	test_free(w);
}

static void history_gives_the_order_of_writing(void **state)
{
	struct job job = a_job(BLOCK, 4 * BLOCK, BLOCK, BLOCK);
	struct written *w = a_note(&job, 512, 4);
	(void)state;
	for (unsigned round = 0; round < 3; round++) { /* round the ring */
		put(w, 8 * BLOCK, 2 * BLOCK, 10);
		put(w, 0, BLOCK, 11);
		put(w, 4 * BLOCK, BLOCK, 12);
		assert_int_equal(written_history(w), 3);
		assert_next(w, 8 * BLOCK, 2 * BLOCK, 10, 0);
		assert_next(w, 0, BLOCK, 11, 0);
		assert_next(w, 4 * BLOCK, BLOCK, 12, 0);
		assert_none(w);
	}
	test_free(w);
}

static void more_than_the_history_holds_is_still_read(void **state)
{
	struct job job = a_job(BLOCK, 4 * BLOCK, BLOCK, BLOCK);
	struct written *w = a_note(&job, 512, 2);
	(void)state;
	put(w, 9 * BLOCK, BLOCK, 0);
	put(w, 5 * BLOCK, BLOCK, 1);
	put(w, 2 * BLOCK, BLOCK, 2);
	put(w, 7 * BLOCK, BLOCK, 3);
	assert_next(w, 2 * BLOCK, BLOCK, 2, 0);
	assert_next(w, 5 * BLOCK, BLOCK, 1, 0);
	assert_next(w, 7 * BLOCK, BLOCK, 3, 0);
	assert_next(w, 9 * BLOCK, BLOCK, 0, 0);
	assert_none(w);
	put(w, 9 * BLOCK, BLOCK, 3); /* and the next pass has its order again */
	put(w, 2 * BLOCK, BLOCK, 4);
	assert_next(w, 9 * BLOCK, BLOCK, 3, 0);
	assert_next(w, 2 * BLOCK, BLOCK, 4, 0);
	assert_none(w);
	test_free(w);
}

static void rests_of_overwritten_writes_are_read_in_place(void **state)
{
	struct job job = a_job(BLOCK, 4 * BLOCK, BLOCK, BLOCK);
	struct written *w = a_note(&job, 512, 8);
	(void)state;
	put(w, 4 * BLOCK, 4 * BLOCK, 0);
	put(w, 5 * BLOCK, BLOCK, 1);
	assert_next(w, 4 * BLOCK, BLOCK, 0, 0);
	assert_next(w, 5 * BLOCK, BLOCK, 1, 0);
	assert_next(w, 6 * BLOCK, 2 * BLOCK, 0, 2 * BLOCK);
	assert_none(w);
	test_free(w);
}

static void units_that_were_overwritten_in_part_are_dropped(void **state)
{
	/* Blocks of 8 KiB at any 4 KiB, one header each. */
	struct job job = a_job(2 * BLOCK, 2 * BLOCK, BLOCK, 0);
	struct written *w = a_note(&job, 512, 0);
	(void)state;
	put(w, 0, 2 * BLOCK, 0);
	put(w, BLOCK, 2 * BLOCK, 1);
	put(w, 4 * BLOCK, 2 * BLOCK, 2);
	put(w, 3 * BLOCK, 2 * BLOCK, 3);
	assert_next(w, BLOCK, 2 * BLOCK, 1, 0);
	assert_next(w, 3 * BLOCK, 2 * BLOCK, 3, 0);
	assert_none(w);
	test_free(w);
}

static void pieces_are_whole_blocks_of_the_disk(void **state)
{
	/* Headers every 512 bytes; the disk reads 4 KiB. */
	struct job job = a_job(2 * BLOCK, 2 * BLOCK, BLOCK, 512);
	struct written *w = a_note(&job, BLOCK, 0);
	(void)state;
	put(w, 0, 2 * BLOCK, 0);
	put(w, BLOCK, 2 * BLOCK, 1);
	assert_next(w, 0, BLOCK, 0, 0);
	assert_next(w, BLOCK, 2 * BLOCK, 1, 0);
	assert_none(w);
	test_free(w);
}

static void the_oldest_are_handed_out_once(void **state)
{
	struct job job = a_job(BLOCK, BLOCK, BLOCK, 0);
	struct written *w = a_note(&job, 512, 4);
	struct written_piece found;
	(void)state;
	put(w, 0, BLOCK, 0);
	put(w, BLOCK, BLOCK, 1);
	put(w, 0, BLOCK, 2); /* again */
	assert_true(written_next_remembered(w, &found));
	assert_int_equal(found.offset_bytes, 0);
	assert_int_equal(written_find(w, &found).number, 2);
	assert_int_equal(written_history(w), 2);
	assert_next(w, BLOCK, BLOCK, 1, 0);
	assert_none(w);
	test_free(w);
}

/* As fio's, which keeps one piece per block and none of its order. */
static void a_backlog_without_a_map_comes_sorted_and_once(void **state)
{
	static const struct {
		unsigned rw;
		bool norandommap, lfsr, is_sorted;
	} kinds[] = { { JOB_RW_RANDOM, false, false, false }, { JOB_RW_RANDOM, true, false, true },
		      { JOB_RW_RANDOM, false, true, true }, { 0, false, false, true } };
	(void)state;
	for (unsigned kind = 0; kind < ARRAY_COUNT(kinds); kind++) {
		struct job job = a_job(BLOCK, BLOCK, BLOCK, 0);
		struct written_piece found;
		job.rw = JOB_RW_WRITE | kinds[kind].rw;
		job.norandommap = kinds[kind].norandommap;
		job.random_generator = kinds[kind].lfsr ? JOB_LFSR : job.random_generator;
		job.verify_backlog = 16;
		struct written *w = a_note(&job, 512, 0);
		for (unsigned round = 0; round < 3; round++) {
			for (unsigned i = 0; i < 16; i++) /* each block, in disorder */
				put(w, i * 7 % 16 * BLOCK, BLOCK, i);
			assert_int_equal(written_history(w), 16);
			for (unsigned i = 0; i < 16; i++) {
				assert_true(written_next_remembered(w, &found));
				unsigned block = kinds[kind].is_sorted ? i : i * 7 % 16;
				assert_int_equal(found.offset_bytes, block * BLOCK);
			}
			assert_false(written_next_remembered(w, &found));
		}
		test_free(w);
	}
}

static void an_overwritten_piece_of_a_sorted_backlog_counts_once(void **state)
{
	struct job job = a_job(BLOCK, BLOCK, BLOCK, 0);
	struct written_piece found;
	(void)state;
	job.verify_backlog = 3;
	struct written *w = a_note(&job, 512, 0);
	for (unsigned i = 0; i < 8; i++)
		put(w, (9 - i % 2) * BLOCK, BLOCK, i);
	assert_int_equal(written_history(w), 2);
	assert_true(written_next_remembered(w, &found));
	assert_int_equal(found.offset_bytes, 8 * BLOCK);
	assert_int_equal(written_find(w, &found).number, 7);
	put(w, 8 * BLOCK, BLOCK, 8); /* anew, after it was read */
	put(w, BLOCK, BLOCK, 9);
	assert_int_equal(written_history(w), 3);
	assert_next(w, BLOCK, BLOCK, 9, 0);
	assert_next(w, 8 * BLOCK, BLOCK, 8, 0);
	assert_next(w, 9 * BLOCK, BLOCK, 6, 0);
	assert_none(w);
	test_free(w);
}

static void failed_writes_are_not_asked_for(void **state)
{
	struct job job = a_job(BLOCK, BLOCK, BLOCK, 0);
	struct written *w = a_note(&job, 512, 0);
	struct written_piece io = piece(0, BLOCK);
	(void)state;
	put(w, 0, BLOCK, 0);
	written_note(w, &io, 1, 1);
	written_forget(w, &io);
	assert_none(w);
	put(w, 0, BLOCK, 2);
	assert_next(w, 0, BLOCK, 2, 0);
	assert_none(w);
	test_free(w);
}

/* None should come; if one does, nothing it touches is asked for. */
static void writes_beside_the_granules_only_take_away(void **state)
{
	struct job job = a_job(BLOCK, BLOCK, BLOCK, 0);
	struct written *w = a_note(&job, 512, 0);
	(void)state;
	put(w, 0, BLOCK, 0);
	put(w, BLOCK, BLOCK, 1);
	put(w, 2 * BLOCK, BLOCK, 2);
	put(w, DISK_BYTES - BLOCK, BLOCK, 3);
	put(w, 4 * BLOCK, BLOCK, 3);
	put(w, BLOCK + 512, BLOCK - 512, 4);
	put(w, 2 * BLOCK, 512, 4);
	put(w, 3 * BLOCK + 512, BLOCK, 4);
	put(w, DISK_BYTES - BLOCK, 2 * BLOCK, 5); /* beyond the end */
	put(w, DISK_BYTES, BLOCK, 6);
	assert_next(w, 0, BLOCK, 0, 0);
	assert_none(w);
	put(w, BLOCK, BLOCK, 7);
	assert_next(w, BLOCK, BLOCK, 7, 0);
	assert_none(w);
	test_free(w);
}

/* A pattern has no seed, and numberio comes round after 65536 writes. */
static void neighbours_that_look_alike_are_told_apart(void **state)
{
	struct job job = a_job(BLOCK, 4 * BLOCK, BLOCK, BLOCK);
	struct written *w = a_note(&job, 512, 0);
	struct written_piece io = piece(0, 2 * BLOCK);
	(void)state;
	for (uint64_t number = 1; number < 5; number++, io.offset_bytes += 2 * BLOCK) {
		written_note(w, &io, number & 2 ? number : 7, number & 1 ? 0 : number);
	}
	io.offset_bytes = 8 * BLOCK;
	for (unsigned i = 0; i < 2; i++, io.offset_bytes += 2 * BLOCK) {
		written_note(w, &io, 7 + i * 65536, 0);
	}
	static const uint16_t numbers[] = { 7, 2, 3, 7, 7, 7 };
	for (unsigned i = 0; i < ARRAY_COUNT(numbers); i++)
		assert_next(w, i * 2 * BLOCK, 2 * BLOCK, numbers[i], 0);
	assert_none(w);
	/* The rest of one begins just where the other one ends. */
	for (unsigned i = 0; i < 2; i++) {
		struct written_piece longer = piece(0, 4 * BLOCK), shorter = piece(0, 2 * BLOCK);
		written_note(w, &longer, i ? 9 : 8, 0);
		written_note(w, &shorter, i ? 9 : 7, i);
		assert_next(w, 0, 2 * BLOCK, i ? 9 : 7, 0);
		assert_next(w, 2 * BLOCK, 2 * BLOCK, i ? 9 : 8, 2 * BLOCK);
		assert_none(w);
	}
	test_free(w);
}

static void the_last_block_may_end_outside_the_region(void **state)
{
	struct job job = a_job(4 * BLOCK, 4 * BLOCK, BLOCK, 0);
	struct generator_region region = { .length_bytes = 2 * BLOCK,
					   .device_bytes = DISK_BYTES };
	struct written_shape shape;
	(void)state;
	assert_true(written_shape_for(&job, &region, 512, ENDLESS, &shape));
	struct written *w = written_init(test_calloc(1, written_memory_bytes(&shape)), &shape);
	put(w, BLOCK, 4 * BLOCK, 0);
	assert_next(w, BLOCK, 4 * BLOCK, 0, 0);
	assert_none(w);
	test_free(w);
}

static void granules_fit_wherever_a_write_may_begin(void **state)
{
	struct job job = a_job(16384, 16384, 16384, 0);
	struct generator_region region = { .length_bytes = 10 * 16384 + 6144,
					   .device_bytes = DISK_BYTES * 16 };
	struct written_shape shape;
	(void)state;
	assert_true(written_shape_for(&job, &region, 512, ENDLESS, &shape));
	assert_int_equal(shape.granule_bytes, 16384);
	assert_int_equal(shape.unit_bytes, 16384);

	job.rw = JOB_RW_WRITE;
	job.rw_step = 24576;
	assert_true(written_shape_for(&job, &region, 512, ENDLESS, &shape));
	assert_int_equal(shape.granule_bytes, 8192);
	job.rw_step = -24576; /* from the region's end backwards */
	assert_true(written_shape_for(&job, &region, 512, ENDLESS, &shape));
	assert_int_equal(shape.granule_bytes, 2048);

	job.rw_step = 0;
	job.zonemode_strided = true;
	job.zonerange = 3 * 4096;
	job.zoneskip = 16384;
	assert_true(written_shape_for(&job, &region, 512, ENDLESS, &shape));
	assert_int_equal(shape.granule_bytes, 4096);
	job.zoneskip += 1024;
	assert_true(written_shape_for(&job, &region, 512, ENDLESS, &shape));
	assert_int_equal(shape.granule_bytes, 1024);

	job = a_job(12288, 12288, 12288, 3072);
	assert_true(written_shape_for(&job, &region, 4096, ENDLESS, &shape));
	assert_int_equal(shape.unit_bytes, 12288);
	assert_int_equal(shape.granule_bytes, 12288);
}

static void files_are_told_apart(void **state)
{
	struct job job = a_job(BLOCK, BLOCK, BLOCK, 0);
	struct written_piece first = piece(0, BLOCK), second = piece(0, BLOCK), found;
	(void)state;
	job.file_count = 2;
	second.file = 1;
	struct written *w = a_note(&job, 512, 0);
	written_note(w, &second, 0, 1);
	written_note(w, &first, 1, 1);
	for (unsigned file = 0; file < 2; file++) {
		assert_true(written_next(w, &found));
		assert_int_equal(found.file, file);
		assert_int_equal(written_find(w, &found).number, 1 - file);
	}
	assert_none(w);
	test_free(w);
}

/* Memory of a note for writes of up to max_bs somewhere in a region of that size. */
static uint64_t memory_for(uint64_t region_bytes, uint64_t max_bs, bool norandommap,
			   struct written_limits most)
{
	struct job job = a_job(BLOCK, max_bs, BLOCK, BLOCK);
	struct generator_region region = { .length_bytes = region_bytes,
					   .device_bytes = region_bytes };
	struct written_shape shape;
	job.norandommap = norandommap;
	assert_true(written_shape_for(&job, &region, 512, most, &shape));
	return written_memory_bytes(&shape);
}

static void memory_grows_with_what_is_written(void **state)
{
	struct written_limits few = { .ios = 256, .bytes = UINT64_MAX };
	struct written_limits little = { .ios = UINT64_MAX, .bytes = 1 << 20 };
	(void)state;
	for (unsigned norandommap = 0; norandommap < 2; norandommap++) {
		assert_in_range(memory_for(1ull << 40, BLOCK, norandommap, few), 1, 4 << 20);
		assert_in_range(memory_for(1ull << 40, BLOCK, norandommap, little), 1, 4 << 20);
		assert_in_range(memory_for(1ull << 40, 4 * BLOCK, norandommap, few), 1, 8 << 20);
		assert_in_range(memory_for(1ull << 46, BLOCK, norandommap, few), 1, 32 << 20);
		/* And never beyond what the region needs. */
		struct written_limits many = { .ios = 1ull << 40, .bytes = UINT64_MAX };
		assert_int_equal(memory_for(1 << 30, 4 * BLOCK, norandommap, many),
				 memory_for(1 << 30, 4 * BLOCK, norandommap, ENDLESS));
	}
}

/* The most that is allowed, where each takes the most chunks that it can. */
static void what_may_be_written_is_noted(void **state)
{
	(void)state;
	for (uint32_t blocks = 1; blocks <= 4; blocks++) {
		struct job job = a_job(BLOCK, blocks * BLOCK, BLOCK, BLOCK);
		struct generator_region region = { .length_bytes = 1ull << 36,
						   .device_bytes = 1ull << 36 };
		struct written_limits most = { .ios = 64, .bytes = UINT64_MAX };
		struct written_shape shape;
		assert_true(written_shape_for(&job, &region, 512, most, &shape));
		assert_int_not_equal(shape.pool_chunks, 0);
		uint64_t chunk_bytes = (uint64_t)BLOCK << shape.chunk_shift;
		uint64_t into = chunk_bytes - BLOCK;
		struct written *w = written_init(test_calloc(1, written_memory_bytes(&shape)),
						 &shape);
		for (uint64_t i = 64; i-- > 0;)
			put(w, i * 16 * chunk_bytes + into, blocks * BLOCK, i);
		for (uint64_t i = 0; i < 64; i++)
			assert_next(w, i * 16 * chunk_bytes + into, blocks * BLOCK, (uint16_t)i,
				    0);
		assert_none(w);
		test_free(w);
	}
}

static void impossible_shapes_are_refused(void **state)
{
	struct job job = a_job(128u << 20, 128u << 20, 128u << 20, 512);
	struct generator_region region = { .length_bytes = 1ull << 50,
					   .device_bytes = 1ull << 50 };
	struct written_shape shape;
	(void)state;
	assert_false(written_shape_for(&job, &region, 512, ENDLESS, &shape));
	job = a_job(BLOCK, BLOCK, BLOCK, 0);
	assert_true(written_shape_for(&job, &region, 512, ENDLESS, &shape));
	assert_true(written_memory_bytes(&shape) == UINT64_MAX);
}

/* --- the property --- */

struct flight {
	struct written_piece io;
	uint8_t data[4 * BLOCK];
};

static struct flight flights[FLYING_MAX];
static unsigned flying;
static unsigned seed;

static unsigned pick(unsigned below)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % below;
}

static void land(unsigned index)
{
	struct flight *flight = &flights[index];
	memcpy(disk + flight->io.offset_bytes, flight->data, flight->io.length_bytes);
	flights[index] = flights[--flying];
}

/* What it would touch lands first. */
static void make_way(const struct written_piece *io)
{
	for (unsigned i = flying; i-- > 0;)
		if (io->offset_bytes < flights[i].io.offset_bytes + flights[i].io.length_bytes &&
		    flights[i].io.offset_bytes < io->offset_bytes + io->length_bytes)
			land(i);
}

static void launch(struct written *w, const struct job *job, uint64_t number)
{
	uint64_t places = DISK_BYTES / job->blockalign[DIR_WRITE];
	uint32_t blocks = (uint32_t)(job->max_bs[DIR_WRITE] / job->min_bs[DIR_WRITE]);
	struct written_piece io;
	do {
		io = piece(pick((unsigned)places) * job->blockalign[DIR_WRITE],
			   (uint32_t)job->min_bs[DIR_WRITE] * (1 + pick(blocks)));
	} while (io.offset_bytes + io.length_bytes > DISK_BYTES);
	make_way(&io);
	struct flight *flight = &flights[flying++];
	flight->io = io;
	struct verify_io what = { .offset_bytes = flight->io.offset_bytes,
				  .length_bytes = flight->io.length_bytes,
				  .seed = 0x9e3779b97f4a7c15ull * (number + 1),
				  .number = number };
	verify_fill(job, &what, number, flight->data);
	written_note(w, &flight->io, number, what.seed);
}

/* Reads everything back; returns the number of bad intervals. */
static unsigned read_back(struct written *w, const struct job *job, uint64_t only_at,
			  bool *covered)
{
	struct written_piece found;
	unsigned bad = 0;
	while (written_next(w, &found)) {
		struct written_fact fact = written_find(w, &found);
		struct verify_failure failure;
		struct verify_io what = { .offset_bytes = found.offset_bytes,
					  .length_bytes = found.length_bytes,
					  .into_bytes = fact.into_bytes,
					  .seed = fact.seed,
					  .seed_mask = WRITTEN_SEED_MASK,
					  .number = fact.number,
					  .check_number = true };
		uint32_t at = 0;
		*covered |= only_at - found.offset_bytes < found.length_bytes;
		memcpy(buffer, disk + found.offset_bytes, found.length_bytes);
		while (verify_check(job, &what, buffer, &at, &failure) != VERIFY_OK)
			bad++;
	}
	return bad;
}

static void fly(struct written *w, const struct job *job, unsigned writes, unsigned depth,
		uint64_t *number)
{
	for (unsigned i = 0; i < writes; i++) {
		while (flying == depth || (flying && pick(3) == 0))
			land(pick(flying));
		launch(w, job, (*number)++);
	}
	while (flying)
		land(pick(flying));
}

static const struct {
	uint64_t min_bs, max_bs, align;
	uint32_t interval;
	unsigned depth;
} workloads[] = {
	{ BLOCK, BLOCK, BLOCK, 0, 1 },
	{ BLOCK, BLOCK, BLOCK, 0, FLYING_MAX },
	{ BLOCK, 4 * BLOCK, BLOCK, BLOCK, 1 },
	{ BLOCK, 4 * BLOCK, BLOCK, BLOCK, FLYING_MAX },
	{ BLOCK, 4 * BLOCK, BLOCK, 512, 4 },
	{ 2 * BLOCK, 2 * BLOCK, 512, 0, 1 },
	{ 2 * BLOCK, 4 * BLOCK, BLOCK, 2 * BLOCK, 4 },
	{ 512, 512, 512, 128, 8 },
};

static void overwriting_in_any_order_is_never_a_false_alarm(void **state)
{
	bool covered = false;
	(void)state;
	for (size_t row = 0; row < ARRAY_COUNT(workloads); row++) {
		struct job job = a_job(workloads[row].min_bs, workloads[row].max_bs,
				       workloads[row].align, workloads[row].interval);
		for (unsigned history = 0; history < 40; history += 13) {
			struct written *w = a_note(&job, 512, history);
			uint64_t number = 65500; /* round the end of numberio */
			seed = (unsigned)row * 100 + history;
			for (unsigned pass = 0; pass < 5; pass++) {
				fly(w, &job, 30, workloads[row].depth, &number);
				assert_int_equal(read_back(w, &job, UINT64_MAX, &covered), 0);
			}
			test_free(w);
		}
	}
}

/* The older write of an offset may come back whole: nothing but the note can tell. */
static void lost_writes_and_bad_bytes_are_always_found(void **state)
{
	(void)state;
	for (size_t row = 0; row < ARRAY_COUNT(workloads); row++) {
		struct job job = a_job(workloads[row].min_bs, workloads[row].max_bs,
				       workloads[row].align, workloads[row].interval);
		struct written *w = a_note(&job, 512, 0);
		uint64_t number = 0;
		unsigned found = 0;
		seed = (unsigned)row;
		fly(w, &job, 60, 1, &number);
		for (unsigned i = 0; i < 60; i++) {
			bool covered = false;
			fly(w, &job, 3, 1, &number);
			uint8_t before[4 * BLOCK];
			launch(w, &job, number++);
			struct written_piece last = flights[0].io;
			memcpy(before, disk + last.offset_bytes, last.length_bytes);
			land(0);
			if (i % 2) /* the disk says it wrote */
				memcpy(disk + last.offset_bytes, before, last.length_bytes);
			else
				disk[last.offset_bytes + pick(last.length_bytes)] ^= 0x40;
			unsigned bad = read_back(w, &job, last.offset_bytes, &covered);
			assert_true(covered);
			found += bad > 0;
			test_free(w);
			w = a_note(&job, 512, 0);
			fly(w, &job, 60, 1, &number);
		}
		assert_int_equal(found, 60);
		test_free(w);
	}
}

static int whole(void **state)
{
	(void)state;
	checksum_init();
	in_chunks = false;
	return 0;
}

static int single_granules(void **state)
{
	(void)state;
	in_chunks = true;
	chunk_shift = 0;
	return 0;
}

static int four_granules(void **state)
{
	(void)state;
	chunk_shift = 2;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_written_means_nothing_read),
		cmocka_unit_test(without_history_pieces_come_sorted),
		cmocka_unit_test(history_gives_the_order_of_writing),
		cmocka_unit_test(more_than_the_history_holds_is_still_read),
		cmocka_unit_test(rests_of_overwritten_writes_are_read_in_place),
		cmocka_unit_test(units_that_were_overwritten_in_part_are_dropped),
		cmocka_unit_test(pieces_are_whole_blocks_of_the_disk),
		cmocka_unit_test(the_oldest_are_handed_out_once),
		cmocka_unit_test(a_backlog_without_a_map_comes_sorted_and_once),
		cmocka_unit_test(an_overwritten_piece_of_a_sorted_backlog_counts_once),
		cmocka_unit_test(failed_writes_are_not_asked_for),
		cmocka_unit_test(writes_beside_the_granules_only_take_away),
		cmocka_unit_test(neighbours_that_look_alike_are_told_apart),
		cmocka_unit_test(the_last_block_may_end_outside_the_region),
		cmocka_unit_test(granules_fit_wherever_a_write_may_begin),
		cmocka_unit_test(files_are_told_apart),
		cmocka_unit_test(memory_grows_with_what_is_written),
		cmocka_unit_test(what_may_be_written_is_noted),
		cmocka_unit_test(impossible_shapes_are_refused),
		cmocka_unit_test(overwriting_in_any_order_is_never_a_false_alarm),
		cmocka_unit_test(lost_writes_and_bad_bytes_are_always_found),
	};
	return cmocka_run_group_tests_name("a whole table", tests, whole, NULL) +
	       cmocka_run_group_tests_name("chunks of 1", tests, single_granules, NULL) +
	       cmocka_run_group_tests_name("chunks of 4", tests, four_granules, NULL);
}
