/* SPDX-License-Identifier: MIT */
/*
 * The only clock: the invariant TSC (SDM vol. 3B 18.17), calibrated once at
 * start. Stamps are raw TSC; convert when reporting.
 */
#ifndef KERNEL_CPU_CLOCK_H
#define KERNEL_CPU_CLOCK_H

#include "kernel/lib/util.h"

#ifdef RINGBOLT_HOST
uint64_t clock_tsc(void); /* the test supplies time */
#else
#include "kernel/cpu/x86.h"

static inline uint64_t clock_tsc(void)
{
	return x86_rdtsc();
}
#endif

/*
 * ns = tsc * mult >> shift; exact enough for a day. Set by clock_init(), or
 * by a test. Both are constant after start.
 */
struct clock_scale {
	uint64_t mult_to_ns; /* Q32: ns = (tsc * mult) >> 32 */
	uint64_t mult_to_tsc; /* Q32: tsc = (ns * mult) >> 32 */
	uint64_t tsc_hz;
	uint64_t stamp_cost_tsc; /* measured cost of one clock_tsc() */
};
extern struct clock_scale clock_scale;

static inline uint64_t clock_tsc_to_ns(uint64_t tsc)
{
	return (uint64_t)(((unsigned __int128)tsc * clock_scale.mult_to_ns) >> 32);
}

static inline uint64_t clock_ns_to_tsc(uint64_t ns)
{
	return (uint64_t)(((unsigned __int128)ns * clock_scale.mult_to_tsc) >> 32);
}

static inline uint64_t clock_us_to_tsc(uint64_t us)
{
	return clock_ns_to_tsc(us * NS_PER_US);
}

/* ns since the TSC was zero. Any context. */
static inline uint64_t clock_ns(void)
{
	return clock_tsc_to_ns(clock_tsc());
}

/* What ACPI says there is. */
struct clock_hardware {
	uint16_t pm_timer_port; /* 0: none */
	bool pm_timer_is_32bit;
	volatile uint8_t *hpet; /* its mapped registers; NULL: none */
};

/*
 * Calibrates and prints frequency, sources and cost. Bounded, 5 to 70 ms; 0 or
 * -ERR_TIMEOUT when nothing tells the time (the scale then assumes 1 GHz).
 * Boot CPU, once, after acpi_init().
 */
int clock_init(const struct clock_hardware *hardware);

/* What the TSC was calibrated by (kernel/cpu/calibrate.h). */
struct calibration;
const struct calibration *clock_calibration(void);

/* Busy wait; for start-up and error paths only. */
void clock_delay_ns(uint64_t delay_ns);

#endif
