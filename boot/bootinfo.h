/* SPDX-License-Identifier: MIT */
/*
 * What a boot path hands to the kernel: the only header that the loader, the
 * PVH entry and the kernel share. After kernel_main() has it, nothing knows
 * which way the machine was started.
 *
 * State at kernel_main(): 64-bit long mode, interrupts off, the kernel mapped
 * at its linked address (KERNEL_IMAGE_BASE + offset in the image), physical
 * memory below 4 GiB mapped both 1:1 and at DIRECT_MAP_BASE by temporary
 * tables, the stack inside the kernel's .bss. The structure lies in the
 * kernel's .bss; all that it points to lies below 4 GiB, in ranges that the
 * map does not call usable.
 */
#ifndef BOOT_BOOTINFO_H
#define BOOT_BOOTINFO_H

#include <stdint.h>

#define BOOTINFO_MAGIC 0x544c4f42474e4952ull /* "RINGBOLT", little endian */
#define KERNEL_VIRT_BASE 0xffffffff80000000ull
#define KERNEL_IMAGE_BASE (KERNEL_VIRT_BASE + 0x200000ull) /* linked here */
#define DIRECT_MAP_BASE 0xffff800000000000ull
#define BOOTINFO_RANGES_MAX 256
#define BOOTINFO_TEXT_BYTES_MAX (1u << 20)

enum bootinfo_firmware { BOOTINFO_PVH = 1, BOOTINFO_UEFI = 2 };

/* What the boot path met and had to leave out; bootinfo_log() prints it. */
enum bootinfo_note {
	BOOTINFO_NOTE_BAD_RANGE = 1, /* a range wrapped: ignored */
	BOOTINFO_NOTE_MAP_FULL = 2, /* ranges merged or given up to fit */
	BOOTINFO_NOTE_NO_MAP = 4, /* no memory map: 64 MiB assumed */
	BOOTINFO_NOTE_TEXT_DROPPED = 8, /* a text above 4 GiB, wrapping or too long */
};

enum bootinfo_memory_type {
	BOOTINFO_MEMORY_USABLE = 1, /* free for the kernel */
	BOOTINFO_MEMORY_RESERVED = 2,
	BOOTINFO_MEMORY_ACPI = 3, /* ACPI tables: readable, not reused */
	BOOTINFO_MEMORY_KERNEL = 4, /* kernel image, bootinfo, boot texts */
};

struct bootinfo_memory_range {
	uint64_t base;
	uint64_t length_bytes;
	uint64_t type; /* enum bootinfo_memory_type */
};

/* A text in physical memory; length_bytes 0 when absent. Not NUL-terminated. */
struct bootinfo_text {
	uint64_t phys;
	uint64_t length_bytes;
};

struct bootinfo {
	uint64_t magic;
	uint64_t firmware; /* enum bootinfo_firmware */
	uint64_t entry_tsc; /* TSC at our first instruction (loader or PVH) */
	uint64_t kernel_phys_base; /* of KERNEL_IMAGE_BASE; 2 MiB aligned */
	uint64_t kernel_length_bytes; /* including .bss */
	uint64_t rsdp_phys; /* 0 when the firmware gave none */
	struct bootinfo_text command_line;
	struct bootinfo_text config; /* ringbolt.conf beside the kernel */
	struct bootinfo_text job; /* job.fio beside the kernel, or module 0 */
	uint64_t notes; /* enum bootinfo_note, or-ed */
	/* Sorted by base; the ranges do not overlap, the stricter type won. */
	uint64_t range_count;
	struct bootinfo_memory_range ranges[BOOTINFO_RANGES_MAX];
};

/* Prints how the machine was started, the memory map and the notes. */
void bootinfo_log(const struct bootinfo *bootinfo);

#endif
