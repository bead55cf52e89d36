/* SPDX-License-Identifier: MIT */
/*
 * The TSC's rate by clocks that lie, stand still, or are read by a CPU that somebody holds up
 * (kernel/cpu/calibrate.c). Time is played: each look at the TSC takes a little of it, and where
 * a test says so, a pause.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/cpu/calibrate.h"
#include "kernel/cpu/clock.h"

#define PM_HZ 3579545ull
#define HPET_HZ 100000000ull
#define PIT_HZ 1193182ull

static uint64_t true_hz, now_ns, look_ns;
static uint64_t looks, pause_at, pause_ns; /* one pause: before that look */
static uint64_t pause_share; /* of 1000 looks, as many end in a pause */
static uint64_t random_state;
static uint64_t pit_start_ns, start_delay_ns;
static bool pm_is_still;
static uint64_t pm_error_ppm, jump_at_ns;
static uint32_t jump_ticks;

static uint64_t next_random(void)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return random_state >> 33;
}

uint64_t clock_tsc(void)
{
	now_ns += look_ns;
	if (++looks == pause_at)
		now_ns += pause_ns;
	if (pause_share && next_random() % 1000 < pause_share)
		now_ns += next_random() % pause_ns;
	return (uint64_t)((unsigned __int128)now_ns * true_hz / NS_PER_S);
}

static uint32_t counted(uint64_t since_ns, uint64_t hz)
{
	return (uint32_t)((unsigned __int128)(now_ns - since_ns) * hz / NS_PER_S);
}

/* The count is taken between two looks: the moment is a pause's as well as any other. */
static bool bracket(struct calibrate_reading *out, uint64_t since_ns, uint64_t hz)
{
	out->tsc_before = clock_tsc();
	(void)clock_tsc();
	out->count = counted(since_ns, hz);
	out->tsc_after = clock_tsc();
	return true;
}

static bool read_pm(const struct calibrate_clock *clock, struct calibrate_reading *out)
{
	bracket(out, 0, PM_HZ + PM_HZ * pm_error_ppm / 1000000);
	if (pm_is_still)
		out->count = UINT32_MAX;
	out->count &= clock->mask;
	return true;
}

/* Set once, as when a machine is restored. */
static bool read_hpet(const struct calibrate_clock *clock, struct calibrate_reading *out)
{
	(void)clock;
	bracket(out, 0, HPET_HZ);
	if (jump_at_ns && now_ns > jump_at_ns)
		out->count += jump_ticks;
	return true;
}

static void start_pit(void)
{
	(void)clock_tsc();
	pit_start_ns = now_ns;
	now_ns += start_delay_ns;
}

static bool read_pit(const struct calibrate_clock *clock, struct calibrate_reading *out)
{
	(void)clock;
	bracket(out, pit_start_ns, PIT_HZ);
	(void)clock_tsc();
	out->count &= 0xffff;
	return counted(pit_start_ns, PIT_HZ) < 0x10000;
}

static const struct calibrate_clock told = { .name = "cpuid" };
static const struct calibrate_clock pm = { .name = "pm-timer", .hz = PM_HZ, .mask = 0xffffff,
					   .read = read_pm };
static const struct calibrate_clock hpet = { .name = "hpet", .hz = HPET_HZ, .mask = UINT32_MAX,
					     .read = read_hpet };
static const struct calibrate_clock pit = { .name = "pit", .hz = PIT_HZ, .mask = UINT32_MAX,
					    .start = start_pit, .read = read_pit };

static struct calibrate_clock machine[4];
static unsigned machine_clocks;

static struct calibrate_clock *add(const struct calibrate_clock *clock)
{
	machine[machine_clocks] = *clock;
	return &machine[machine_clocks++];
}

static int reset(void **state)
{
	(void)state;
	true_hz = 2596000000;
	now_ns = NS_PER_S;
	look_ns = 1500;
	looks = pause_at = pause_ns = pause_share = start_delay_ns = 0;
	random_state = 1;
	pm_is_still = false;
	pm_error_ppm = jump_at_ns = 0;
	machine_clocks = 0;
	return 0;
}

static struct calibration run(void)
{
	looks = 0;
	return calibrate(machine, machine_clocks);
}

