/* SPDX-License-Identifier: MIT */
/*
 * Formatted text into a bounded buffer. Conversions: %d %i %u %x %X %c %s %p
 * %% with h, hh, l, ll, z, width, precision, '-', '0' and '*'; no floats.
 * Returns the length that the whole text needs, without the NUL; the buffer
 * always ends in NUL when size > 0. Any context.
 */
#ifndef KERNEL_LIB_FMT_H
#define KERNEL_LIB_FMT_H

#include <stdarg.h>

#include "kernel/lib/util.h"

int fmt_print(char *buffer, size_t size, const char *format, ...) PRINTF_LIKE(3, 4);
int fmt_vprint(char *buffer, size_t size, const char *format, va_list arguments)
	__attribute__((format(printf, 3, 0)));

#endif
