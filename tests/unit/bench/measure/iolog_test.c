/* SPDX-License-Identifier: MIT */
/* Log files: entries, windows, histograms, what does not fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/measure/iolog.h"

static struct job job;
static struct iolog log_;
static void *memory;
static char text[1 << 20];
static size_t used;

static void collect(const char *piece, size_t length)
{
	assert_true(used + length < sizeof(text));
	memcpy(text + used, piece, length);
	used += length;
	text[used] = '\0';
}

static void begin(void)
{
	free(memory);
	memory = calloc(1, iolog_memory_bytes(&job));
	assert_non_null(memory);
	iolog_init(&log_, &job, memory);
}

static int reset(void **state)
{
	(void)state;
	memset(&job, 0, sizeof(job));
	job.per_job_logs = true;
	job.thread_number = 3;
	job.max_bs[DIR_READ] = 8192;
	used = 0;
	return 0;
}

static void add(unsigned direction, uint64_t clat_ns, uint32_t bytes, uint64_t ms)
{
	struct iolog_io io = { .offset_bytes = 12288, .slat_ns = 1000, .clat_ns = clat_ns,
			       .length_bytes = bytes, .direction = (uint8_t)direction };

	iolog_add(&log_, &io, ms);
}

static void nothing_is_wanted_by_default(void **state)
{
	(void)state;
	assert_false(iolog_is_wanted(&job));
	job.hist_log = "h"; /* needs log_hist_msec, as in fio */
	assert_false(iolog_is_wanted(&job));
	job.log_hist_msec = 100;
	assert_true(iolog_is_wanted(&job));
}

static void every_io_is_an_entry(void **state)
{
	(void)state;
	job.lat_log = "p";
	job.bw_log = "q";
	begin();
	add(DIR_READ, 99000, 4096, 7);
	add(DIR_WRITE, 199000, 8192, 9);
	iolog_end(&log_, 10);
	iolog_write(&log_, collect);
	assert_string_equal(text,
			    "-----BEGIN RINGBOLT LOG q_bw.3.log-----\n"
			    "7, 40960, 0, 4096, 0\n9, 40960, 1, 8192, 0\n"
			    "-----END RINGBOLT LOG-----\n"
			    "-----BEGIN RINGBOLT LOG p_lat.3.log-----\n"
			    "7, 100000, 0, 4096, 0\n9, 200000, 1, 8192, 0\n"
			    "-----END RINGBOLT LOG-----\n"
			    "-----BEGIN RINGBOLT LOG p_slat.3.log-----\n"
			    "7, 1000, 0, 4096, 0\n9, 1000, 1, 8192, 0\n"
			    "-----END RINGBOLT LOG-----\n"
			    "-----BEGIN RINGBOLT LOG p_clat.3.log-----\n"
			    "7, 99000, 0, 4096, 0\n9, 199000, 1, 8192, 0\n"
			    "-----END RINGBOLT LOG-----\n");
}

static void offsets_and_common_files(void **state)
{
	(void)state;
	job.iops_log = "p";
	job.log_offset = true;
	job.per_job_logs = false;
	begin();
	add(DIR_TRIM, 0, 512, 1);
	iolog_write(&log_, collect);
	assert_string_equal(text, "-----BEGIN RINGBOLT LOG p_iops.log-----\n"
				  "1, 1, 2, 512, 12288, 0\n-----END RINGBOLT LOG-----\n");
}

static void windows_are_averaged_and_the_last_counts(void **state)
{
	(void)state;
	job.bw_log = job.iops_log = job.lat_log = "p";
	job.log_avg_msec = 100;
	begin();
	for (unsigned i = 0; i < 50; i++)
		add(DIR_READ, i % 2 ? 1000 : 3000, 4096, i);
	add(DIR_READ, 9000, 4096, 100);
	iolog_end(&log_, 200);
	iolog_write(&log_, collect);
	assert_non_null(strstr(text, "p_bw.3.log-----\n100, 2000, 0, 0, 0\n200, 40, 0, 0, 0\n--"));
	assert_non_null(strstr(text, "p_iops.3.log-----\n100, 500, 0, 0, 0\n200, 10, 0, 0, 0\n--"));
	assert_non_null(strstr(text, "p_clat.3.log-----\n"
				     "100, 2000, 0, 0, 0\n200, 9000, 0, 0, 0\n"));
}

static void means_are_rounded(void **state)
{
	(void)state;
	job.lat_log = "p";
	job.log_avg_msec = 100;
	begin();
	add(DIR_READ, 1000, 4096, 1);
	add(DIR_READ, 1001, 4096, 2);
	add(DIR_READ, 1001, 4096, 3);
	iolog_end(&log_, 50);
	iolog_write(&log_, collect);
	assert_non_null(strstr(text, "p_clat.3.log-----\n50, 1001, 0, 0, 0\n"));
}

static void the_greatest_may_be_wanted(void **state)
{
	(void)state;
	job.lat_log = "p";
	job.log_avg_msec = 100;
	job.log_max_value = true;
	begin();
	add(DIR_READ, 1000, 4096, 1);
	add(DIR_READ, 7000, 4096, 2);
	iolog_end(&log_, 50);
	iolog_write(&log_, collect);
	assert_non_null(strstr(text, "p_clat.3.log-----\n50, 7000, 0, 0, 0\n"));
}

static void histograms_are_increments(void **state)
{
	unsigned commas = 0;

	(void)state;
	job.hist_log = "p";
	job.log_hist_msec = 100;
	begin();
	add(DIR_READ, 1, 4096, 1);
	add(DIR_READ, 0, 4096, 150);
	iolog_end(&log_, 160);
	iolog_write(&log_, collect);
	char *first = strstr(text, "p_clat_hist.3.log-----\n150, 0, 8192, 0, 1, 0,");
	assert_non_null(first);
	char *second = strstr(first, "\n160, 0, 8192, 1, 0, 0,");
	assert_non_null(second);
	for (char *at = second; *at && at < strstr(second, "\n---"); at++)
		commas += *at == ',';
	assert_int_equal(commas, 2 + STATS_BINS);
}

static void coarse_histograms_add_neighbours(void **state)
{
	(void)state;
	job.hist_log = "p";
	job.log_hist_msec = 100;
	job.log_hist_coarseness = 1;
	begin();
	add(DIR_READ, 0, 4096, 1);
	add(DIR_READ, 1, 4096, 1);
	iolog_end(&log_, 160);
	iolog_write(&log_, collect);
	assert_non_null(strstr(text, "\n160, 0, 8192, 2, 0,"));
}

static void what_does_not_fit_is_counted(void **state)
{
	(void)state;
	job.iops_log = "p";
	begin();
	for (unsigned i = 0; i < IOLOG_RECORDS + 5; i++)
		add(DIR_READ, 1, 512, 1);
	assert_int_equal(log_.count, IOLOG_RECORDS);
	assert_int_equal(log_.lost, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_is_wanted_by_default, reset),
		cmocka_unit_test_setup(every_io_is_an_entry, reset),
		cmocka_unit_test_setup(offsets_and_common_files, reset),
		cmocka_unit_test_setup(windows_are_averaged_and_the_last_counts, reset),
		cmocka_unit_test_setup(means_are_rounded, reset),
		cmocka_unit_test_setup(the_greatest_may_be_wanted, reset),
		cmocka_unit_test_setup(histograms_are_increments, reset),
		cmocka_unit_test_setup(coarse_histograms_add_neighbours, reset),
		cmocka_unit_test_setup(what_does_not_fit_is_counted, reset),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free(memory);
	return failed;
}
