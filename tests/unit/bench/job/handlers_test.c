/* SPDX-License-Identifier: MIT */
/*
 * Options with a syntax of their own (bench/job/handlers.c, job/handlers_lists.c,
 * job/handlers_pattern.c).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/bench/job/job_rig.h"

static void refuse(const char *option, const char *reason)
{
	char options[700], line[512];

	snprintf(options, sizeof(options), "%s\n", option);
	snprintf(line, sizeof(line), "t.fio:3: %.*s: %s", (int)strcspn(option, "="), option,
		 reason);
	rig_assert_option_refused(options, line);
}

/* --- filename --- */

static void disks_are_listed_with_colons(void **state)
{
	(void)state;
	const struct job *job = rig_only_job("[a]\nfilename=/dev/vda:/dev/vdb::/dev/a\\:b:\n");
	assert_int_equal(job->file_count, 3);
	assert_string_equal(job->files[0], "/dev/vda");
	assert_string_equal(job->files[1], "/dev/vdb");
	assert_string_equal(job->files[2], "/dev/a:b");
}

static void disks_of_several_lines_add_up(void **state)
{
	(void)state;
	assert_int_equal(rig_parse("[global]\nfilename=/dev/vda\n[a]\n[b]\nfilename=/dev/vdb\n"
				   "[c]\nfilename=/dev/vda\nfilename=/dev/vdc\n"),
			 0);
	assert_int_equal(rig_set.jobs[0].file_count, 1);
	assert_int_equal(rig_set.jobs[1].file_count, 2);
	assert_string_equal(rig_set.jobs[1].files[0], "/dev/vda");
	assert_string_equal(rig_set.jobs[1].files[1], "/dev/vdb");
	assert_int_equal(rig_set.jobs[2].file_count, 3);
	assert_non_null(strstr(rig_warnings,
			       "t.fio:5: filename: adds to the disks named before, as in fio\n"));
}

static void only_devices_are_disks(void **state)
{
	static const char *const bad[] = { "vda", "/tmp/x", "/dev/", "/dev/mapper/x", "-",
					   "/dev/vda /dev/vdb", "/dev", "/devx/vda" };
	char text[128], line[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		snprintf(text, sizeof(text), "[a]\nfilename=%s\n", bad[i]);
		snprintf(line, sizeof(line), "t.fio:2: filename: \"%s\" is not a disk: there are "
			 "no files, write /dev/NAME", bad[i]);
		rig_assert_refused(text, line);
	}
	rig_assert_refused("[a]\nfilename=:\n", "t.fio:2: filename: a disk is missing");
	/* The null engine never opens it; the name seeds distributions. */
	assert_string_equal(rig_only_job("[a]\nfilename=f\nioengine=null\nsize=1m\n")->files[0],
			    "f");
}

static void disks_have_a_limit(void **state)
{
	char text[512] = "[a]\nfilename=/dev/a";

	(void)state;
	for (unsigned i = 1; i < JOB_FILES_MAX; i++)
		strcat(text, ":/dev/a");
	assert_int_equal(rig_only_job(text)->file_count, JOB_FILES_MAX);
	strcat(text, ":/dev/a");
	rig_assert_refused(text, "t.fio:2: filename: more than 32 disks");
}

/* --- ioengine, rw --- */

static void engines_are_of_three_kinds(void **state)
{
	static const struct {
		const char *name;
		uint32_t engine;
	} cases[] = {
		{ "libaio", IOENGINE_ASYNC },	 { "io_uring", IOENGINE_ASYNC },
		{ "posixaio", IOENGINE_ASYNC }, { "sync", IOENGINE_SYNC },
		{ "psync", IOENGINE_SYNC },	 { "vsync", IOENGINE_SYNC },
		{ "pvsync", IOENGINE_SYNC },	 { "pvsync2", IOENGINE_SYNC },
		{ "null", IOENGINE_NULL },	 { "libaio:x", IOENGINE_ASYNC },
	};
	char options[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		snprintf(options, sizeof(options), "size=1m\nioengine=%s\n", cases[i].name);
		assert_int_equal(rig_job_with(options)->engine, cases[i].engine);
	}
	rig_assert_option_refused("ioengine=rbd\n", "fio: engine rbd not loadable");
	rig_assert_option_refused("ioengine=lib\n", "fio: engine lib not loadable");
}

