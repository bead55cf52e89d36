/* SPDX-License-Identifier: MIT */
/* What a PC has to calibrate its TSC by, in order of preference. */
#ifndef KERNEL_CPU_CLOCK_SOURCES_H
#define KERNEL_CPU_CLOCK_SOURCES_H

#include "kernel/cpu/calibrate.h"
#include "kernel/cpu/clock.h"

#define CLOCK_SOURCES_MAX 5u

/* Returns how many there are, ready to be measured. Boot CPU, once. */
unsigned clock_sources_start(const struct clock_hardware *hardware,
			     struct calibrate_clock sources[CLOCK_SOURCES_MAX]);

/* Leaves the HPET as the firmware had it, and the PIT silent. */
void clock_sources_stop(void);

#endif
