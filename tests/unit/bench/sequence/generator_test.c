/* SPDX-License-Identifier: MIT */
/*
 * The sequences of I/Os: equal to what fio issued, whichever way they are made;
 * inside the region, whatever the job; each block once where a map promises it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/sequence/generator_impl.h"
#include "kernel/lib/err.h"
#include "tests/unit/bench/sequence/generator_sequences_3_39.h"
#include "tests/unit/bench/job/job_rig.h"

static struct generator_region regions[JOB_FILES_MAX];

static const struct recorded {
	uint32_t fio_version;
	const struct sequence *rows;
	size_t count;
} recorded[] = {
	{ FIO_3_33, sequences, ARRAY_COUNT(sequences) },
	{ FIO_3_39, sequences_3_39, ARRAY_COUNT(sequences_3_39) },
	{ FIO_3_41, sequences_3_39, ARRAY_COUNT(sequences_3_39) },
};

/* All of them, one after the other, and the parser set to their release; NULL: the end. */
static const struct sequence *next_sequence(size_t *at)
{
	size_t index = (*at)++;

	for (size_t i = 0; i < ARRAY_COUNT(recorded); index -= recorded[i++].count) {
		if (index >= recorded[i].count)
			continue;
		rig_environment.fio_version = recorded[i].fio_version;
		return &recorded[i].rows[index];
	}
	return NULL;
}

/* A job file with these options, separated by blanks. */
static const struct job *parse(const char *options, uint32_t index)
{
	static char text[1024];
	bool has_file = strstr(options, "filename=") != NULL;

	snprintf(text, sizeof(text), "[a]\n%s%s\n", has_file ? "" : "filename=/dev/vda\n", options);
	for (char *c = text; *c; c++)
		if (*c == ' ')
			*c = '\n';
	if (rig_parse(text))
		fail_msg("refused: %s%s", rig_errors, text);
	assert_true(index < rig_set.job_count);
	return &rig_set.jobs[index];
}

/* The caller frees it. The parsed job lives until the next parse(). */
static struct generator *open_job(const struct job *job, uint64_t device_bytes)
{
	const char *reason = "";

	for (uint32_t i = 0; i < job->file_count; i++)
		if (generator_region_resolve(job, device_bytes, &regions[i], &reason))
			fail_msg("%s", reason);
	/* The maps behind it, and what they may hold. */
	uint64_t bytes = generator_memory_bytes(job), maps_at = align_up(bytes, 8), map_bytes;
	struct generator *g = generator_init(calloc(1, bytes), job, regions);

	map_bytes = generator_map_bytes(g);
	if (!map_bytes)
		return g;
	free(g);
	uint8_t *memory = calloc(1, maps_at + map_bytes);
	memset(memory + maps_at, 0x5a, map_bytes);
	g = generator_init(memory, job, regions);
	generator_set_maps(g, memory + maps_at);
	generator_rewind(g);
	return g;
}

static struct generator *open_options(const char *options, uint64_t device_bytes)
{
	return open_job(parse(options, 0), device_bytes);
}

/* The next I/O, of the next pass if need be. */
static bool next(struct generator *g, struct generator_io *io)
{
	if (generator_next(g, io))
		return true;
	generator_restart(g, true);
	return generator_next(g, io);
}

static uint64_t digest_of(struct generator *g, uint32_t count)
{
	struct generator_io io;

	generator_rewind(g);
	while (count-- > 0)
		assert_true(next(g, &io));
	return generator_digest(g);
}

static void append(char *text, const struct generator_io *io, const struct generator_io *before)
{
	text += strlen(text);
	if (io->direction != before->direction)
		text += sprintf(text, "%c", "rwt"[io->direction]);
	text += sprintf(text, "%lu", io->offset_bytes / 512);
	if (io->length_bytes != before->length_bytes)
		text += sprintf(text, "/%u", io->length_bytes / 512);
	strcpy(text, " ");
}

