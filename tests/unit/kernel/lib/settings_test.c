/* SPDX-License-Identifier: MIT */
/* Settings: both texts, every kind of mistake, and that a mistake changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/lib/err.h"
#include "kernel/lib/log.h"
#include "kernel/lib/settings.h"

static struct settings settings;
static struct settings_error error;

static int setup(void **state)
{
	(void)state;
	settings_set_defaults(&settings);
	memset(&error, 0, sizeof(error));
	return 0;
}

static int config(const char *text)
{
	return settings_parse_config(&settings, "ringbolt.conf", text, strlen(text), &error);
}

static int command_line(const char *text)
{
	return settings_parse_command_line(&settings, text, strlen(text), &error);
}

static void config_is_refused_with(const char *text, const char *message)
{
	struct settings before = settings;

	assert_int_equal(config(text), -ERR_INVALID);
	assert_string_equal(error.text, message);
	assert_memory_equal(&settings, &before, sizeof(before));
}

static void defaults_are_interrupts_and_all_that_the_device_has(void **state)
{
	(void)state;
	assert_int_equal(settings.completion, COMPLETION_IRQ);
	assert_int_equal(settings.interrupts, INTERRUPTS_AUTO);
	assert_int_equal(settings.ring, RING_AUTO);
	assert_int_equal(settings.indirect, 1);
	assert_int_equal(settings.event_idx, 1);
	assert_int_equal(settings.queues, 0);
	assert_int_equal(settings.sched, SCHED_NONE);
	assert_int_equal(settings.engine, ENGINE_BLK);
	assert_int_equal(settings.log, LOG_INFO);
	assert_int_equal(settings.request_timeout_ms, 10000);
	assert_int_equal(settings.fio_version, FIO_3_41); /* the newest that is known */
}

static void config_sets_every_line_and_skips_comments(void **state)
{
	(void)state;
	assert_int_equal(config("# a comment = 1\r\n\n  completion = adaptive  # why\r\n"
				"queues=64\nlog=debug"), 0);
	assert_int_equal(settings.completion, COMPLETION_ADAPTIVE);
	assert_int_equal(settings.queues, 64);
	assert_int_equal(settings.log, LOG_DEBUG);
}

static void empty_texts_change_nothing(void **state)
{
	(void)state;
	struct settings before = settings;

	assert_int_equal(config(""), 0);
	assert_int_equal(command_line("  \t \n"), 0);
	assert_memory_equal(&settings, &before, sizeof(before));
}

static void command_line_words_are_separated_by_any_white_space(void **state)
{
	(void)state;
	assert_int_equal(command_line("  ring=packed\tindirect=off\nqueue_size=2 "), 0);
	assert_int_equal(settings.ring, RING_PACKED);
	assert_int_equal(settings.indirect, 0);
	assert_int_equal(settings.queue_size, 2);
}

static void later_layers_win(void **state)
{
	(void)state;
	assert_int_equal(config("sched=deadline\nsched=none\nengine=floor\n"), 0);
	assert_int_equal(settings.sched, SCHED_NONE);
	assert_int_equal(command_line("engine=blk"), 0);
	assert_int_equal(settings.engine, ENGINE_BLK);
}

static void unknown_key_is_named_with_file_and_line(void **state)
{
	(void)state;
	config_is_refused_with("queues=1\n\nqueue=2\n", "ringbolt.conf:3: queue: unknown key");
}

static void keys_match_whole_words_only(void **state)
{
	(void)state;
	config_is_refused_with("completions=irq", "ringbolt.conf:1: completions: unknown key");
	config_is_refused_with("=irq", "ringbolt.conf:1: : unknown key");
	config_is_refused_with("LOG=info", "ringbolt.conf:1: LOG: unknown key");
}

