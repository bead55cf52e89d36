/* SPDX-License-Identifier: MIT */
/*
 * The only file with accesses to device registers. Plain volatile accesses of
 * the exact width; the mapping is uncached, so the CPU keeps their order.
 */
#ifndef KERNEL_CPU_MMIO_H
#define KERNEL_CPU_MMIO_H

#include <stdint.h>

#ifdef RINGBOLT_HOST
/* The test supplies the device (plain memory unless it does). */
uint8_t mmio_read8(const volatile void *address);
uint16_t mmio_read16(const volatile void *address);
uint32_t mmio_read32(const volatile void *address);
void mmio_write8(volatile void *address, uint8_t value);
void mmio_write16(volatile void *address, uint16_t value);
void mmio_write32(volatile void *address, uint32_t value);
#else
static inline uint8_t mmio_read8(const volatile void *address)
{
	return *(const volatile uint8_t *)address;
}

static inline uint16_t mmio_read16(const volatile void *address)
{
	return *(const volatile uint16_t *)address;
}

static inline uint32_t mmio_read32(const volatile void *address)
{
	return *(const volatile uint32_t *)address;
}

static inline void mmio_write8(volatile void *address, uint8_t value)
{
	*(volatile uint8_t *)address = value;
}

static inline void mmio_write16(volatile void *address, uint16_t value)
{
	*(volatile uint16_t *)address = value;
}

static inline void mmio_write32(volatile void *address, uint32_t value)
{
	*(volatile uint32_t *)address = value;
}
#endif

/* virtio 1.2, 4.1.3.1: 64-bit fields are accessed as two 32-bit halves. */
static inline void mmio_write64_halves(volatile void *address, uint64_t value)
{
	mmio_write32(address, (uint32_t)value);
	mmio_write32((volatile uint8_t *)address + 4, (uint32_t)(value >> 32));
}

#endif