static void sequences_are_those_that_fio_issued(void **state)
{
	const struct sequence *s;

	(void)state;
	for (size_t at = 0; (s = next_sequence(&at));) {
		struct generator *g = open_job(parse(s->options, s->job), s->device_kib * 1024);
		struct generator_io before = { .direction = DIR_READ, .length_bytes = 4096 }, io;
		char text[512] = "";

		for (uint32_t n = 0; n < s->count; n++, before = io) {
			if (!next(g, &io))
				fail_msg("%s: ends after %u of %u", s->options, n, s->count);
			if (strlen(text) < strlen(s->first))
				append(text, &io, &before);
		}
		if (strncmp(text, s->first, strlen(s->first)))
			fail_msg("%s: %s, not %s", s->options, text, s->first);
		if (generator_digest(g) != s->digest)
			fail_msg("%s: differs behind %s", s->options, text);
		if (s->ends && generator_next(g, &io))
			fail_msg("%s: goes on after %u", s->options, s->count);
		free(g);
	}
}

static void short_ways_issue_what_the_general_way_does(void **state)
{
	const struct sequence *s;
	unsigned short_ways = 0, all = 0;

	(void)state;
	for (size_t at = 0; (s = next_sequence(&at));) {
		struct generator *g = open_job(parse(s->options, s->job), s->device_kib * 1024);

		all++;
		short_ways += g->way != GENERATOR_FULL;
		g->way = GENERATOR_FULL;
		if (digest_of(g, s->count) != s->digest)
			fail_msg("%s", s->options);
		free(g);
	}
	assert_in_range(short_ways, 20, all - 20);
}

static void more_blocks_than_32_bits_are_drawn_from_64_after_the_first_pass(void **state)
{
	static const struct {
		const char *options;
		bool outgrows;
	} jobs[] = {
		{ "rw=randread norandommap", true },
		{ "rw=randread norandommap random_generator=tausworthe", true },
		{ "rw=randread norandommap random_generator=tausworthe64", false },
		{ "rw=randread norandommap random_generator=tausworthe", true },
	};
	const uint64_t device_bytes = 16ull << 40;
	uint64_t digests[ARRAY_COUNT(jobs)];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(jobs); i++) {
		/* The last one stays in its first pass. */
		struct generator *g = open_options(jobs[i].options, device_bytes + 4096);
		struct generator_io io;

		assert_int_equal(generator_outgrows_32_bits(g), jobs[i].outgrows);
		if (i + 1 < ARRAY_COUNT(jobs))
			generator_restart(g, true);
		for (unsigned n = 0; n < 50; n++)
			assert_true(generator_next(g, &io));
		digests[i] = generator_digest(g);
		free(g);
	}
	assert_int_equal(digests[0], digests[2]);
	assert_int_equal(digests[1], digests[3]);
	assert_int_not_equal(digests[0], digests[1]);
	struct generator *g = open_options(jobs[0].options, device_bytes - 4096);
	assert_false(generator_outgrows_32_bits(g));
	free(g);
}

static void rewinding_repeats_everything(void **state)
{
	const struct sequence *s;

	(void)state;
	for (size_t at = 0; (s = next_sequence(&at));) {
		struct generator *g = open_job(parse(s->options, s->job), s->device_kib * 1024);
		uint64_t seed = generator_verify_seed(g);

		if (digest_of(g, s->count) != s->digest || digest_of(g, s->count) != s->digest)
			fail_msg("%s", s->options);
		generator_rewind(g);
		assert_int_equal(generator_verify_seed(g), seed);
		free(g);
	}
}

static void a_pass_visits_each_block_once(void **state)
{
	static const char *const jobs[] = { "rw=randread", "rw=randwrite loops=3", "rw=randrw",
					    "rw=randread random_generator=lfsr",
					    "rw=randread random_generator=tausworthe64" };
	static const uint32_t sizes[] = { 1, 2, 63, 64, 65, 127, 4095, 4096, 4097, 300001 };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(jobs) * ARRAY_COUNT(sizes); i++) {
		uint32_t blocks = sizes[i % ARRAY_COUNT(sizes)], count = 0;
		struct generator *g = open_options(jobs[i / ARRAY_COUNT(sizes)], blocks * 4096ull);
		uint8_t *seen = calloc(1, blocks);
		struct generator_io io;

		for (unsigned pass = 1; pass <= 2; pass++, generator_restart(g, true))
			for (count = 0; generator_next(g, &io); count++)
				if (io.offset_bytes / 4096 >= blocks ||
				    ++seen[io.offset_bytes / 4096] != pass)
					fail_msg("block %lu", io.offset_bytes / 4096);
		assert_int_equal(count, blocks);
		free(seen);
		free(g);
	}
}

