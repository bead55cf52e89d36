/* SPDX-License-Identifier: MIT */
/*
 * Each counter is read at both ends of a window, together with the TSC before and after:
 *
 *	      begin                                     end
 *	before | after                           before | after        TSC
 *	     count                                    count            the counter
 *
 * Whatever holds this CPU up meanwhile, and for how long, the rate lies between what the shortest
 * and what the longest span between the stamps make of the counted ticks, give or take the one
 * that had begun. A disturbed reading makes the bounds wide, never wrong; so the tightest of a
 * few readings counts, and wide bounds are measured again, over longer windows. All counters share
 * the window. Two clocks agree if their bounds are narrow and meet; one that disagrees with all
 * others is outvoted.
 *
 * A counter that goes round within a window would lie: a window that might have been that long by
 * the TSC, if it were as slow as any, is thrown away.
 */
#include "kernel/cpu/calibrate.h"

#include "kernel/cpu/clock.h"

#define HZ_MIN 100000000ull /* outside of these, no TSC's rate is believed */
#define HZ_MAX 20000000000ull

#define WINDOW_NS (5 * NS_PER_MS)
#define ATTEMPTS 6u /* windows of 5, 5, 10, 10, 20, 20 ms */
#define SAMPLES 8u
#define WAIT_READS_MAX 1000000u

#define NARROW_PPM 1000u
#define TOLERANCE_PPM 500u /* crystals differ by less, and so does what NTP slews */

static uint64_t width_ppm(uint64_t low_hz, uint64_t high_hz)
{
	return (high_hz - low_hz) * 1000000 / (high_hz + low_hz);
}

static bool is_plausible(uint64_t low_hz, uint64_t high_hz)
{
	return high_hz >= HZ_MIN && low_hz <= HZ_MAX;
}

static bool is_known(const struct calibrate_clock *clock)
{
	return clock->high_hz != 0;
}

static bool is_narrow(const struct calibrate_clock *clock)
{
	return width_ppm(clock->low_hz, clock->high_hz) <= NARROW_PPM;
}

/* Their bounds do, so both may be right. */
static bool meet(const struct calibrate_clock *a, const struct calibrate_clock *b)
{
	uint64_t tolerance_hz = a->high_hz / 1000000 * TOLERANCE_PPM;

	return a->low_hz <= b->high_hz + tolerance_hz && b->low_hz <= a->high_hz + tolerance_hz;
}

static bool agree(const struct calibrate_clock *a, const struct calibrate_clock *b)
{
	return is_narrow(a) && is_narrow(b) && meet(a, b);
}

/* The tightest of a few: a pause between the stamps would make bounds wide. */
static bool read_closely(const struct calibrate_clock *clock, struct calibrate_reading *out)
{
	struct calibrate_reading reading;
	uint64_t best = UINT64_MAX;

	for (unsigned i = 0; i < SAMPLES; i++) {
		if (!clock->read(clock, &reading))
			return false;
		if (reading.tsc_after - reading.tsc_before < best) {
			best = reading.tsc_after - reading.tsc_before;
			*out = reading;
		}
	}
	return true;
}

static uint32_t ticks_since_begin(const struct calibrate_clock *clock,
				  const struct calibrate_reading *reading)
{
	return (reading->count - clock->begin.count) & clock->mask;
}

/* A counter that is through at once has another chance: it may have had to wait for us. */
static void begin_clock(struct calibrate_clock *clock)
{
	clock->has_begun = false;
	for (unsigned i = 0; i < 2 && clock->read && !clock->has_begun; i++) {
		if (clock->start)
			clock->start();
		clock->has_begun = read_closely(clock, &clock->begin);
	}
}

/* The narrowest of several windows' count. */
static void note_bounds(struct calibrate_clock *clock, uint64_t low_hz, uint64_t high_hz)
{
	if (is_known(clock) &&
	    width_ppm(low_hz, high_hz) >= width_ppm(clock->low_hz, clock->high_hz))
		return;
	clock->low_hz = low_hz;
	clock->high_hz = high_hz;
}

