/* SPDX-License-Identifier: MIT */
/*
 * Jobs whose I/Os would not be whole blocks of the disk are known before they
 * run, with the option to blame; all others never leave the blocks, and have
 * sizes for which there is room.
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
#include "tests/unit/bench/job/job_rig.h"

#define DEVICE_BYTES 1000000ull

static struct generator_region region;

/* The job of these options, separated by blanks; its region is resolved. */
static const struct job *parse(const char *options, uint32_t index)
{
	static char text[1024];
	const char *reason;

	snprintf(text, sizeof(text), "[a]\nfilename=/dev/vda\n%s\n", options);
	for (char *c = text; *c; c++)
		if (*c == ' ')
			*c = '\n';
	if (rig_parse(text))
		fail_msg("refused: %s%s", rig_errors, text);
	const struct job *job = &rig_set.jobs[index];
	return generator_region_resolve(job, DEVICE_BYTES, &region, &reason) ? NULL : job;
}

static void the_option_that_leaves_the_blocks_is_named(void **state)
{
	static const struct {
		const char *options, *key;
		uint32_t block_bytes, job;
		int64_t bytes;
	} cases[] = {
		{ "rw=write bs=4k size=8k offset=8191", "offset", 512, 0, 8191 },
		{ "rw=read offset=512", "offset", 4096, 0, 512 },
		{ "rw=randtrim size=8k offset=100", "offset", 512, 0, 100 },
		{ "rw=write numjobs=2 size=8k offset_increment=1000", "offset_increment", 512, 1,
		  1000 },
		{ "rw=read offset=33% offset_align=1000", "offset_align", 512, 0, 1000 },
		{ "rw=read offset=10% bs=4k,1000", "bs", 512, 0, 1000 },
		{ "rw=write:1000 size=64k", "rw", 512, 0, 1000 },
		{ "rw=read:-1000 size=64k", "rw", 512, 0, -1000 },
		{ "rw=read:-8k size=65000", "size", 512, 0, 65000 },
		{ "rw=randwrite ba=1000", "blockalign", 512, 0, 1000 },
		{ "rw=randrw ba=4k,700", "blockalign", 512, 0, 700 },
		{ "rw=randtrimwrite ba=4k,512,700", "blockalign", 512, 0, 700 },
		{ "rw=write bs=1000", "bs", 512, 0, 1000 },
		{ "rw=write bsrange=512-1000", "bs", 512, 0, 1000 },
		{ "rw=randread bs=4k,1000 bs_is_seq_rand=1", "bs", 512, 0, 1000 },
		{ "rw=write zonemode=strided zonesize=8k zoneskip=100", "zoneskip", 512, 0, 100 },
		{ "rw=write zonemode=strided zonesize=8k zonerange=9000", "zonerange", 512, 0,
		  9000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct generator_misaligned found = { .block_bytes = cases[i].block_bytes };

		if (!generator_is_misaligned(parse(cases[i].options, cases[i].job), &region,
					     &found))
			fail_msg("%s passes", cases[i].options);
		assert_string_equal(found.key, cases[i].key);
		assert_int_equal(found.bytes, cases[i].bytes);
	}
}

static void what_no_io_depends_on_may_be_odd(void **state)
{
	static const char *const jobs[] = {
		"rw=read size=65000", "rw=read:8k size=65000", "rw=read io_size=1000",
		"rw=read bs=4k,1000", "rw=read ba=1000", "rw=randread:1000", "rw=read offset=33%",
		"rw=randtrimwrite ba=4k,700,4k", "rw=write bs=4k,1000 bs_is_seq_rand=1",
		"rw=read zoneskip=100", "rw=write zonemode=strided zonesize=5000 zonerange=4k",
		"rw=randread random_distribution=zoned_abs:50/10000:50/20000",
		"rw=read ioengine=null offset=8191 size=64k",
		"rw=read zonemode=strided zonesize=4k zonerange=5000 zoneskip=120",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(jobs); i++) {
		struct generator_misaligned found = { .block_bytes = 512 };

		if (generator_is_misaligned(parse(jobs[i], 0), &region, &found))
			fail_msg("%s: %s", jobs[i], found.key);
	}
}

/* --- whatever the options --- */

static struct random_stream dice;

static uint32_t below(uint32_t n)
{
	return random_between(&dice, 0, n - 1);
}

/* A multiple of 512, and now and then not. */
static uint32_t bytes(uint32_t sectors)
{
	uint32_t aligned = (1 + below(sectors)) * 512;

	return below(12) ? aligned : 1 + below(aligned);
}

static void append(char *text, const char *format, ...) PRINTF_LIKE(2, 3);

static void append(char *text, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsprintf(text + strlen(text), format, arguments);
	va_end(arguments);
}

static void draw_places(char *text)
{
	if (!below(3))
		append(text, " offset=%u", bytes(100));
	else if (!below(3))
		append(text, " offset=%u%%", 1 + below(50));
	if (!below(4))
		append(text, " offset_increment=%u", bytes(60));
	else if (!below(4))
		append(text, " offset_increment=%u%%", 1 + below(20));
	if (!below(4))
		append(text, " offset_align=%u", bytes(40));
	if (!below(3))
		append(text, " ba=%u,%u", bytes(16), bytes(16));
	if (!below(2))
		append(text, " size=%u", 8192 + bytes(1500));
	if (!below(4))
		append(text, " zonemode=strided zonesize=%u zonerange=%u zoneskip=%u",
		       bytes(40), bytes(100), bytes(30));
}

static const char *draw_job(void)
{
	static const char *const ways[] = { "read", "write", "rw", "trimwrite", "randread",
					    "randwrite", "randrw", "randtrimwrite", "randtrim" };
	static char text[512];
	uint32_t way = below(ARRAY_COUNT(ways));

	sprintf(text, "rw=%s", ways[way]);
	if (!below(3) && way < 4)
		append(text, ":%s%u", below(2) ? "-" : "", bytes(24));
	else if (!below(3))
		append(text, ":%u", 1 + below(6));
	append(text, below(2) ? " bs=%u,%u,%u" : " bs=%u", bytes(12), bytes(12), bytes(12));
	if (!below(3))
		append(text, " bs_is_seq_rand=1");
	if (!below(3))
		append(text, " percentage_random=%u", below(101));
	if (!below(5))
		append(text, " bssplit=%u/30:%u/50:%u", bytes(4), bytes(9), bytes(16));
	if (!below(3))
		append(text, " norandommap");
	if (!below(5))
		append(text, " time_based runtime=1");
	draw_places(text);
	append(text, " numjobs=2");
	return text;
}

static void assert_blocks(const struct job *job, const char *options)
{
	struct generator *g = generator_init(calloc(1, generator_memory_bytes(job)), job, &region);
	void *maps = calloc(1, generator_map_bytes(g) + 8);
	const uint32_t counts = job_sizes_that_count(job);
	uint64_t largest = 0;
	struct generator_io io;

	if (generator_map_bytes(g))
		generator_set_maps(g, maps);
	generator_rewind(g);
	for (unsigned d = 0; d < DIR_COUNT; d++)
		largest = counts >> d & 1 ? MAX(largest, job->max_bs[d]) : largest;
	for (unsigned i = 0; i < 300; i++) {
		if (!generator_next(g, &io)) {
			generator_restart(g, true);
			continue;
		}
		if (io.offset_bytes % 512 || io.length_bytes % 512 || io.length_bytes > largest)
			fail_msg("%s: %lu of %u bytes", options, io.offset_bytes, io.length_bytes);
	}
	free(maps);
	free(g);
}

static void what_passes_stays_on_blocks_and_has_room(void **state)
{
	unsigned passed = 0, refused = 0;

	(void)state;
	random_seed(&dice, false, 8);
	for (unsigned round = 0; round < 1200; round++) {
		struct generator_misaligned found = { .block_bytes = 512 };
		const char *options = draw_job();
		const struct job *job = parse(options, round & 1);

		if (!job)
			continue;
		if (generator_is_misaligned(job, &region, &found)) {
			refused++;
			continue;
		}
		assert_blocks(job, options);
		passed++;
	}
	assert_in_range(passed, 200, 1000);
	assert_in_range(refused, 200, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(the_option_that_leaves_the_blocks_is_named),
		RIG_TEST(what_no_io_depends_on_may_be_odd),
		RIG_TEST(what_passes_stays_on_blocks_and_has_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
