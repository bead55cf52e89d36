/* SPDX-License-Identifier: MIT */
/* Numbers, sizes, ranges, times and fractions (bench/job/values.c), in options of each type. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/bench/job/job_rig.h"

static uint64_t number(const char *value)
{
	char options[128];
	snprintf(options, sizeof(options), "number_ios=%s\n", value);
	return rig_job_with(options)->number_ios;
}

static uint64_t runtime_us(const char *value)
{
	char options[128];
	snprintf(options, sizeof(options), "runtime=%s\n", value);
	return rig_job_with(options)->runtime_us;
}

static void refuse(const char *option, const char *reason)
{
	char options[256], line[256];
	snprintf(options, sizeof(options), "%s\n", option);
	snprintf(line, sizeof(line), "t.fio:3: %.*s: %s", (int)strcspn(option, "="), option,
		 reason);
	rig_assert_option_refused(options, line);
}

static void units_are_powers_of_1024(void **state)
{
	(void)state;
	assert_int_equal(number("4"), 4);
	assert_int_equal(number("010"), 10);
	assert_int_equal(number("0x10"), 16);
	assert_int_equal(number("0XfF"), 255);
	assert_int_equal(number("4k"), 4096);
	assert_int_equal(number("4K"), 4096);
	assert_int_equal(number("4ki"), 4096);
	assert_int_equal(number("4kB"), 4096);
	assert_int_equal(number("3m"), 3 << 20);
	assert_int_equal(number("3g"), 3ll << 30);
	assert_int_equal(number("3T"), 3ll << 40);
	assert_int_equal(number("3pb"), 3ll << 50);
	assert_int_equal(number("7b"), 7);
	assert_string_equal(rig_warnings, "");
}

static void kib_is_the_other_base(void **state)
{
	(void)state;
	assert_int_equal(number("4kib"), 4000);
	assert_string_equal(rig_warnings,
			    "t.fio:3: number_ios: \"4kib\" read as 4000, as fio does with "
			    "kb_base=1024\n");
	assert_int_equal(number("2MiB"), 2000000);
	assert_int_equal(rig_job_with("kb_base=1000\nnumber_ios=4k\n")->number_ios, 4000);
	assert_int_equal(rig_job_with("kb_base=1000\nnumber_ios=4kib\n")->number_ios, 4096);
	assert_string_equal(rig_warnings, "");
}

static void kb_base_counts_wherever_it_stands(void **state)
{
	(void)state;
	assert_int_equal(rig_job_with("number_ios=4k\nkb_base=1000\n")->number_ios, 4000);
	assert_int_equal(rig_job_with("kb_base=1000\nkb_base=1024\nnumber_ios=4k\n")->number_ios,
			 4096);
}

static void odd_units_are_read_as_fio_does_and_said(void **state)
{
	(void)state;
	assert_int_equal(number("4kx"), 4096);
	assert_string_equal(rig_warnings,
			    "t.fio:3: number_ios: \"4kx\" read as 4096, as fio does with "
			    "kb_base=1024\n");
	assert_int_equal(number("8s"), 8);
	assert_string_equal(rig_warnings,
			    "t.fio:3: number_ios: \"8s\" read as 8: unknown unit, ignored as in "
			    "fio\n");
	assert_int_equal(number("1e"), 1);
	assert_string_not_equal(rig_warnings, "");
}

static void numbers_that_stop_half_way_are_refused(void **state)
{
	(void)state;
	refuse("bs= 4k", "white space after '='");
	refuse("bs=\t4k", "white space after '='");
	refuse("bs=4 k", "\"4 k\": not a whole number with a unit");
	refuse("number_ios=1.5k", "\"1.5k\": not a whole number with a unit");
	refuse("number_ios=0x10k", "\"0x10k\": nothing may follow a hexadecimal number");
	refuse("number_ios=0x", "\"0x\": not a number");
	refuse("number_ios=50%", "\"50%\": not a whole number with a unit");
	refuse("number_ios=x", "\"x\": not a number");
	refuse("number_ios=k", "\"k\": not a number");
	refuse("number_ios=", "a value is missing");
	refuse("number_ios", "a value is missing");
	refuse("number_ios=-4", "\"-4\": must not be negative");
	refuse("number_ios=+4", "\"+4\": not a number");
	refuse("number_ios=1-2", "\"1-2\": not a whole number with a unit");
}

static void numbers_too_large_are_refused(void **state)
{
	(void)state;
	assert_int_equal(number("9223372036854775807"), INT64_MAX);
	refuse("number_ios=9223372036854775808",
	       "\"9223372036854775808\": number too large");
	refuse("number_ios=18446744073709551616",
	       "\"18446744073709551616\": number too large");
	refuse("number_ios=99999999999999999999999",
	       "\"99999999999999999999999\": number too large");
	refuse("number_ios=9007199254740992k", "\"9007199254740992k\": number too large");
	refuse("number_ios=8192p", "\"8192p\": number too large");
	refuse("number_ios=0x10000000000000000", "\"0x10000000000000000\": number too large");
	refuse("iodepth_low=2147483648",
	       "2147483648 is not between 0 and 2147483647");
	refuse("rate_cycle=4294967296", "4294967296 is not between 0 and 2147483647");
}

static void fio_says_that_it_failed_too(void **state)
{
	(void)state;
	rig_assert_option_refused("number_ios=x\n", "fio: failed parsing number_ios=x");
	assert_string_equal(rig_errors, "t.fio:3: number_ios: \"x\": not a number\n"
					"fio: failed parsing number_ios=x\n"
					"fio: job a dropped\n");
	rig_assert_option_refused("number_ios\n", "fio: failed parsing number_ios");
}

static void ranges_are_checked(void **state)
{
	(void)state;
	assert_int_equal(rig_job_with("iodepth=1\n")->iodepth, 1);
	refuse("iodepth=0", "0 is not between 1 and 65536");
	refuse("iodepth=65537", "65537 is not between 1 and 65536");
	refuse("bs=0", "0 is not between 1 and 1073741824");
	refuse("bs=4k,0", "0 is not between 1 and 1073741824");
	refuse("numjobs=0", "0 is not between 1 and 512");
	refuse("percentage_random=101", "101 is more than 100 percent");
	refuse("verify_interval=79", "79 is not between 80 and 2147483647");
	refuse("flow=1001", "1001 is not between 0 and 1000");
	refuse("prio=8", "8 is not between 0 and 7");
	refuse("log_entries=3", "3 is not between 1024 and 1048576");
}

static void one_value_per_direction(void **state)
{
	static const struct {
		const char *value;
		uint64_t read, write, trim;
	} cases[] = {
		/* As fio prints them. */
		{ "8k", 8192, 8192, 8192 },	 { "8k,", 8192, 4096, 4096 },
		{ ",8k", 4096, 8192, 8192 },	 { "4k,8k", 4096, 8192, 8192 },
		{ "8k,,16k", 8192, 4096, 16384 }, { "1k,2k,4k", 1024, 2048, 4096 },
		{ "4k-8k", 4096, 8192, 8192 },	 { "4k:8k", 4096, 8192, 8192 },
		{ ",,8k", 4096, 4096, 8192 },	 { "8k,,", 8192, 4096, 4096 },
	};
	char options[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		snprintf(options, sizeof(options), "bs=%s\n", cases[i].value);
		const struct job *job = rig_job_with(options);
		assert_int_equal(job->min_bs[DIR_READ], cases[i].read);
		assert_int_equal(job->min_bs[DIR_WRITE], cases[i].write);
		assert_int_equal(job->max_bs[DIR_TRIM], cases[i].trim);
	}
	refuse("bs=1k,2k,3k,4k", "more than 3 values");
	refuse("bs=,,,", "a number is missing");
	refuse("bs=-4k", "\"\": a number is missing");
	refuse("bs=4k-", "\"\": a number is missing");
	refuse("bs=1k--2k", "\"\": a number is missing");
}