static void directions_and_order_come_from_rw(void **state)
{
	enum { R = JOB_RW_READ, W = JOB_RW_WRITE, T = JOB_RW_TRIM, RANDOM = JOB_RW_RANDOM,
	       TW = JOB_RW_TRIMWRITE | W | T };
	static const struct {
		const char *name;
		uint32_t rw;
	} cases[] = {
		{ "read", R },	       { "write", W },		{ "trim", T },
		{ "randread", R | RANDOM }, { "randwrite", W | RANDOM },
		{ "randtrim", T | RANDOM }, { "rw", R | W },	{ "readwrite", R | W },
		{ "randrw", R | W | RANDOM }, { "trimwrite", TW },
		{ "randtrimwrite", TW | RANDOM },
	};
	char options[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		snprintf(options, sizeof(options), "rw=%s\n", cases[i].name);
		const struct job *job = rig_job_with(options);
		assert_int_equal(job->rw, cases[i].rw);
		assert_int_equal(job->rw_step, (job->rw & RANDOM) ? 1 : 0);
	}
	assert_int_equal(rig_job_with("readwrite=randread\n")->rw, R | RANDOM);
}

static void rw_may_have_a_step(void **state)
{
	(void)state;
	assert_int_equal(rig_job_with("rw=randread:4\n")->rw_step, 4);
	assert_int_equal(rig_job_with("rw=read:-8k\n")->rw_step, -8192);
	assert_int_equal(rig_job_with("rw=write:112k\n")->rw_step, 112 << 10);
	assert_int_equal(rig_job_with("rw=read:0\n")->rw_step, 0);
	/* A later rw= forgets it. */
	assert_int_equal(rig_job_with("rw=read:8k\nrw=read\n")->rw_step, 0);
	refuse("rw=Read", "\"Read\" is not one of read, write, trim, randread, randwrite, "
			  "randtrim, rw, readwrite, randrw, trimwrite, randtrimwrite");
	refuse("rw=randrw:foo", "\"foo\": not a number");
	refuse("rw=read:", "\"\": a number is missing");
	refuse("rw=randread:0", "a random offset every 0 I/Os makes no sense");
	refuse("rw=randread:-3", "a random offset every -3 I/Os makes no sense");
	refuse("rw=randread:2k", "a random offset every 2k I/Os makes no sense");
	refuse("rw=write:8k:4k", "\"8k:4k\": not a whole number with a unit");
	refuse("rw=read:-", "\"\": a number is missing");
	refuse("rw= read", "white space after '='");
}

/* --- bsrange, bssplit --- */

static void assert_sizes(const struct job *job, unsigned direction, uint64_t low, uint64_t high)
{
	assert_int_equal(job->min_bs[direction], low);
	assert_int_equal(job->max_bs[direction], high);
}

static void ranges_per_direction(void **state)
{
	(void)state;
	const struct job *job = rig_job_with("bsrange=4k-8k\n");
	for (unsigned d = 0; d < DIR_COUNT; d++)
		assert_sizes(job, d, 4096, 8192);
	job = rig_job_with("bsrange=4k:8k,16k-8k\nbs=2k\n");
	assert_sizes(job, DIR_READ, 4096, 8192);
	assert_sizes(job, DIR_WRITE, 8192, 16384);
	assert_sizes(job, DIR_TRIM, 8192, 16384);
	job = rig_job_with("blocksize_range=,8k-16k\nbs=2k\n");
	assert_sizes(job, DIR_READ, 2048, 2048);
	assert_sizes(job, DIR_TRIM, 8192, 16384);
	job = rig_job_with("bsrange=1k-4k,,2k-3k\n");
	assert_sizes(job, DIR_WRITE, 4096, 4096);
	assert_sizes(job, DIR_TRIM, 2048, 3072);
	refuse("bsrange=4k", "\"4k\": not a range like 1k-4k");
	refuse("bsrange=0-4k", "a block size is not between 1 and 1073741824");
	refuse("bsrange=4k-", "\"\": a number is missing");
	refuse("bsrange=4k-2g", "a block size is not between 1 and 1073741824");
	refuse("bsrange=1k-2k,1k-2k,1k-2k,1k-2k", "more than 3 lists");
	refuse("bsrange=,", "a value is missing");
}