/* False: it counts, but what it counted here is of no use. */
static bool end(struct calibrate_clock *clock)
{
	struct calibrate_reading last;
	uint64_t round_tsc, low_hz, high_hz;
	uint32_t ticks;

	if (!clock->has_begun)
		return true;
	if (!read_closely(clock, &last))
		return false;
	ticks = ticks_since_begin(clock, &last);
	if (!ticks)
		return true;
	round_tsc = ((uint64_t)clock->mask + 1) * HZ_MIN / clock->hz;
	if (ticks < 2 || last.tsc_after - clock->begin.tsc_before >= round_tsc)
		return false;
	low_hz = (last.tsc_before - clock->begin.tsc_after) * clock->hz / (ticks + 1);
	high_hz = (last.tsc_after - clock->begin.tsc_before) * clock->hz / (ticks - 1);
	if (!is_plausible(low_hz, high_hz))
		return false;
	note_bounds(clock, MAX(low_hz, HZ_MIN), MIN(high_hz, HZ_MAX));
	return true;
}

static bool has_counted(const struct calibrate_clock *clock, uint64_t window_ns)
{
	struct calibrate_reading now;

	return clock->has_begun && clock->read(clock, &now) &&
	       ticks_since_begin(clock, &now) >= window_ns * clock->hz / NS_PER_S;
}

/* Until one of the counters says that the window is over. */
static void wait_window(const struct calibrate_clock *clocks, unsigned count, uint64_t window_ns)
{
	uint64_t start = clock_tsc();

	for (unsigned reads = 0; reads < WAIT_READS_MAX; reads++) {
		if (clock_tsc() - start > window_ns * (HZ_MAX / NS_PER_S))
			return;
		for (unsigned i = 0; i < count; i++)
			if (has_counted(&clocks[i], window_ns))
				return;
	}
}

/* Whether all that count were measured. */
static bool measure(struct calibrate_clock *clocks, unsigned count, uint64_t window_ns)
{
	bool all = true;

	for (unsigned i = 0; i < count; i++)
		begin_clock(&clocks[i]);
	wait_window(clocks, count, window_ns);
	for (unsigned i = 0; i < count; i++)
		all &= end(&clocks[i]);
	return all;
}

static struct calibration verdict_of(const struct calibrate_clock *clocks, unsigned count)
{
	const struct calibrate_clock *chosen = NULL, *confirms = NULL, *contradicts = NULL;

	for (unsigned i = 0; i < count && !confirms; i++) {
		if (!is_known(&clocks[i]))
			continue;
		for (unsigned j = i + 1; j < count && !confirms; j++)
			if (is_known(&clocks[j]) && agree(&clocks[i], &clocks[j]))
				confirms = &clocks[j];
		if (!chosen || confirms)
			chosen = &clocks[i];
	}
	if (!chosen)
		return (struct calibration){ 0, 0, "none", "none", "none" };
	for (unsigned i = 0; i < count && !contradicts; i++)
		if (&clocks[i] != chosen && is_known(&clocks[i]) && !meet(&clocks[i], chosen))
			contradicts = &clocks[i];
	return (struct calibration){
		.tsc_hz = (chosen->low_hz + chosen->high_hz) / 2,
		.uncertainty_ppm = width_ppm(chosen->low_hz, chosen->high_hz),
		.source = chosen->name,
		.confirmed_by = confirms ? confirms->name : "none",
		.contradicted_by = contradicts ? contradicts->name : "none",
	};
}

static bool all_narrow(const struct calibrate_clock *clocks, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (is_known(&clocks[i]) && !is_narrow(&clocks[i]))
			return false;
	return true;
}

static bool all_meet(const struct calibrate_clock *clocks, unsigned count)
{
	for (unsigned i = 1; i < count; i++)
		for (unsigned j = 0; j < i; j++)
			if (is_known(&clocks[i]) && is_known(&clocks[j]) &&
			    !meet(&clocks[i], &clocks[j]))
				return false;
	return true;
}

/* A rate that CPUID states is known from the start. */
static void begin_with_what_is_told(struct calibrate_clock *clocks, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		bool is_told = !clocks[i].read && is_plausible(clocks[i].hz, clocks[i].hz);

		clocks[i].low_hz = clocks[i].high_hz = is_told ? clocks[i].hz : 0;
	}
}

struct calibration calibrate(struct calibrate_clock *clocks, unsigned count)
{
	begin_with_what_is_told(clocks, count);
	for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++) {
		bool all = measure(clocks, count, WINDOW_NS << attempt / 2);

		/* Narrow bounds that do not meet: something jumped, or lies. */
		if (all && all_narrow(clocks, count) && all_meet(clocks, count))
			break;
	}
	return verdict_of(clocks, count);
}