static void an_empty_place_keeps_what_was_there(void **state)
{
	(void)state;
	const struct job *job = rig_job_with("bs=1k,2k,4k\nbs=,8k,\n");
	assert_int_equal(job->min_bs[DIR_READ], 1024);
	assert_int_equal(job->min_bs[DIR_WRITE], 8192);
	assert_int_equal(job->min_bs[DIR_TRIM], 4096);
	job = rig_job_with("rate=1m,2m\n");
	assert_int_equal(job->rate_bytes[DIR_READ], 1 << 20);
	assert_int_equal(job->rate_bytes[DIR_WRITE], 2 << 20);
	assert_int_equal(job->rate_bytes[DIR_TRIM], 2 << 20);
	job = rig_job_with("rate_iops=,500\n");
	assert_int_equal(job->rate_iops[DIR_READ], 0);
	assert_int_equal(job->rate_iops[DIR_WRITE], 500);
	job = rig_job_with("max_latency=3s,4ms\n");
	assert_int_equal(job->max_latency_us[DIR_READ], 3000000);
	assert_int_equal(job->max_latency_us[DIR_TRIM], 4000);
}

static void flags_are_bare_or_numbers(void **state)
{
	(void)state;
	assert_false(rig_job_with("")->norandommap);
	assert_true(rig_job_with("norandommap\n")->norandommap);
	assert_true(rig_job_with("norandommap=1\n")->norandommap);
	assert_true(rig_job_with("norandommap=2\n")->norandommap);
	assert_false(rig_job_with("norandommap\nnorandommap=0\n")->norandommap);
	refuse("norandommap=yes", "\"yes\": not a number");
	refuse("norandommap=", "a value is missing");
}