static void wrong_word_is_answered_with_the_right_ones(void **state)
{
	(void)state;
	config_is_refused_with("completion=polled",
			       "ringbolt.conf:1: completion: "
			       "must be irq|poll|adaptive, not 'polled'");
	config_is_refused_with("completion=po",
			       "ringbolt.conf:1: completion: must be irq|poll|adaptive, not 'po'");
	config_is_refused_with("indirect=1", "ringbolt.conf:1: indirect: must be off|on, not '1'");
}

static void numbers_are_checked_at_both_ends(void **state)
{
	(void)state;
	assert_int_equal(config("queue_size=2\nqueue_size=32768\nqueue_size=0\nqueues=1"), 0);
	config_is_refused_with("queue_size=1",
			       "ringbolt.conf:1: queue_size: must be 2..32768 or 0, not '1'");
	config_is_refused_with("queue_size=32769",
			       "ringbolt.conf:1: queue_size: must be 2..32768 or 0, not '32769'");
	config_is_refused_with("ram_disk_mib=0",
			       "ringbolt.conf:1: ram_disk_mib: must be 1..65536, not '0'");
}

static void of_a_list_by_disk_the_last_one_goes_for_the_rest(void **state)
{
	(void)state;
	assert_int_equal(config("disk_queue_size=64,0,256"), 0);
	assert_int_equal(settings.disk_queue_size[0], 64);
	assert_int_equal(settings.disk_queue_size[1], 0);
	for (unsigned disk = 2; disk < SETTINGS_DISKS_MAX; disk++)
		assert_int_equal(settings.disk_queue_size[disk], 256);
	assert_int_equal(config("disk_queue_size=16"), 0);
	for (unsigned disk = 0; disk < SETTINGS_DISKS_MAX; disk++)
		assert_int_equal(settings.disk_queue_size[disk], 16);
}

static void a_list_is_of_numbers_and_no_longer_than_there_can_be_disks(void **state)
{
	(void)state;
	char text[40 + 2 * SETTINGS_DISKS_MAX] = "disk_queue_size=2";
	static const char *const wrong[] = {
		"disk_queue_size=64,",	"disk_queue_size=,64",	"disk_queue_size=64,,2",
		"disk_queue_size=64,1", "disk_queue_size=64,x", "queues=1,2",
	};

	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(config(wrong[i]), -ERR_INVALID);
	for (unsigned disk = 1; disk < SETTINGS_DISKS_MAX; disk++)
		strcat(text, ",2");
	assert_int_equal(config(text), 0);
	assert_int_equal(config(strcat(text, ",2")), -ERR_INVALID);
	assert_int_equal(settings.disk_queue_size[SETTINGS_DISKS_MAX - 1], 2);
}

static void what_is_not_a_number_is_refused(void **state)
{
	(void)state;
	static const char *const texts[] = { "queues=",   "queues=-1", "queues=0x4",  "queues=4k",
					     "queues=1 2", "queues=+1", "queues=4294967297",
					     "queues=18446744073709551617" };

	for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
		assert_int_equal(config(texts[i]), -ERR_INVALID);
	assert_int_equal(settings.queues, 0);
}

static void word_without_equals_sign_is_refused(void **state)
{
	(void)state;
	config_is_refused_with("poll\n", "ringbolt.conf:1: poll: expected key=value");
	assert_int_equal(command_line("queues=2 quiet"), -ERR_INVALID);
	assert_string_equal(error.text, "command line: quiet: expected key=value");
	assert_int_equal(settings.queues, 0);
}

static void a_mistake_in_the_last_line_undoes_the_first(void **state)
{
	(void)state;
	config_is_refused_with("queues=7\nring=split\nring=round\n",
			       "ringbolt.conf:3: ring: must be auto|split|packed, not 'round'");
}

static void messages_show_no_control_bytes_and_stay_short(void **state)
{
	(void)state;
	char text[2000];

	config_is_refused_with("a\033[2Jb=1", "ringbolt.conf:1: a?[2Jb: unknown key");
	memset(text, 'x', sizeof(text));
	assert_int_equal(settings_parse_config(&settings, "f", text, sizeof(text), &error),
			 -ERR_INVALID);
	assert_true(strlen(error.text) < 100);
}

