/* SPDX-License-Identifier: MIT */
/*
 * The date, from the CMOS clock that PCs have had since the MC146818 (its data
 * sheet; PIIX3 data sheet 4.2): whole seconds, read once when a result is
 * written. Not a clock to measure with.
 */
#ifndef KERNEL_CPU_RTC_H
#define KERNEL_CPU_RTC_H

#include "kernel/lib/util.h"

/*
 * Seconds since 1970, in whatever zone the clock is set to (QEMU: UTC). 0 when
 * there is no such clock, it never holds still, or what it says is no date.
 * read: a CMOS register's content. Bounded, 20 ms; loop context.
 */
uint64_t rtc_seconds(uint8_t (*read)(uint8_t index));

#endif