static void booleans_are_0_or_1(void **state)
{
	(void)state;
	assert_true(rig_job_with("")->randrepeat);
	assert_false(rig_job_with("randrepeat=0\n")->randrepeat);
	assert_true(rig_job_with("randrepeat=01\n")->randrepeat);
	assert_true(rig_job_with("end_fsync=0x1\n")->end_fsync);
	refuse("randrepeat", "a value is missing");
	refuse("randrepeat=2", "2 is neither 0 nor 1");
	refuse("randrepeat=yes", "\"yes\": not a number");
	refuse("direct", "a value is missing");
	refuse("direct=yes", "yes is neither 0 nor 1");
}

static void sizes_may_be_percent_of_the_device(void **state)
{
	(void)state;
	const struct job *job = rig_job_with("size=1g\noffset=25%\nio_size=100%\n");
	assert_int_equal(job->size.bytes, 1 << 30);
	assert_int_equal(job->size.percent, 0);
	assert_int_equal(job->offset.percent, 25);
	assert_int_equal(job->offset.bytes, 0);
	assert_int_equal(job->io_size.percent, 100);
	job = rig_job_with("size=50%\nsize=1m\noffset_increment=3%\n");
	assert_int_equal(job->size.bytes, 1 << 20);
	assert_int_equal(job->size.percent, 0);
	assert_int_equal(job->offset_increment.percent, 3);
	refuse("size=101%", "\"101%\": more than 100 percent");
	refuse("size=-5%", "\"-5\": must not be negative");
	refuse("size=%", "\"\": a number is missing");
	refuse("size=3z", "\"3z\": zones are not supported on this target");
	refuse("size=1.5g", "\"1.5g\": not a whole number with a unit");
	refuse("size=50%%", "\"50%\": not a whole number with a unit");
}

static void a_fraction_without_a_unit_is_dropped_and_said(void **state)
{
	(void)state;
	assert_int_equal(rig_job_with("rate=50.49\n")->rate_bytes[DIR_READ], 50);
	assert_non_null(strstr(rig_warnings, "\"50.49\" read as 50: a whole number, as in fio"));
	const struct job *job = rig_job_with("rate=1.5,2.5,3\n");
	assert_int_equal(job->rate_bytes[DIR_WRITE], 2);
	assert_int_equal(job->rate_bytes[DIR_TRIM], 3);
	assert_int_equal(rig_job_with("runtime=1.9\n")->runtime_us, 1000000);
	assert_int_equal(rig_job_with("fsync=4.\n")->fsync, 4);
	refuse("rate=50.49m", "\"50.49m\": not a whole number with a unit");
	refuse("rate=50.4.9", "\"50.4.9\": not a whole number with a unit");
	refuse("rate=.5", "\".5\": not a number");
	refuse("runtime=1.5s", "\"1.5s\": not a whole number with a unit");
}

static void percentages_may_carry_their_sign(void **state)
{
	(void)state;
	assert_int_equal(rig_job_with("rwmixread=70%\n")->rwmixread, 70);
	assert_non_null(strstr(rig_warnings, "70% read as 70 percent"));
	assert_int_equal(rig_job_with("rwmixwrite=30%\n")->rwmixread, 70);
	const struct job *job = rig_job_with("percentage_random=50%,20%\n");
	assert_int_equal(job->percentage_random[DIR_READ], 50);
	assert_int_equal(job->percentage_random[DIR_TRIM], 20);
	job = rig_job_with("bssplit=4k/30%:8k/70%\n");
	assert_int_equal(job->bssplit[DIR_READ][0].percent, 30);
	assert_int_equal(rig_job_with("latency_percentile=99.9%\n")->latency_percentile_micro,
			 99900000);
	refuse("rwmixread=101%", "101% is more than 100 percent");
	refuse("rwmixread=%", "\"\": a number is missing");
	refuse("iodepth=10%", "\"10%\": not a whole number with a unit");
}