static void time_based_passes_never_end(void **state)
{
	struct generator *g = open_options("rw=randread time_based runtime=1", 100 * 4096);
	struct generator_io io;
	uint32_t seen[100] = { 0 };

	(void)state;
	for (unsigned i = 0; i < 100 * 50; i++) {
		assert_true(generator_next(g, &io));
		seen[io.offset_bytes / 4096]++;
	}
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(seen[i], 50);
	free(g);
}

/* Odd devices, regions and block sizes; passes follow each other. */
static void no_io_leaves_its_device(void **state)
{
	static const char *const shapes[] = {
		"rw=read:-8k", "rw=read:12k", "rw=randrw:3", "rw=randtrimwrite bsrange=4k-16k",
		"rw=trimwrite bs=3k,5k", "rw=randwrite bs=4k,8k time_based runtime=1",
		"rw=randread ba=512 bs=8k", "rw=randrw bs=4k,12k", "rw=randread bsrange=512-32k",
		"rw=randread random_distribution=zipf:1.3",
		"rw=randread random_distribution=pareto:0.3",
		"rw=randread random_distribution=normal:30:0.9",
		"rw=randread random_distribution=zoned:30/1:70/99",
		"rw=randrw random_distribution=zoned_abs:30/10k:70/900m",
		"rw=rw bssplit=512/5:4k/60:64k", "rw=randread percentage_random=20",
		"rw=randread zonemode=strided zonesize=40k zonerange=24k zoneskip=4k",
		"rw=randread bs=64k", "rw=read bs=1000k",
		"rw=randread random_generator=lfsr bs=512",
		"rw=randwrite:7 rw_sequencer=identical time_based runtime=1",
		"filename=/dev/vda:/dev/vdb rw=randrw percentage_random=60",
	};
	struct random_stream random;

	(void)state;
	random_seed(&random, false, 1);
	for (unsigned round = 0; round < 40 * ARRAY_COUNT(shapes); round++) {
		const struct job *job = parse(shapes[round % ARRAY_COUNT(shapes)], 0);
		uint64_t device = random_between(&random, 2000000, 4500000);
		uint64_t first = random_between(&random, 0, 500000);
		const char *reason;

		((struct job *)(uintptr_t)job)->offset.bytes = first;
		((struct job *)(uintptr_t)job)->size.bytes =
			random_between(&random, 200000, 4500000);
		if (generator_region_resolve(job, device, &regions[0], &reason))
			continue; /* smaller than a block */
		struct generator *g = open_job(job, device);
		struct generator_io io;

		for (unsigned i = 0; i < 2000 && next(g, &io); i++) {
			assert_true(io.length_bytes > 0 && io.length_bytes <= device);
			assert_in_range(io.offset_bytes, first, device - io.length_bytes);
			assert_true(io.file < job->file_count && io.direction < DIR_COUNT);
		}
		free(g);
	}
}

/* The smallest has no share; what has one may fit nowhere but in the middle. */
static void sizes_without_a_share_end_a_pass(void **state)
{
	static const char *const jobs[] = {
		"rw=read bssplit=4k/0:12k/100 size=40k", "rw=randread bssplit=512/0:64k/99:8k/0",
		"rw=write bssplit=4k/0:9k/100 size=23k", "rw=randread bssplit=512/0:800k/100",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(jobs); i++) {
		struct generator *g = open_options(jobs[i], 1 << 20);
		struct generator_io io;
		unsigned count = 0;

		while (generator_next(g, &io) && count <= 2048)
			count++;
		assert_true(count <= 2048);
		free(g);
	}
}

