/* SPDX-License-Identifier: MIT */
/* The CMOS chip by its two ports. No lock: the boot CPU alone is here. */
#include "kernel/cpu/cmos.h"

#include "kernel/cpu/x86.h"

#define CMOS_PORT_INDEX 0x70u /* bit 7: NMIs are off */
#define CMOS_PORT_DATA 0x71u

uint8_t cmos_read(uint8_t index)
{
	x86_out8(CMOS_PORT_INDEX, index & 0x7fu);
	return x86_in8(CMOS_PORT_DATA);
}