static uint64_t error_ppm(uint64_t hz)
{
	uint64_t off_hz = hz > true_hz ? hz - true_hz : true_hz - hz;

	return off_hz * 1000000 / hz;
}

static void assert_right(const struct calibration *found, const char *source, const char *confirms)
{
	assert_string_equal(found->source, source);
	assert_string_equal(found->confirmed_by, confirms);
	assert_string_equal(found->contradicted_by, "none");
	assert_true(found->uncertainty_ppm <= 1000);
	assert_true(error_ppm(found->tsc_hz) <= found->uncertainty_ppm + 1);
}

/* --- machines that are well --- */

static void any_rate_is_found_and_confirmed(void **state)
{
	static const uint64_t rates[] = { 100000000, 999999999, 1000000000, 2596123456,
					  5700000000, 19900000000 };
	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rates); i++) {
		reset(NULL);
		add(&pm);
		add(&pit);
		true_hz = rates[i];
		struct calibration found = run();
		assert_right(&found, "pm-timer", "pit");
	}
}

/* A tick that had begun, or was about to end, is worth 170 millionths of a window. */
static void bounds_hold_wherever_in_a_tick_a_window_begins(void **state)
{
	(void)state;
	for (unsigned phase = 0; phase < 40; phase++) {
		reset(NULL);
		add(&pit);
		look_ns = 100;
		start_delay_ns = phase * 21;
		struct calibration found = run();
		assert_right(&found, "pit", "none");
	}
}

static void what_is_told_is_taken_if_a_counter_confirms_it(void **state)
{
	(void)state;
	add(&told)->hz = true_hz;
	add(&pm);
	struct calibration found = run();
	assert_right(&found, "cpuid", "pm-timer");
	assert_int_equal(found.tsc_hz, true_hz);
	assert_int_equal(found.uncertainty_ppm, 0);
}

static void a_well_machine_is_measured_once_for_5_ms(void **state)
{
	(void)state;
	add(&pm);
	add(&hpet);
	add(&pit);
	look_ns = 300;
	uint64_t begin_ns = now_ns;
	run();
	assert_in_range(now_ns - begin_ns, 5 * NS_PER_MS, 6 * NS_PER_MS);
}

static void a_clock_that_nobody_confirms_says_so(void **state)
{
	(void)state;
	add(&pit);
	struct calibration found = run();
	assert_right(&found, "pit", "none");
	reset(NULL);
	add(&told)->hz = true_hz;
	found = run();
	assert_right(&found, "cpuid", "none");
}

/* --- clocks that lie or stand still --- */

static void a_clock_that_is_outvoted_is_not_taken_and_named(void **state)
{
	(void)state;
	add(&told)->hz = true_hz * 3;
	add(&pm);
	add(&pit);
	struct calibration found = run();
	assert_string_equal(found.contradicted_by, "cpuid");
	found.contradicted_by = "none";
	assert_right(&found, "pm-timer", "pit");
	reset(NULL);
	pm_error_ppm = 50000;
	add(&pm);
	add(&hpet);
	add(&pit);
	found = run();
	assert_string_equal(found.contradicted_by, "pm-timer");
	found.contradicted_by = "none";
	assert_right(&found, "hpet", "pit");
}

static void two_that_contradict_each_other_confirm_nothing(void **state)
{
	(void)state;
	pm_error_ppm = 3000;
	add(&pm);
	add(&pit);
	struct calibration found = run();
	assert_string_equal(found.source, "pm-timer");
	assert_string_equal(found.confirmed_by, "none");
	assert_string_equal(found.contradicted_by, "pit");
}

/* Back by 3 ms, on by 2 and 100; in every place a window can have. */
static void a_clock_that_is_set_meanwhile_is_measured_again(void **state)
{
	static const uint32_t jumps[] = { -300000u, 200000u, 10000000u };

	(void)state;
	for (uint64_t at_ns = 0; at_ns < 6 * NS_PER_MS; at_ns += 100 * NS_PER_US) {
		for (unsigned i = 0; i < ARRAY_COUNT(jumps); i++) {
			reset(NULL);
			add(&hpet);
			add(&pit);
			jump_at_ns = now_ns + at_ns;
			jump_ticks = jumps[i];
			struct calibration found = run();
			assert_right(&found, "hpet", "pit");
		}
	}
}

