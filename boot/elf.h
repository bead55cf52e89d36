/* SPDX-License-Identifier: MIT */
/*
 * Checks a kernel file before anything in it is believed, and loads it. Pure;
 * used by the EFI loader and the tests.
 */
#ifndef BOOT_ELF_H
#define BOOT_ELF_H

#include <stdint.h>

#define ELF_SEGMENTS_MAX 8u
#define ELF_IMAGE_BYTES_MAX (64ull << 20) /* in memory, with .bss */

struct elf_segment {
	uint64_t file_offset;
	uint64_t file_bytes;
	uint64_t image_offset; /* from KERNEL_IMAGE_BASE */
	uint64_t memory_bytes; /* >= file_bytes; the rest is zero */
};

struct elf_image {
	uint64_t entry; /* virtual, inside an executable segment */
	uint64_t length_bytes; /* from KERNEL_IMAGE_BASE to the last segment's end */
	unsigned segment_count;
	struct elf_segment segments[ELF_SEGMENTS_MAX];
};

/*
 * NULL when the file is a kernel that can be loaded, with *image filled; else
 * what is wrong with it. `file` must be aligned to 8.
 */
const char *elf_check(const void *file, uint64_t length_bytes, struct elf_image *image);

/* Copies a checked file to `memory`, image->length_bytes long, all of it set. */
void elf_load(const struct elf_image *image, const void *file, void *memory);

#endif
