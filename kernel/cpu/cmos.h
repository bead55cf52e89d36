/* SPDX-License-Identifier: MIT */
/* The chip that holds a PC's clock and settings (the registers of rtc.c). */
#ifndef KERNEL_CPU_CMOS_H
#define KERNEL_CPU_CMOS_H

#include <stdint.h>

/* A register (ports 0x70, 0x71). Boot CPU. */
uint8_t cmos_read(uint8_t index);

#endif
