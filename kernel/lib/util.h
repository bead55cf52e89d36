/* SPDX-License-Identifier: MIT */
/*
 * Small helpers without any CPU instruction behind them; compiled for the
 * kernel and for the host's unit tests alike.
 */
#ifndef KERNEL_LIB_UTIL_H
#define KERNEL_LIB_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define CONTAINER_OF(pointer, type, member) \
	((type *)((char *)(pointer)-offsetof(type, member)))
#define ALIGNED(n) __attribute__((aligned(n)))
#define PACKED __attribute__((packed))
#define NORETURN __attribute__((noreturn))
#define NOINLINE __attribute__((noinline))
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

#define CACHE_LINE_BYTES 64u
#define PAGE_BYTES 4096u
#define SECTOR_BYTES 512u /* virtio-blk's unit, whatever the disk's block size */

#define NS_PER_US 1000ul
#define NS_PER_MS 1000000ul
#define NS_PER_S 1000000000ul

/* A physical (bus) address: never dereferenced, never mixed with pointers. */
typedef struct {
	uint64_t value;
} phys_addr;

static inline phys_addr phys_make(uint64_t value)
{
	return (phys_addr){ value };
}

static inline phys_addr phys_add(phys_addr base, uint64_t offset_bytes)
{
	return (phys_addr){ base.value + offset_bytes };
}

/* alignment: a power of two. */
static inline uint64_t align_up(uint64_t value, uint64_t alignment)
{
	return (value + alignment - 1) & ~(alignment - 1);
}

static inline uint64_t align_down(uint64_t value, uint64_t alignment)
{
	return value & ~(alignment - 1);
}

static inline bool is_power_of_two(uint64_t value)
{
	return value && !(value & (value - 1));
}

#endif