static void verify_seeds_are_fios(void **state)
{
	/* rand_seed of the first headers in images that fio wrote */
	static const struct {
		const char *options;
		uint32_t job;
		uint64_t seeds[4];
	} images[] = {
		{ "rw=write", 0,
		  { 0xa4cc01c509543c, 0x88bb0a8cf6db562e, 0x419814f3ac0492d0,
		    0x187a339a93949434 } },
		{ "rw=write random_generator=tausworthe64", 0,
		  { 0x131a7e28a61c4b7a, 0xf4a8c4db4b342411, 0x5a7f4c5f19b00b94,
		    0x78fd590e85082056 } },
		{ "rw=write numjobs=2", 1,
		  { 0x2c7eba26694f51b8, 0x2085f4387b23a9a9, 0x7aacad1774d470,
		    0x665e932a7456e923 } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(images); i++) {
		struct generator *g = open_job(parse(images[i].options, images[i].job), 1 << 20);

		for (size_t n = 0; n < ARRAY_COUNT(images[i].seeds); n++)
			assert_int_equal(generator_verify_seed(g), images[i].seeds[n]);
		free(g);
	}
}

static void regions_follow_size_and_offset(void **state)
{
	static const struct {
		const char *options;
		uint32_t job;
		uint64_t offset, length;
	} cases[] = {
		{ "rw=read", 0, 0, 1000000 },
		{ "rw=read size=100k", 0, 0, 102400 },
		{ "rw=read size=100k offset=7k", 0, 7168, 102400 },
		{ "rw=read size=900k offset=900k", 0, 921600, 78400 },
		{ "rw=read size=33%", 0, 0, 327680 }, /* down to whole blocks */
		{ "rw=read offset=33%", 0, 331776, 668224 }, /* up to whole blocks */
		{ "rw=read offset=33% offset_align=64k", 0, 393216, 606784 },
		{ "rw=read offset=1% offset_align=3", 0, 10002, 989998 },
		{ "rw=read size=100% offset=10k", 0, 10240, 989760 },
		{ "rw=read size=95% offset=10%", 0, 102400, 897024 },
		{ "rw=read numjobs=3 offset_increment=8k size=8k", 0, 0, 8192 },
		{ "rw=read numjobs=3 offset_increment=8k size=8k", 1, 16384, 8192 },
		{ "rw=read numjobs=3 offset_increment=8k size=8k", 2, 8192, 8192 },
		{ "rw=read numjobs=3 offset_increment=25% size=8k", 1, 503808, 8192 },
		{ "rw=read numjobs=3 offset=1000 offset_increment=25% size=8k", 0, 4096, 8192 },
		{ "rw=read numjobs=3 offset=1000 offset_increment=1000 size=8k", 1, 3000, 8192 },
		{ "rw=read filename=/dev/vda:/dev/vdb size=100k", 0, 0, 51200 },
		{ "rw=read filesize=100k", 0, 0, 102400 },
		{ "rw=read filesize=100k offset=7k size=10k", 0, 7168, 95232 },
		{ "rw=read filename=/dev/vda:/dev/vdb filesize=100k size=10k", 0, 0, 102400 },
		{ "rw=read filesize=100k size=50%", 0, 0, 49152 },
		{ "rw=read filesize=100k offset=90k size=50%", 0, 92160, 8192 },
		{ "rw=read filesize=2m", 0, 0, 1000000 },
		{ "rw=read filename=/dev/vda:/dev/vdb", 0, 0, 1000000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		const char *reason;

		assert_int_equal(generator_region_resolve(parse(cases[i].options, cases[i].job),
							  1000000, &regions[0], &reason), 0);
		assert_int_equal(regions[0].offset_bytes, cases[i].offset);
		assert_int_equal(regions[0].length_bytes, cases[i].length);
		assert_int_equal(regions[0].device_bytes, 1000000);
	}
}

static void impossible_regions_are_refused_with_a_reason(void **state)
{
	static const struct {
		const char *options, *reason;
		uint32_t job;
	} cases[] = {
		{ "rw=read offset=1000000", "valid offset", 0 },
		{ "rw=read offset=2g", "valid offset", 0 },
		{ "rw=read numjobs=3 offset_increment=600k size=4k", "valid offset", 1 },
		{ "rw=read offset=975k", "smaller than one block", 0 },
		{ "rw=read offset=64k filesize=64k", "beyond filesize", 0 },
		{ "rw=read offset=61k filesize=64k", "smaller than one block", 0 },
		{ "rw=randread random_generator=lfsr numjobs=3 size=20k", "seed", 2 },
		{ "rw=randrw bs=16k zonemode=strided zonesize=8k", "zonerange", 0 },
		{ "rw=randread bs=4k,16k zonemode=strided zonesize=3k", "zonerange", 0 },
		{ "rw=randread random_distribution=zoned_abs:60/100k:40/1m", "zones exceed", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		const char *reason = "";

		assert_int_equal(generator_region_resolve(parse(cases[i].options, cases[i].job),
							  1000000, &regions[0], &reason),
				 -ERR_RANGE);
		if (!strstr(reason, cases[i].reason))
			fail_msg("%s: %s", cases[i].options, reason);
	}
}

static void an_empty_disk_is_told_as_that(void **state)
{
	const char *reason = "";

	(void)state;
	assert_int_equal(generator_region_resolve(parse("rw=read", 0), 0, &regions[0], &reason),
			 -ERR_RANGE);
	assert_string_equal(reason, "it is empty");
}

static void without_randrepeat_every_run_differs(void **state)
{
	static const char *const jobs[] = {
		"rw=randread randrepeat=0", "rw=randread randrepeat=0 random_generator=lfsr",
		"rw=randread randrepeat=0 random_distribution=zipf:1.1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(jobs); i++) {
		struct generator *first = open_options(jobs[i], 1 << 24);
		uint64_t digest = digest_of(first, 500);
		struct generator *second = open_options(jobs[i], 1 << 24);

		assert_int_not_equal(digest_of(second, 500), digest);
		free(first);
		free(second);
	}
}

static void a_huge_zoneskip_stays_in_the_region(void **state)
{
	struct generator *g = open_options(
		"rw=read zonemode=strided zonesize=8k offset=64k "
		"zonerange=9223372036854775807 zoneskip=9223372036854775807", 1 << 20);
	struct generator_io io;

	(void)state;
	for (unsigned i = 0; i < 100 && next(g, &io); i++)
		assert_in_range(io.offset_bytes, 64 << 10, (1 << 20) - 4096);
	free(g);
}

static void the_digest_knows_order_offset_length_and_direction(void **state)
{
	uint64_t read_tag = generator_digest_tag(4096, DIR_READ), digest;

	(void)state;
	digest = generator_mix(GENERATOR_DIGEST_START, read_tag, 0);
	/* FNV-1a of one 64-bit word */
	assert_int_equal(digest, (0xcbf29ce484222325ull ^ 4096ull << 32) * 0x100000001b3ull);
	assert_int_not_equal(generator_mix(generator_mix(digest, read_tag, 4096), read_tag, 8192),
			     generator_mix(generator_mix(digest, read_tag, 8192), read_tag, 4096));
	assert_int_not_equal(digest, generator_mix(GENERATOR_DIGEST_START,
						   generator_digest_tag(4096, DIR_WRITE), 0));
	assert_int_not_equal(digest, generator_mix(GENERATOR_DIGEST_START,
						   generator_digest_tag(8192, DIR_READ), 0));
}

/* Sequential directions go on where each of them was. */
static void a_turn_goes_to_whom_it_is_given(void **state)
{
	(void)state;
	struct generator *g = open_options("rw=rw size=4m", 8 << 20);
	uint64_t end[2] = { 0 };
	struct generator_io io;

	for (unsigned i = 0; i < 60; i++) {
		unsigned wanted = i / 20 % 2;

		generator_turn(g, wanted, wanted);
		assert_true(next(g, &io));
		assert_int_equal(io.direction, wanted);
		assert_int_equal(io.offset_bytes, end[wanted]);
		end[wanted] += io.length_bytes;
	}
	generator_rewind(g); /* each has its own turn again */
	uint64_t after = digest_of(g, 60);
	free(g);
	g = open_options("rw=rw size=4m", 8 << 20);
	assert_int_equal(digest_of(g, 60), after);
	free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(sequences_are_those_that_fio_issued),
		RIG_TEST(short_ways_issue_what_the_general_way_does),
		RIG_TEST(more_blocks_than_32_bits_are_drawn_from_64_after_the_first_pass),
		RIG_TEST(rewinding_repeats_everything),
		RIG_TEST(a_pass_visits_each_block_once),
		RIG_TEST(time_based_passes_never_end),
		RIG_TEST(no_io_leaves_its_device),
		RIG_TEST(sizes_without_a_share_end_a_pass),
		RIG_TEST(verify_seeds_are_fios),
		RIG_TEST(regions_follow_size_and_offset),
		RIG_TEST(impossible_regions_are_refused_with_a_reason),
		RIG_TEST(an_empty_disk_is_told_as_that),
		RIG_TEST(without_randrepeat_every_run_differs),
		RIG_TEST(a_huge_zoneskip_stays_in_the_region),
		RIG_TEST(the_digest_knows_order_offset_length_and_direction),
		RIG_TEST(a_turn_goes_to_whom_it_is_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
