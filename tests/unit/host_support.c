/* SPDX-License-Identifier: MIT */
/*
 * What the kernel's sources need from below them when they run in a unit test
 * on the host: panic() ends the test, or satisfies cmocka's
 * expect_assert_failure(), or aborts a fuzz target; the log goes to stderr with
 * RINGBOLT_TEST_LOG set.
 * Clock and registers are weak: a test that plays the time or a device takes
 * their place. Else the clock is the host's and registers are plain memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#ifndef RINGBOLT_FUZZ
#include <cmocka.h>
#endif

#include "kernel/cpu/clock.h"
#include "kernel/cpu/mmio.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/log.h"

#define WEAK __attribute__((weak))

void panic(const char *format, ...)
{
	static char text[256]; /* cmocka keeps the pointer */
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
#ifdef RINGBOLT_FUZZ
	fprintf(stderr, "%s\n", text);
#else
	mock_assert(0, text, "panic", 0);
#endif
	abort();
}

void log_write(enum log_level level, const char *unit, const char *format, ...)
{
	if (!getenv("RINGBOLT_TEST_LOG"))
		return;
	va_list arguments;
	va_start(arguments, format);
	fprintf(stderr, "%d %s: ", (int)level, unit);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
}

void log_raw(const char *format, ...)
{
	if (!getenv("RINGBOLT_TEST_LOG"))
		return;
	va_list arguments;
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
}

WEAK struct clock_scale clock_scale = {
	.mult_to_ns = 1ull << 32,
	.mult_to_tsc = 1ull << 32,
	.tsc_hz = NS_PER_S,
};

WEAK uint64_t clock_tsc(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

WEAK uint8_t mmio_read8(const volatile void *address)
{
	return *(const volatile uint8_t *)address;
}

WEAK uint16_t mmio_read16(const volatile void *address)
{
	return *(const volatile uint16_t *)address;
}

WEAK uint32_t mmio_read32(const volatile void *address)
{
	return *(const volatile uint32_t *)address;
}

WEAK void mmio_write8(volatile void *address, uint8_t value)
{
	*(volatile uint8_t *)address = value;
}

WEAK void mmio_write16(volatile void *address, uint16_t value)
{
	*(volatile uint16_t *)address = value;
}

WEAK void mmio_write32(volatile void *address, uint32_t value)
{
	*(volatile uint32_t *)address = value;
}