static void assert_split(const struct job *job, unsigned direction, const char *wanted)
{
	char text[256] = "";

	for (uint32_t i = 0; i < job->bssplit_count[direction]; i++)
		sprintf(text + strlen(text), "%lu/%u ", job->bssplit[direction][i].bytes,
			job->bssplit[direction][i].percent);
	assert_string_equal(text, wanted);
}

static void splits_are_sorted_by_percent(void **state)
{
	(void)state;
	const struct job *job = rig_job_with("bssplit=4k/60:512/10:8k/30\n");
	for (unsigned d = 0; d < DIR_COUNT; d++)
		assert_split(job, d, "512/10 8192/30 4096/60 ");
	assert_sizes(job, DIR_WRITE, 512, 8192);
	/* Equal shares stay in their order. */
	assert_split(rig_job_with("bssplit=4k/25:8k/50:1k/25\n"), 0, "4096/25 1024/25 8192/50 ");
}

static void splits_per_direction(void **state)
{
	(void)state;
	const struct job *job = rig_job_with("bssplit=4k/50:8k/50,16k\nbs=1k\n");
	assert_split(job, DIR_READ, "4096/50 8192/50 ");
	assert_split(job, DIR_WRITE, "16384/100 ");
	assert_split(job, DIR_TRIM, "16384/100 ");
	assert_sizes(job, DIR_TRIM, 16384, 16384);
	job = rig_job_with("bssplit=,2k\n");
	assert_split(job, DIR_READ, "");
	assert_sizes(job, DIR_READ, 4096, 4096);
	assert_sizes(job, DIR_WRITE, 2048, 2048);
	/* A later one replaces it. */
	job = rig_job_with("bssplit=4k/50:8k/50\nbssplit=1k\n");
	assert_split(job, DIR_READ, "1024/100 ");
}

static void missing_shares_are_equal_parts_of_the_rest(void **state)
{
	(void)state;
	assert_split(rig_job_with("bssplit=4k/50:8k\n"), 0, "4096/50 8192/50 ");
	assert_split(rig_job_with("bssplit=4k:8k\n"), 0, "4096/50 8192/50 ");
	assert_split(rig_job_with("bssplit=4k:8k:16k\n"), 0, "4096/33 8192/33 16384/33 ");
	assert_split(rig_job_with("bssplit=4k/:8k/0:16k/80\n"), 0, "4096/10 8192/10 16384/80 ");
	rig_assert_option_refused("bssplit=4k/60:8k/60:16k:32k\n",
				  "fio: bssplit percentages add to more than 100%");
	rig_job_with("bssplit=4k/60:8k/60\n");
	assert_string_equal(rig_warnings, "t.fio:3: bssplit: percentages add up to 120\n");
	refuse("bssplit=4k/x", "\"x\": not a number");
	refuse("bssplit=4k/101", "101 is more than 100 percent");
	refuse("bssplit=x", "\"x\": not a number");
	refuse("bssplit=4k/50:", "\"\": a number is missing");
	refuse("bssplit=0/50", "a block size is not between 1 and 1073741824");
	refuse("bssplit=", "a value is missing");
}

static void splits_have_64_entries(void **state)
{
	char options[512] = "bssplit=1k";

	(void)state;
	for (unsigned i = 1; i < JOB_BSSPLIT_MAX; i++)
		strcat(options, ":1k");
	assert_int_equal(rig_job_with(options)->bssplit_count[DIR_TRIM], JOB_BSSPLIT_MAX);
	strcat(options, ":1k");
	rig_assert_option_refused(options, "t.fio:3: bssplit: more than 64 block sizes");
}

/* --- random_distribution --- */

static void distributions_have_a_parameter_and_a_center(void **state)
{
	(void)state;
	const struct job *job = rig_job_with("random_distribution=zipf\n");
	assert_int_equal(job->distribution, JOB_ZIPF);
	assert_true(job->distribution_value == 1.1);
	assert_false(job->distribution_center_set);
	assert_true(job->norandommap);
	job = rig_job_with("random_distribution=zipf:1.23456:0.25\n");
	assert_true(job->distribution_value == 1.23456);
	assert_true(job->distribution_center == 0.25);
	assert_true(job->distribution_center_set);
	job = rig_job_with("random_distribution=pareto\n");
	assert_int_equal(job->distribution, JOB_PARETO);
	assert_true(job->distribution_value == 0.2);
	job = rig_job_with("random_distribution=normal:99.9\n");
	assert_int_equal(job->distribution, JOB_NORMAL);
	assert_true(job->distribution_value == 99.9);
	assert_true(rig_job_with("random_distribution=normal:0\n")->distribution_value == 0);
	job = rig_job_with("random_distribution=zipf\nrandom_distribution=random\n");
	assert_int_equal(job->distribution, JOB_UNIFORM);
	assert_false(job->norandommap);
}