static void a_counter_that_stands_still_is_no_clock(void **state)
{
	(void)state;
	pm_is_still = true;
	add(&pm);
	struct calibration found = run();
	assert_int_equal(found.tsc_hz, 0);
	assert_string_equal(found.source, "none");
	assert_true(now_ns < 2 * NS_PER_S);
	look_ns = 100;
	add(&pit);
	uint64_t begin_ns = now_ns;
	found = run();
	assert_right(&found, "pit", "none");
	assert_in_range(now_ns - begin_ns, 5 * NS_PER_MS, 6 * NS_PER_MS);
}

static void rates_that_no_tsc_has_are_not_believed(void **state)
{
	(void)state;
	add(&told)->hz = 99999999;
	add(&told)->hz = 20000000001;
	assert_int_equal(run().tsc_hz, 0);
	machine_clocks = 0;
	assert_int_equal(run().tsc_hz, 0);
}

/* --- a busy host --- */

/* Before every third look at the TSC, of any length: also such that counters go round. */
static void one_pause_never_makes_the_rate_wrong(void **state)
{
	static const uint64_t lengths_ns[] = { 20 * NS_PER_US, NS_PER_MS,      9 * NS_PER_MS,
					       54 * NS_PER_MS, 60 * NS_PER_MS, NS_PER_S,
					       4686999700,     10 * NS_PER_S };
	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(lengths_ns); i++) {
		for (uint64_t at = 1, last = 2; at < last; at += 3) {
			reset(NULL);
			add(&pm);
			add(&pit);
			pause_at = at;
			pause_ns = lengths_ns[i];
			struct calibration found = run();
			assert_right(&found, "pm-timer", "pit");
			last = looks;
		}
	}
}

/* It has nobody to contradict it. A PM timer goes round in 4.7 s. */
static void a_clock_alone_is_not_fooled_by_a_pause(void **state)
{
	(void)state;
	for (uint64_t at = 1, last = 2; at < last; at += 3) {
		reset(NULL);
		add(at % 2 ? &pit : &pm);
		pause_at = at;
		pause_ns = at % 2 ? 20 * NS_PER_MS : 6 * NS_PER_S;
		struct calibration found = run();
		assert_right(&found, machine[0].name, "none");
		last = looks;
	}
}

/* Whatever comes of it, what is said of it is true. */
static void among_many_pauses_the_rate_is_as_uncertain_as_it_says(void **state)
{
	unsigned confirmed = 0;

	(void)state;
	for (unsigned seed = 0; seed < 1000; seed++) {
		reset(NULL);
		add(&pm);
		add(&hpet);
		add(&pit);
		random_state = seed;
		pause_share = seed;
		pause_ns = NS_PER_MS << seed % 6;
		struct calibration found = run();
		if (!found.tsc_hz)
			continue;
		assert_true(error_ppm(found.tsc_hz) <= found.uncertainty_ppm + 1);
		if (!strcmp(found.confirmed_by, "none"))
			continue;
		assert_true(found.uncertainty_ppm <= 1000);
		confirmed++;
	}
	assert_true(confirmed > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(any_rate_is_found_and_confirmed, reset),
		cmocka_unit_test_setup(bounds_hold_wherever_in_a_tick_a_window_begins, reset),
		cmocka_unit_test_setup(what_is_told_is_taken_if_a_counter_confirms_it, reset),
		cmocka_unit_test_setup(a_well_machine_is_measured_once_for_5_ms, reset),
		cmocka_unit_test_setup(a_clock_that_nobody_confirms_says_so, reset),
		cmocka_unit_test_setup(a_clock_that_is_outvoted_is_not_taken_and_named, reset),
		cmocka_unit_test_setup(two_that_contradict_each_other_confirm_nothing, reset),
		cmocka_unit_test_setup(a_clock_that_is_set_meanwhile_is_measured_again, reset),
		cmocka_unit_test_setup(a_counter_that_stands_still_is_no_clock, reset),
		cmocka_unit_test_setup(rates_that_no_tsc_has_are_not_believed, reset),
		cmocka_unit_test_setup(one_pause_never_makes_the_rate_wrong, reset),
		cmocka_unit_test_setup(a_clock_alone_is_not_fooled_by_a_pause, reset),
		cmocka_unit_test_setup(among_many_pauses_the_rate_is_as_uncertain_as_it_says,
				       reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
