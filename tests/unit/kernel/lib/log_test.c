/* SPDX-License-Identifier: MIT */
/*
 * The log: shape of a line, levels, what is too long, and the lock that must
 * not hang. The source is included under other names, since the tests'
 * support code has a log of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define log_write ours_log_write
#define log_raw ours_log_raw
#define log_set_sink ours_log_set_sink
#define log_set_level ours_log_set_level
#define log_kept ours_log_kept
#define log_kept_lost ours_log_kept_lost
#include "kernel/lib/log.c"

static char output[16384];
static size_t output_length;
static unsigned sink_calls;
static uint64_t time_ns, time_step_ns;

static void sink(const char *text, size_t length_bytes)
{
	assert_true(output_length + length_bytes < sizeof(output));
	memcpy(output + output_length, text, length_bytes);
	output_length += length_bytes;
	output[output_length] = '\0';
	sink_calls++;
}

static uint64_t test_now_ns(void)
{
	time_ns += time_step_ns;
	return time_ns;
}

static int setup(void **state)
{
	(void)state;
	output_length = 0;
	output[0] = '\0';
	sink_calls = 0;
	time_ns = 0;
	time_step_ns = 0;
	sink_lock = 0;
	kept_count = 0;
	log_set_level(LOG_INFO);
	log_set_sink(sink, test_now_ns);
	return 0;
}

static void line_has_time_unit_and_text_in_one_call(void **state)
{
	(void)state;
	time_ns = 12 * NS_PER_S + 345678 * NS_PER_US + 999;
	log_info("pci", "%d functions", 7);
	assert_string_equal(output, "[   12.345678] pci: 7 functions\n");
	assert_int_equal(sink_calls, 1);
	assert_int_equal(sink_lock, 0);
}

static void errors_and_warnings_say_so(void **state)
{
	(void)state;
	log_error("a", "x");
	log_warn("b", "y");
	assert_string_equal(output, "[    0.000000] a: error: x\n[    0.000000] b: warning: y\n");
}

static void levels_above_the_threshold_are_dropped(void **state)
{
	(void)state;
	log_debug("a", "x");
	assert_int_equal(sink_calls, 0);
	log_set_level(LOG_DEBUG);
	log_debug("a", "x");
	assert_int_equal(sink_calls, 1);
	log_set_level(LOG_ERROR);
	log_warn("a", "x");
	assert_int_equal(sink_calls, 1);
	log_error("a", "x");
	assert_int_equal(sink_calls, 2);
}

static void warnings_are_kept_for_the_result_whatever_the_level(void **state)
{
	(void)state;
	log_info("a", "x");
	log_warn("clock", "%d clocks", 1);
	log_set_level(LOG_ERROR);
	log_warn("acpi", "none");
	log_error("b", "z");
	assert_int_equal(sink_calls, 3);
	assert_string_equal(log_kept(0), "clock: warning: 1 clocks");
	assert_string_equal(log_kept(1), "acpi: warning: none");
	assert_string_equal(log_kept(2), "b: error: z");
	assert_null(log_kept(3));
	assert_int_equal(log_kept_lost(), 0);
}

static void the_first_warnings_are_kept_and_the_rest_counted(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LOG_KEPT_MAX + 3; i++)
		log_warn("a", "%300u", i);
	for (unsigned i = 0; i < LOG_KEPT_MAX; i++) {
		assert_int_equal(strlen(log_kept(i)), KEPT_BYTES - 1);
		assert_string_equal(log_kept(i) + KEPT_BYTES - 5, " ...");
	}
	assert_null(log_kept(LOG_KEPT_MAX));
	assert_int_equal(log_kept_lost(), 3);
}

static void long_line_is_cut_visibly_and_still_ends(void **state)
{
	/* The buffer also holds the newline and a NUL. */
	const int most = LINE_BYTES - 2 - (int)strlen("[    0.000000] unit: ");

	for (int length = most - 5; length < most + 5; length++) {
		setup(state);
		log_info("unit", "%*d", length, 1);
		assert_int_equal(output[output_length - 1], '\n');
		assert_null(memchr(output, '\n', output_length - 1));
		if (length > most) {
			assert_int_equal(output_length, LINE_BYTES - 1);
			assert_memory_equal(output + output_length - 5, " ...\n", 5);
		} else {
			assert_int_equal(output_length, LINE_BYTES - 1 - (most - length));
			assert_memory_equal(output + output_length - 3, " 1\n", 3);
		}
	}
}

static void long_unit_does_not_overflow(void **state)
{
	char unit[700];

	(void)state;
	memset(unit, 'u', sizeof(unit) - 1);
	unit[sizeof(unit) - 1] = '\0';
	log_info(unit, "text");
	assert_true(output_length <= LINE_BYTES);
	assert_int_equal(output[output_length - 1], '\n');
}

static void raw_text_passes_as_it_is(void **state)
{
	(void)state;
	log_raw("\r%3d %%", 50);
	assert_string_equal(output, "\r 50 %");
	log_raw("%*d", 2 * LINE_BYTES, 1);
	assert_memory_equal(output + output_length - 3, "...", 3);
}

static void without_a_sink_nothing_happens(void **state)
{
	(void)state;
	log_set_sink(NULL, NULL);
	log_info("a", "x");
	log_raw("x");
	assert_int_equal(sink_calls, 0);
}

static void lock_held_by_the_dead_is_waited_for_and_passed(void **state)
{
	(void)state;
	sink_lock = 1;
	time_step_ns = NS_PER_MS;
	log_info("a", "x");
	assert_int_equal(sink_calls, 1);
	assert_true(time_ns > LOCK_WAIT_NS);
	assert_true(time_ns < 2 * LOCK_WAIT_NS);
	/* It is not ours to open. */
	assert_int_equal(sink_lock, 1);
	log_set_sink(sink, NULL);
	log_info("a", "x");
	assert_int_equal(sink_calls, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(line_has_time_unit_and_text_in_one_call, setup),
		cmocka_unit_test_setup(errors_and_warnings_say_so, setup),
		cmocka_unit_test_setup(levels_above_the_threshold_are_dropped, setup),
		cmocka_unit_test_setup(warnings_are_kept_for_the_result_whatever_the_level, setup),
		cmocka_unit_test_setup(the_first_warnings_are_kept_and_the_rest_counted, setup),
		cmocka_unit_test_setup(long_line_is_cut_visibly_and_still_ends, setup),
		cmocka_unit_test_setup(long_unit_does_not_overflow, setup),
		cmocka_unit_test_setup(raw_text_passes_as_it_is, setup),
		cmocka_unit_test_setup(without_a_sink_nothing_happens, setup),
		cmocka_unit_test_setup(lock_held_by_the_dead_is_waited_for_and_passed, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