static void senseless_parameters_are_refused(void **state)
{
	(void)state;
	refuse("random_distribution=zipf:1", "theta must be below 1000 and not 1");
	refuse("random_distribution=zipf:1.000", "theta must be below 1000 and not 1");
	refuse("random_distribution=pareto:0", "h must lie between 0 and 1");
	refuse("random_distribution=pareto:1", "h must lie between 0 and 1");
	refuse("random_distribution=normal:100", "the deviation must be below 100 percent");
	refuse("random_distribution=normal:-1", "\"-1\": not a decimal number");
	refuse("random_distribution=zipf:1.2:1.5", "the center must lie between 0 and 1");
	refuse("random_distribution=zipf:1.2:", "\"\": not a decimal number");
	refuse("random_distribution=zipf:.", "\".\": not a decimal number");
	refuse("random_distribution=zipf:1.2.3", "\"1.2.3\": not a decimal number");
	refuse("random_distribution=zipf:1e3", "\"1e3\": not a decimal number");
	refuse("random_distribution=zipf:1234567890123456",
	       "\"1234567890123456\": too many digits");
	/* Of very many decimals the last ones make no difference. */
	assert_true(rig_job_with("random_distribution=zipf:0.12345678901234567\n")
			    ->distribution_value - 0.12345678901234567 < 1e-15);
	assert_true(rig_job_with("random_distribution=zipf:0.00000000000000000000001\n")
			    ->distribution_value < 1e-22);
	refuse("random_distribution=zipfx", "\"zipfx\" is not one of random, zipf, pareto, "
					    "normal, zoned, zoned_abs");
}

static void assert_zones(const struct job *job, unsigned direction, const char *wanted)
{
	char text[256] = "";

	for (uint32_t i = 0; i < job->zone_count[direction]; i++)
		sprintf(text + strlen(text), "%u/%lu ", job->zones[direction][i].access_percent,
			job->zones[direction][i].size);
	assert_string_equal(text, wanted);
}

static void zones_stay_in_their_order(void **state)
{
	(void)state;
	const struct job *job = rig_job_with("random_distribution=zoned:50/5:30/15:20\n");
	assert_int_equal(job->distribution, JOB_ZONED);
	for (unsigned d = 0; d < DIR_COUNT; d++)
		assert_zones(job, d, "50/5 30/15 20/80 ");
	job = rig_job_with("random_distribution=zoned:10/50:90/50,100/100\n");
	assert_zones(job, DIR_READ, "10/50 90/50 ");
	assert_zones(job, DIR_TRIM, "100/100 ");
	job = rig_job_with("random_distribution=zoned_abs:60/10k:40/1g\n");
	assert_int_equal(job->distribution, JOB_ZONED_ABS);
	assert_zones(job, DIR_WRITE, "60/10240 40/1073741824 ");
	assert_zones(rig_job_with("random_distribution=zoned:50/10:25:25\n"), 0,
		     "50/10 25/45 25/45 ");
	/* Less than the whole is fine. */
	assert_zones(rig_job_with("random_distribution=zoned:60/10:40/20\n"), 0, "60/10 40/20 ");
}

static void zones_must_add_up(void **state)
{
	(void)state;
	refuse("random_distribution=zoned", "a value is missing");
	refuse("random_distribution=zoned:50/50", "access percentages add up to 50, not 100");
	refuse("random_distribution=zoned:60/90:40/20", "zones add up to more than 100 percent");
	refuse("random_distribution=zoned:60/100:40", "a zone has no size");
	refuse("random_distribution=zoned:60/101:40", "a zone larger than 100 percent");
	refuse("random_distribution=zoned:101/50", "101 is more than 100 percent");
	refuse("random_distribution=zoned_abs:60/10k:40", "a zone has no size");
	refuse("random_distribution=zoned:x/50", "\"x\": not a number");
}

