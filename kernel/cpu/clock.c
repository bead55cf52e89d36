/* SPDX-License-Identifier: MIT */
/*
 * The TSC as the only clock: finds its frequency once, at start, by what clock_sources.c knows
 * and calibrate.c makes of it. A rate that no second clock confirms, or that one contradicts, is
 * used all the same, but said: all figures hang on it.
 *
 * clock_scale and the calibration are written here once and read by everyone afterwards. Context:
 * boot CPU. Deliberately no wall-clock time and no adjustment later on.
 */
#include "kernel/cpu/clock.h"

#include "kernel/cpu/clock_sources.h"
#include "kernel/cpu/hypervisor.h"
#include "kernel/lib/err.h"
#include "kernel/lib/log.h"
#include "kernel/lib/mem.h"

#define HZ_ASSUMED 1000000000ull

struct clock_scale clock_scale;
static struct calibration calibration;

/* The best of a few rows of stamps: the others were interrupted or cold. */
static uint64_t measure_stamp_cost(void)
{
	const unsigned rows = 8, stamps = 16;
	uint64_t best = UINT64_MAX;

	for (unsigned row = 0; row < rows; row++) {
		uint64_t start = clock_tsc();

		for (unsigned i = 0; i < stamps; i++)
			(void)clock_tsc();
		best = MIN(best, (clock_tsc() - start) / stamps);
	}
	return best;
}

/* CPUID 0x80000007, EDX bit 8: the rate never changes (SDM vol. 3B 18.17.1). */
static bool has_invariant_tsc(void)
{
	uint32_t regs[4];

	x86_cpuid(0x80000000u, 0, regs);
	if (regs[0] < 0x80000007u)
		return false;
	x86_cpuid(0x80000007u, 0, regs);
	return regs[3] >> 8 & 1;
}

static void log_calibration(void)
{
	uint64_t hz = clock_scale.tsc_hz;

	log_info("clock", "TSC %u.%03u MHz +-%u ppm (%s, confirmed by %s), one stamp costs %u ns",
		 (unsigned)(hz / 1000000), (unsigned)(hz / 1000 % 1000),
		 (unsigned)calibration.uncertainty_ppm, calibration.source,
		 calibration.confirmed_by,
		 (unsigned)clock_tsc_to_ns(clock_scale.stamp_cost_tsc));
	/* TCG's TSC is QEMU's own clock, whatever its CPUID says. */
	if (!has_invariant_tsc() && !hypervisor_is_tcg())
		log_warn("clock", "the CPU does not promise a constant TSC rate");
	if (!calibration.tsc_hz)
		log_error("clock", "nothing to calibrate the TSC against: assuming 1 GHz");
	else if (!strcmp(calibration.confirmed_by, "none"))
		log_warn("clock", "NO SECOND CLOCK CONFIRMS THE RATE BY %s: times may be wrong",
			 calibration.source);
	if (strcmp(calibration.contradicted_by, "none"))
		log_warn("clock", "%s contradicts the rate by %s", calibration.contradicted_by,
			 calibration.source);
}

int clock_init(const struct clock_hardware *hardware)
{
	struct calibrate_clock sources[CLOCK_SOURCES_MAX];
	unsigned count = clock_sources_start(hardware, sources);

	calibration = calibrate(sources, count);
	clock_sources_stop();
	uint64_t hz = calibration.tsc_hz ? calibration.tsc_hz : HZ_ASSUMED;

	clock_scale.tsc_hz = hz;
	clock_scale.mult_to_ns = (NS_PER_S << 32) / hz;
	clock_scale.mult_to_tsc = (hz / NS_PER_S << 32) + (hz % NS_PER_S << 32) / NS_PER_S;
	clock_scale.stamp_cost_tsc = measure_stamp_cost();
	log_calibration();
	return calibration.tsc_hz ? 0 : -ERR_TIMEOUT;
}

const struct calibration *clock_calibration(void)
{
	return &calibration;
}

void clock_delay_ns(uint64_t delay_ns)
{
	uint64_t start = clock_tsc();
	uint64_t ticks = clock_ns_to_tsc(delay_ns);

	while (clock_tsc() - start < ticks)
		x86_pause();
}
