/* SPDX-License-Identifier: MIT */
/*
 * Reporting groups and derived figures. That single entries come out as fio's
 * is tested against fio itself (tests/differential/test_report_schema.py).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bench/report/report_impl.h"

#define JOBS 5

static struct job jobs[JOBS];
static struct stats_job stats[JOBS], copies[JOBS];
static struct report_job report_jobs[JOBS];
static struct job_set set;
static struct report_run run;
static char output[1 << 20];
static size_t used;

/* Job n has read n + 1 KiB in (n + 1) * 100 ms with one latency of n + 1 us. */
static int setup(void **state)
{
	(void)state;
	memset(jobs, 0, sizeof(jobs));
	memset(stats, 0, sizeof(stats));
	memset(&run, 0, sizeof(run));
	set = (struct job_set){ .jobs = jobs, .job_count = JOBS };
	run = (struct report_run){ .set = &set, .jobs = report_jobs };
	for (unsigned i = 0; i < JOBS; i++) {
		struct stats_direction *read = &stats[i].direction[DIR_READ];

		snprintf(jobs[i].name, sizeof(jobs[i].name), "job%u", i);
		jobs[i].clat_percentiles = true;
		jobs[i].percentiles[0] = 50;
		jobs[i].percentile_count = 1;
		jobs[i].thread_number = i + 1;
		read->io_bytes = 1024 * (i + 1);
		read->total_ios = i + 1;
		read->runtime_ms = 100 * (i + 1);
		stats_latency_add(&read->clat, 1000 * (i + 1));
		report_jobs[i] = (struct report_job){ .job = &jobs[i], .stats = &stats[i] };
	}
	used = 0;
	return 0;
}

static void set_groups(const uint32_t *groups, const bool *reporting)
{
	for (unsigned i = 0; i < JOBS; i++) {
		jobs[i].group_id = groups[i];
		jobs[i].group_reporting = reporting[i];
	}
}

/* "0+1 2 3+4" */
static void assert_entries(const char *wanted)
{
	struct report_entry entry = { 0 };
	char text[64] = "";

	while (report_entry_next(&run, &entry)) {
		uint32_t first = (uint32_t)(entry.first - report_jobs);

		if (*text)
			strcat(text, " ");
		for (uint32_t i = 0; i < entry.members; i++)
			sprintf(text + strlen(text), "%s%u", i ? "+" : "", first + i);
	}
	assert_string_equal(text, wanted);
}

static void jobs_join_the_entry_before_when_they_report_as_its_group(void **state)
{
	(void)state;
	set_groups((uint32_t[]){ 0, 0, 0, 0, 0 }, (bool[]){ 0, 0, 0, 0, 0 });
	assert_entries("0 1 2 3 4");
	set_groups((uint32_t[]){ 0, 0, 0, 0, 0 }, (bool[]){ 1, 1, 1, 1, 1 });
	assert_entries("0+1+2+3+4");
	set_groups((uint32_t[]){ 0, 0, 1, 1, 1 }, (bool[]){ 1, 1, 1, 1, 1 });
	assert_entries("0+1 2+3+4");
	/* The first of an entry need not have the flag. */
	set_groups((uint32_t[]){ 0, 0, 0, 1, 1 }, (bool[]){ 0, 1, 0, 1, 0 });
	assert_entries("0+1 2 3 4");
	set.job_count = 0;
	assert_entries("");
}

static void an_entry_has_the_sums_of_its_members_and_leaves_them_alone(void **state)
{
	struct report_entry entry = { 0 };

	(void)state;
	set_groups((uint32_t[]){ 0, 0, 0, 1, 1 }, (bool[]){ 1, 1, 1, 1, 1 });
	stats[1].error = 84;
	stats[2].error = 5;
	memcpy(copies, stats, sizeof(stats));
	assert_true(report_entry_next(&run, &entry));
	assert_int_equal(entry.stats->direction[DIR_READ].io_bytes, 6 * 1024);
	assert_int_equal(entry.stats->direction[DIR_READ].runtime_ms, 300);
	assert_int_equal(entry.stats->direction[DIR_READ].clat.count, 3);
	assert_int_equal(entry.stats->direction[DIR_READ].clat.max_ns, 3000);
	assert_int_equal(entry.stats->error, 84);
	assert_true(report_entry_next(&run, &entry));
	assert_int_equal(entry.stats->direction[DIR_READ].io_bytes, 9 * 1024);
	assert_false(report_entry_next(&run, &entry));
	assert_memory_equal(copies, stats, sizeof(stats));
}

static void a_merged_entry_has_the_first_name_and_the_last_options(void **state)
{
	struct report_entry entry = { 0 };

	(void)state;
	set_groups((uint32_t[]){ 0, 0, 0, 1, 1 }, (bool[]){ 1, 1, 1, 1, 1 });
	assert_true(report_entry_next(&run, &entry));
	assert_ptr_equal(entry.first->job, &jobs[0]);
	assert_ptr_equal(entry.last->job, &jobs[2]);
	assert_true(report_entry_next(&run, &entry));
	assert_ptr_equal(entry.first->job, &jobs[3]);
	assert_ptr_equal(entry.last->job, &jobs[4]);
}

static void unified_reporting_adds_the_directions(void **state)
{
	struct report_entry entry = { 0 };

	(void)state;
	jobs[0].unified_both = true;
	stats[0].direction[DIR_WRITE] = stats[1].direction[DIR_READ];
	stats[0].direction[DIR_TRIM] = stats[2].direction[DIR_READ];
	assert_true(report_entry_next(&run, &entry));
	assert_non_null(entry.mixed);
	assert_int_equal(entry.mixed->io_bytes, 6 * 1024);
	assert_int_equal(entry.mixed->total_ios, 6);
	assert_int_equal(entry.mixed->clat.count, 3);
	assert_int_equal(entry.mixed->runtime_ms, 300);
	assert_true(report_entry_next(&run, &entry));
	assert_null(entry.mixed);
}