/* --- patterns --- */

static void assert_pattern(const char *value, const char *wanted_hex)
{
	char options[2048], text[2 * JOB_PATTERN_BYTES + 1] = "";

	snprintf(options, sizeof(options), "verify_pattern=%s\n", value);
	const struct job *job = rig_job_with(options);
	assert_int_equal(job->verify, JOB_VERIFY_PATTERN);
	for (uint32_t i = 0; i < job->verify_pattern_bytes; i++)
		sprintf(text + 2 * i, "%02x", job->verify_pattern[i]);
	assert_string_equal(text, wanted_hex);
}

/* What fio wrote with the same values. */
static void patterns_are_fios(void **state)
{
	(void)state;
	assert_pattern("0xdeadbeef", "deadbeef");
	assert_pattern("0xabc", "0abc");
	assert_pattern("0xa", "0a");
	assert_pattern("0X12", "12");
	assert_pattern("0xabcdef0123456789abcdef", "abcdef0123456789abcdef");
	assert_pattern("0x00ff", "00ff");
	assert_pattern("300", "2c01");
	assert_pattern("65536", "000001");
	assert_pattern("010", "0a");
	assert_pattern("0", "00");
	assert_pattern("-0", "00");
	assert_pattern("2147483647", "ffffff7f");
	assert_pattern("-12", "f4ffffff");
	assert_pattern("\"abcd\"-12", "61626364f4ffffff");
	assert_pattern("1\"a\"2", "016102");
	assert_pattern("12 34", "0c22");
	assert_pattern("\"a b\"", "612062");
	assert_pattern("0xff\"abcd\"%o", "ff616263640000000000000000");
	/* A number ends where a hexadecimal one begins. */
	assert_pattern("\"abcd\"-120xdeadface", "61626364f4ffffffdeadface");
	assert_pattern("10x20", "0120");
	assert_pattern("00x1", "0001");
	assert_pattern("0xff0x14", "ff14");
	assert_pattern("120xdeadface0", "0c0deadface0");
	assert_pattern("+5 -1", "05ffffffff");
}

static void offsets_are_marked_where_they_begin(void **state)
{
	(void)state;
	const struct job *job = rig_job_with("verify_pattern=%o0xff%o\n");
	assert_int_equal(job->verify_pattern_bytes, 17);
	for (unsigned i = 0; i < JOB_PATTERN_BYTES; i++)
		assert_int_equal(job->verify_pattern_has_offset[i], i == 0 || i == 9);
	/* A later pattern forgets them. */
	job = rig_job_with("verify_pattern=%o\nverify_pattern=0xff\n");
	assert_false(job->verify_pattern_has_offset[0]);
	assert_int_equal(job->verify_pattern_bytes, 1);
}

static void bad_patterns_are_refused(void **state)
{
	char options[1200] = "verify_pattern=\"";

	(void)state;
	refuse("verify_pattern=abcd", "\"abcd\" is not \"text\", 0x.., a number or %o");
	refuse("verify_pattern=%x", "\"%x\" is not \"text\", 0x.., a number or %o");
	refuse("verify_pattern='x'", "\"'x'\" is not \"text\", 0x.., a number or %o");
	refuse("verify_pattern=5k", "\"k\" is not \"text\", 0x.., a number or %o");
	refuse("verify_pattern=0xg", "hexadecimal digits are missing");
	refuse("verify_pattern=\"a", "closing quote is missing");
	refuse("verify_pattern=\"", "closing quote is missing");
	refuse("verify_pattern=\"\"", "the pattern is empty");
	refuse("verify_pattern=-0x12", "\"-0x12\" is not \"text\", 0x.., a number or %o");
	refuse("verify_pattern=--5", "\"--5\" is not \"text\", 0x.., a number or %o");
	refuse("verify_pattern=0x0x12", "hexadecimal digits are missing");
	refuse("verify_pattern=10x", "hexadecimal digits are missing");
	refuse("verify_pattern=1 0x2", "\" 0x2\" is not \"text\", 0x.., a number or %o");
	refuse("verify_pattern=%o%o%o%o%o%o%o%o%o", "more than 8 times %o");
	refuse("verify_pattern=-", "\"-\" is not \"text\", 0x.., a number or %o");
	refuse("verify_pattern=2147483648", "2147483648 does not fit into 32 bits");
	refuse("verify_pattern=-2147483649", "-2147483649 does not fit into 32 bits");
	memset(options + strlen(options), 'x', JOB_PATTERN_BYTES);
	strcat(options, "\"");
	assert_int_equal(rig_job_with(options)->verify_pattern_bytes, JOB_PATTERN_BYTES);
	strcat(options, "%o");
	rig_assert_option_refused(options,
				  "t.fio:3: verify_pattern: pattern longer than 512 bytes");
}