static void times_have_their_own_units(void **state)
{
	(void)state;
	assert_int_equal(runtime_us("10"), 10000000);
	assert_int_equal(runtime_us("10s"), 10000000);
	assert_int_equal(runtime_us("10S"), 10000000);
	assert_int_equal(runtime_us("10m"), 600000000);
	assert_int_equal(runtime_us("1h"), 3600000000);
	assert_int_equal(runtime_us("1d"), 86400000000);
	assert_int_equal(runtime_us("10ms"), 10000);
	assert_int_equal(runtime_us("10msec"), 10000);
	assert_int_equal(runtime_us("10us"), 10);
	assert_int_equal(runtime_us("10usec"), 10);
	assert_int_equal(runtime_us("0"), 0);
	assert_string_equal(rig_warnings, "");
	assert_int_equal(rig_job_with("thinktime=5\n")->thinktime_us, 5);
	assert_int_equal(rig_job_with("thinktime=5ms\n")->thinktime_us, 5000);
	assert_int_equal(rig_job_with("thinktime_iotime=3\n")->thinktime_iotime_us, 3000000);
	assert_int_equal(rig_job_with("latency_target=100\n")->latency_target_us, 100);
	assert_int_equal(rig_job_with("flow_sleep=100\n")->flow_sleep_us, 100);
}

static void unknown_time_units_are_microseconds_and_said(void **state)
{
	(void)state;
	assert_int_equal(runtime_us("2x"), 2);
	assert_string_equal(rig_warnings,
			    "t.fio:3: runtime: \"2x\" read as 2 us: unknown unit, as in fio\n");
	assert_int_equal(runtime_us("10sec"), 10);
	refuse("runtime=1.5s", "\"1.5s\": not a whole number with a unit");
	refuse("runtime=0x10", "\"0x10\": times are decimal");
	refuse("runtime=-5", "\"-5\": must not be negative");
	refuse("runtime=1:30", "\"1:30\": not a whole number with a unit");
	refuse("runtime=999999999999d", "\"999999999999d\": time too long");
	refuse("runtime=9223372036854776us", "\"9223372036854776us\": time too long");
	refuse("runtime=", "a value is missing");
	refuse("thinktime=,", "\",\": not a number");
}

static void choices_match_exactly(void **state)
{
	(void)state;
	assert_int_equal(rig_job_with("sync=dsync\n")->sync, JOB_SYNC_DSYNC);
	assert_int_equal(rig_job_with("sync=1\n")->sync, JOB_SYNC_SYNC);
	assert_int_equal(rig_job_with("sync=1\nsync=0\n")->sync, JOB_SYNC_NONE);
	refuse("sync=Sync", "\"Sync\" is not one of none, 0, sync, 1, dsync");
	refuse("sync=dsyn", "\"dsyn\" is not one of none, 0, sync, 1, dsync");
	refuse("sync=dsyncx", "\"dsyncx\" is not one of none, 0, sync, 1, dsync");
	assert_int_equal(rig_job_with("verify=crc32c,md5\n")->verify, JOB_VERIFY_CRC32C);
	assert_string_equal(rig_warnings,
			    "t.fio:3: verify: what follows crc32c is ignored\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(units_are_powers_of_1024),
		RIG_TEST(kib_is_the_other_base),
		RIG_TEST(kb_base_counts_wherever_it_stands),
		RIG_TEST(odd_units_are_read_as_fio_does_and_said),
		RIG_TEST(numbers_that_stop_half_way_are_refused),
		RIG_TEST(numbers_too_large_are_refused),
		RIG_TEST(fio_says_that_it_failed_too),
		RIG_TEST(ranges_are_checked),
		RIG_TEST(one_value_per_direction),
		RIG_TEST(an_empty_place_keeps_what_was_there),
		RIG_TEST(flags_are_bare_or_numbers),
		RIG_TEST(booleans_are_0_or_1),
		RIG_TEST(sizes_may_be_percent_of_the_device),
		RIG_TEST(a_fraction_without_a_unit_is_dropped_and_said),
		RIG_TEST(percentages_may_carry_their_sign),
		RIG_TEST(times_have_their_own_units),
		RIG_TEST(unknown_time_units_are_microseconds_and_said),
		RIG_TEST(choices_match_exactly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