static void long_names_and_values_do_not_overflow_the_message(void **state)
{
	(void)state;
	char name[400], value[400];

	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	memset(value, 'v', sizeof(value));
	memcpy(value, "interrupts=", 11);
	assert_int_equal(settings_parse_config(&settings, name, value, sizeof(value), &error),
			 -ERR_INVALID);
	assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
}

static void text_needs_no_nul_and_trailing_nuls_are_not_text(void **state)
{
	(void)state;
	static const char exact[4] = { 'l', 'o', 'g', '=' };
	static const char nuls[] = "queues=3\0\0";

	assert_int_equal(settings_parse_config(&settings, "f", exact, sizeof(exact), &error),
			 -ERR_INVALID);
	assert_int_equal(settings_parse_config(&settings, "f", nuls, sizeof(nuls), &error), 0);
	assert_int_equal(settings.queues, 3);
	assert_int_equal(settings_parse_command_line(&settings, "queues=4\0queues=5", 17, &error),
			 -ERR_INVALID);
}

static void what_describe_prints_parses_back_to_the_same(void **state)
{
	(void)state;
	char text[4096], value[256];
	const char *key, *help;
	size_t used = 0;
	unsigned count = 0;

	assert_int_equal(command_line("completion=poll queues=5 chain=indirect event_idx=off "
				      "disk_queue_size=64,128,0"), 0);
	for (; settings_describe(&settings, count, &key, value, sizeof(value), &help); count++) {
		assert_true(strlen(help) > 10);
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s=%s\n", key, value);
	}
	assert_int_equal((count + SETTINGS_DISKS_MAX - 1) * sizeof(uint32_t), sizeof(settings));

	struct settings expected = settings;
	settings_set_defaults(&settings);
	assert_int_equal(config(text), 0);
	assert_memory_equal(&settings, &expected, sizeof(settings));
}

static void defaults_pass_their_own_ranges(void **state)
{
	(void)state;
	char text[320], value[256];
	const char *key, *help;

	for (unsigned i = 0; settings_describe(&settings, i, &key, value, sizeof(value), &help);
	     i++) {
		snprintf(text, sizeof(text), "%s=%s", key, value);
		assert_int_equal(command_line(text), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(defaults_are_interrupts_and_all_that_the_device_has, setup),
		cmocka_unit_test_setup(config_sets_every_line_and_skips_comments, setup),
		cmocka_unit_test_setup(empty_texts_change_nothing, setup),
		cmocka_unit_test_setup(command_line_words_are_separated_by_any_white_space, setup),
		cmocka_unit_test_setup(later_layers_win, setup),
		cmocka_unit_test_setup(unknown_key_is_named_with_file_and_line, setup),
		cmocka_unit_test_setup(keys_match_whole_words_only, setup),
		cmocka_unit_test_setup(wrong_word_is_answered_with_the_right_ones, setup),
		cmocka_unit_test_setup(numbers_are_checked_at_both_ends, setup),
		cmocka_unit_test_setup(of_a_list_by_disk_the_last_one_goes_for_the_rest, setup),
		cmocka_unit_test_setup(
			a_list_is_of_numbers_and_no_longer_than_there_can_be_disks, setup),
		cmocka_unit_test_setup(what_is_not_a_number_is_refused, setup),
		cmocka_unit_test_setup(word_without_equals_sign_is_refused, setup),
		cmocka_unit_test_setup(a_mistake_in_the_last_line_undoes_the_first, setup),
		cmocka_unit_test_setup(messages_show_no_control_bytes_and_stay_short, setup),
		cmocka_unit_test_setup(long_names_and_values_do_not_overflow_the_message, setup),
		cmocka_unit_test_setup(text_needs_no_nul_and_trailing_nuls_are_not_text, setup),
		cmocka_unit_test_setup(what_describe_prints_parses_back_to_the_same, setup),
		cmocka_unit_test_setup(defaults_pass_their_own_ranges, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