static void a_buffer_pattern_ends_scrambling(void **state)
{
	(void)state;
	const struct job *job = rig_job_with("buffer_pattern=0xcafe\n");
	assert_int_equal(job->buffer_pattern_bytes, 2);
	assert_int_equal(job->buffer_pattern[0], 0xca);
	assert_false(job->scramble_buffers);
	assert_int_equal(job->verify, JOB_VERIFY_NONE);
	refuse("buffer_pattern=%o", "\"%o\" is not \"text\", 0x.., a number or %o");
	assert_true(rig_job_with("buffer_pattern=1\nscramble_buffers=1\n")->scramble_buffers);
	/* Zeroes are scrambled only where that is asked for. */
	assert_false(rig_job_with("zero_buffers\n")->scramble_buffers);
	assert_true(rig_job_with("scramble_buffers=1\nzero_buffers\n")->scramble_buffers);
	refuse("scramble_buffers=2", "2 is neither 0 nor 1");
}

static void a_buffer_pattern_survives_the_reads_of_a_mixed_job(void **state)
{
	(void)state;
	assert_true(rig_job_with("rw=randrw\nbuffer_pattern=1\n")->refill_buffers);
	assert_false(rig_job_with("rw=write\nrefill_buffers\nbuffer_pattern=1\n")->refill_buffers);
	assert_true(rig_job_with("rw=write\nbuffer_pattern=1\nrefill_buffers\n")->refill_buffers);
	assert_false(rig_job_with("zero_buffers\nbuffer_pattern=1\n")->zero_buffers);
}

static void a_verify_pattern_keeps_the_type_that_was_asked_for(void **state)
{
	(void)state;
	assert_int_equal(rig_job_with("verify=crc32c\nverify_pattern=1\n")->verify,
			 JOB_VERIFY_CRC32C);
	assert_int_equal(rig_job_with("verify_pattern=1\nverify=meta\n")->verify,
			 JOB_VERIFY_META);
	assert_int_equal(rig_job_with("verify=pattern\nverify_pattern=1\n")->verify,
			 JOB_VERIFY_PATTERN_NO_HEADER);
	assert_int_equal(rig_job_with("verify=crc32c-intel\n")->verify, JOB_VERIFY_CRC32C);
	assert_int_equal(rig_job_with("verify=null\n")->verify, JOB_VERIFY_NULL);
	assert_int_equal(rig_job_with("verify=0\n")->verify, JOB_VERIFY_NONE);
	assert_int_equal(rig_job_with("verify=0\nverify_pattern=1\n")->verify, JOB_VERIFY_NONE);
}

/* --- the rest --- */

static void percentiles_are_sorted_and_as_exact_as_written(void **state)
{
	static const double wanted[] = { 0.5, 50, 99, 99.9999, 100 };

	(void)state;
	const struct job *job = rig_job_with("percentile_list=99:100:0.5:99.9999:50.0\n");
	assert_int_equal(job->percentile_count, ARRAY_COUNT(wanted));
	for (uint32_t i = 0; i < job->percentile_count; i++)
		assert_true(job->percentiles[i] == wanted[i]);
	assert_int_equal(job->percentile_places, 4);
	job = rig_job_with("percentile_list=99.99999999\n");
	assert_true(job->percentiles[0] == 99.99999999);
	assert_int_equal(job->percentile_places, 8);
	job = rig_job_with("percentile_list=99.9999999999999999999999999\n");
	assert_true(job->percentiles[0] >= 99.9999999999999 && job->percentiles[0] <= 100);
	assert_int_equal(job->percentile_places, JOB_PERCENTILE_PLACES_MAX);
	job = rig_job_with("percentile_list=99%:.5:7.\n");
	assert_int_equal(job->percentile_count, 3);
	assert_true(job->percentiles[0] == 0.5 && job->percentiles[1] == 7);
	/* fio's list ends with a 0, wherever it stands. */
	job = rig_job_with("percentile_list=99:0:50\n");
	assert_int_equal(job->percentile_count, 1);
	assert_true(job->percentiles[0] == 99);
	assert_int_equal(rig_job_with("percentile_list=0\n")->percentile_count, 0);
	refuse("percentile_list=101", "101 is more than 100 percent");
	refuse("percentile_list=50:x", "\"x\": not a decimal number");
	refuse("percentile_list=50:", "\"\": not a decimal number");
	refuse("percentile_list=99,50", "\"99,50\": not a decimal number");
	refuse("percentile_list=1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17:18:19:20:21",
	       "more than 20 percentiles");
	assert_int_equal(rig_job_with("latency_percentile=99.9\n")->latency_percentile_micro,
			 99900000);
	refuse("latency_percentile=100.1", "100.1 is more than 100 percent");
}