static void group_totals_span_entries(void **state)
{
	struct report_group group;

	(void)state;
	set_groups((uint32_t[]){ 0, 0, 0, 1, 1 }, (bool[]){ 0, 0, 1, 0, 0 });
	/* entries of group 0: job0 (1 KiB in 0.1 s), job1+job2 (5 KiB in 0.3 s) */
	report_group_totals(&run, 0, DIR_READ, &group);
	assert_int_equal(group.io_bytes, 6 * 1024);
	assert_int_equal(group.min_run_ms, 100);
	assert_int_equal(group.max_run_ms, 300);
	assert_int_equal(group.min_bw, 10240);
	assert_int_equal(group.max_bw, 5 * 1024 * 1000 / 300);
	assert_int_equal(group.bw, 6 * 1024 * 1000 / 300);
	report_group_totals(&run, 0, DIR_WRITE, &group);
	assert_int_equal(group.max_run_ms, 0);
	report_group_totals(&run, 0, DIR_COUNT, &group);
	assert_int_equal(group.io_bytes, 6 * 1024);
	report_group_totals(&run, 1, DIR_READ, &group);
	assert_int_equal(group.io_bytes, 9 * 1024);
}

static void rates_do_not_overflow(void **state)
{
	(void)state;
	assert_int_equal(report_rate(5, 0), 0);
	assert_int_equal(report_rate(5, 1000), 5);
	assert_int_equal(report_rate(1ull << 62, 1000), 1ull << 62);
	assert_int_equal(report_rate(1ull << 62, 1), UINT64_MAX);
}

/* Latencies of 1 ns to 4 s, one each decade and range; exact below 512 ns. */
static void latency_ranges_add_up(void **state)
{
	static const uint64_t ns[] = { 0, 1, 2, 9, 249, 250, 499, 5000, 100000, 30000000,
				       1900000000, 2100000000, 4000000000 };
	double percent[REPORT_RANGES], sum = 0;

	(void)state;
	memset(&stats[0], 0, sizeof(stats[0]));
	for (size_t i = 0; i < ARRAY_COUNT(ns); i++)
		stats_latency_add(&stats[0].direction[i % 3].clat, ns[i]);
	report_latency_ranges(&stats[0], percent);
	for (unsigned i = 0; i < REPORT_RANGES; i++)
		sum += percent[i];
	assert_true(sum > 99.9 && sum < 100.1);
	const double one = 100.0 / (double)ARRAY_COUNT(ns);

	assert_true(percent[0] > 1.99 * one && percent[0] < 2.01 * one); /* below 2 ns */
	assert_true(percent[1] > 0.99 * one && percent[1] < 1.01 * one); /* 2, 3 */
	assert_true(percent[6] > 0.99 * one && percent[6] < 1.01 * one); /* 100..249 */
	assert_true(percent[7] > 1.99 * one && percent[7] < 2.01 * one); /* 250..499 */
	assert_true(percent[31] > 1.99 * one && percent[31] < 2.01 * one); /* from 2 s */
}

static void times_are_dates(void **state)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} cases[] = {
		{ 0, "Thu Jan  1 00:00:00 1970" },
		{ 951782400, "Tue Feb 29 00:00:00 2000" },
		{ 1795227718, "Sat Nov 21 02:21:58 2026" },
		{ 4107542399, "Sun Feb 28 23:59:59 2100" },
		{ 4107542400, "Mon Mar  1 00:00:00 2100" },
	};
	char text[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		report_time_format(text, cases[i].seconds);
		assert_string_equal(text, cases[i].text);
	}
	report_time_format(text, UINT64_MAX); /* no date, no harm */
}

static void keep(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	used += (size_t)vsnprintf(output + used, sizeof(output) - used, format, arguments);
	va_end(arguments);
	assert_true(used < sizeof(output));
	assert_int_equal(output[used - 1], '\n');
}

static void long_names_are_cut_not_overrun(void **state)
{
	(void)state;
	memset(jobs[0].name, 'n', sizeof(jobs[0].name) - 1);
	jobs[0].description = "d01234567890123456789012345678901234567890123456789012345678901"
			      "d01234567890123456789012345678901234567890123456789012345678901"
			      "d01234567890123456789012345678901234567890123456789012345678901"
			      "d01234567890123456789012345678901234567890123456789012345678901"
			      "d01234567890123456789012345678901234567890123456789012345678901";
	report_text(&run, keep);
	assert_non_null(strstr(output, "nnnn: (groupid=0, jobs=1): err= 0: pid=1"));
	assert_non_null(strstr(output, "Run status group 0 (all jobs):\n   READ: bw="));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(jobs_join_the_entry_before_when_they_report_as_its_group,
				       setup),
		cmocka_unit_test_setup(an_entry_has_the_sums_of_its_members_and_leaves_them_alone,
				       setup),
		cmocka_unit_test_setup(a_merged_entry_has_the_first_name_and_the_last_options,
				       setup),
		cmocka_unit_test_setup(unified_reporting_adds_the_directions, setup),
		cmocka_unit_test_setup(group_totals_span_entries, setup),
		cmocka_unit_test_setup(rates_do_not_overflow, setup),
		cmocka_unit_test_setup(latency_ranges_add_up, setup),
		cmocka_unit_test_setup(times_are_dates, setup),
		cmocka_unit_test_setup(long_names_are_cut_not_overrun, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