static void cpus_are_listed_as_ranges(void **state)
{
	(void)state;
	rig_environment.cpus = 64;
	assert_int_equal(rig_job_with("cpus_allowed=0-2,5\n")->cpus_allowed, 0x27);
	assert_int_equal(rig_job_with("cpus_allowed=63\n")->cpus_allowed, 1ull << 63);
	assert_int_equal(rig_job_with("cpus_allowed=0-63\n")->cpus_allowed, UINT64_MAX);
	assert_int_equal(rig_job_with("cpumask=6\n")->cpus_allowed, 6);
	assert_true(rig_job_with("cpus_allowed=1\ncpus_allowed_policy=split\n")->cpus_split);
	refuse("cpus_allowed=64", "there is no CPU 64");
	refuse("cpus_allowed=2-1", "no CPU is left");
	refuse("cpus_allowed=x", "\"x\": not a number");
	refuse("cpus_allowed=1,,2", "\"\": a number is missing");
	refuse("cpus_allowed=1-", "\"\": a number is missing");
	rig_environment.cpus = 4;
	assert_int_equal(rig_job_with("cpus_allowed=3\n")->cpus_allowed, 8);
	refuse("cpus_allowed=0-4", "there is no CPU 4");
	refuse("cpumask=0", "no CPU is left");
	refuse("cpumask=0x10", "there is no CPU 4");
}

static void start_delays_may_be_ranges(void **state)
{
	(void)state;
	const struct job *job = rig_job_with("startdelay=5\n");
	assert_int_equal(job->startdelay_us_min, 5000000);
	assert_int_equal(job->startdelay_us_max, 5000000);
	job = rig_job_with("startdelay=10s-500ms\n");
	assert_int_equal(job->startdelay_us_min, 500000);
	assert_int_equal(job->startdelay_us_max, 10000000);
	refuse("startdelay=5-", "\"\": a time is missing");
}

static void the_later_mix_wins(void **state)
{
	(void)state;
	assert_int_equal(rig_job_with("rwmixread=70\n")->rwmixread, 70);
	assert_int_equal(rig_job_with("rwmixwrite=70\n")->rwmixread, 30);
	assert_int_equal(rig_job_with("rwmixread=70\nrwmixwrite=50\n")->rwmixread, 50);
	assert_int_equal(rig_job_with("rwmixwrite=50\nrwmixread=70\n")->rwmixread, 70);
	refuse("rwmixread=101", "101 is more than 100 percent");
	refuse("rwmixwrite=101", "101 is more than 100 percent");
}

static void errors_to_live_with_are_chosen(void **state)
{
	(void)state;
	const struct job *job = rig_job_with("continue_on_error=io\n");
	assert_true(job->continue_on_error_read && job->continue_on_error_write);
	assert_false(job->continue_on_error_verify);
	assert_true(job->continue_on_error_set);
	job = rig_job_with("continue_on_error=all\ncontinue_on_error=verify\n");
	assert_false(job->continue_on_error_read || job->continue_on_error_write);
	assert_true(job->continue_on_error_verify);
	assert_true(rig_job_with("continue_on_error=1\n")->continue_on_error_verify);
	assert_false(rig_job_with("continue_on_error=none\n")->continue_on_error_set);
	refuse("continue_on_error=foo",
	       "\"foo\" is not one of none, read, write, io, verify, all");
}

static void steady_states_have_a_limit(void **state)
{
	(void)state;
	assert_string_equal(rig_job_with("steadystate=iops:20%\n")->steadystate, "iops:20%");
	assert_string_equal(rig_job_with("ss=bw_slope:3k\n")->steadystate, "bw_slope:3k");
	const struct job *job = rig_job_with("ss=iops_slope:0.1%\nss_dur=30m\nss_ramp=5\n");
	assert_int_equal(job->steadystate_duration_s, 1800);
	assert_int_equal(job->steadystate_ramp_s, 5);
	refuse("steadystate=iops",
	       "\"iops\" is not iops, iops_slope, bw or bw_slope, then :LIMIT or :LIMIT%");
	refuse("steadystate=x:3",
	       "\"x:3\" is not iops, iops_slope, bw or bw_slope, then :LIMIT or :LIMIT%");
	refuse("steadystate=iops:x", "\"x\": not a decimal number");
	refuse("steadystate=iops:x%", "\"x\": not a decimal number");
}

static void logs_are_named_after_the_job(void **state)
{
	(void)state;
	const struct job *job = rig_job_with("write_bw_log\nwrite_lat_log=pre\nname=other\n");
	assert_string_equal(job->bw_log, "other");
	assert_string_equal(job->lat_log, "pre");
	assert_null(job->iops_log);
	assert_null(job->hist_log);
	job = rig_job_with("write_iops_log=i\nwrite_hist_log=h\n");
	assert_string_equal(job->iops_log, "i");
	assert_string_equal(job->hist_log, "h");
}

static void logs_lie_beside_the_result(void **state)
{
	(void)state;
	refuse("write_lat_log=dir/x", "\"dir/x\" names a folder; a log lies beside the result");
	refuse("write_bw_log=/x", "\"/x\" names a folder; a log lies beside the result");
}

static void a_page_cache_is_not_promised(void **state)
{
	(void)state;
	rig_job_with("direct=1\nbuffered=0\n");
	assert_string_equal(rig_warnings, "");
	rig_job_with("direct=0\n");
	assert_string_equal(rig_warnings, "fio: direct=0: no effect on this target (no page "
					  "cache: behaves as direct=1), ignored\n");
	rig_job_with("buffered=1\n");
	assert_string_equal(rig_warnings, "fio: buffered=1: no effect on this target (no page "
					  "cache: behaves as direct=1), ignored\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(disks_are_listed_with_colons),
		RIG_TEST(disks_of_several_lines_add_up),
		RIG_TEST(only_devices_are_disks),
		RIG_TEST(disks_have_a_limit),
		RIG_TEST(engines_are_of_three_kinds),
		RIG_TEST(directions_and_order_come_from_rw),
		RIG_TEST(rw_may_have_a_step),
		RIG_TEST(ranges_per_direction),
		RIG_TEST(splits_are_sorted_by_percent),
		RIG_TEST(splits_per_direction),
		RIG_TEST(missing_shares_are_equal_parts_of_the_rest),
		RIG_TEST(splits_have_64_entries),
		RIG_TEST(distributions_have_a_parameter_and_a_center),
		RIG_TEST(senseless_parameters_are_refused),
		RIG_TEST(zones_stay_in_their_order),
		RIG_TEST(zones_must_add_up),
		RIG_TEST(patterns_are_fios),
		RIG_TEST(offsets_are_marked_where_they_begin),
		RIG_TEST(bad_patterns_are_refused),
		RIG_TEST(a_buffer_pattern_ends_scrambling),
		RIG_TEST(a_buffer_pattern_survives_the_reads_of_a_mixed_job),
		RIG_TEST(a_verify_pattern_keeps_the_type_that_was_asked_for),
		RIG_TEST(percentiles_are_sorted_and_as_exact_as_written),
		RIG_TEST(cpus_are_listed_as_ranges),
		RIG_TEST(start_delays_may_be_ranges),
		RIG_TEST(the_later_mix_wins),
		RIG_TEST(errors_to_live_with_are_chosen),
		RIG_TEST(steady_states_have_a_limit),
		RIG_TEST(logs_are_named_after_the_job),
		RIG_TEST(logs_lie_beside_the_result),
		RIG_TEST(a_page_cache_is_not_promised),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
