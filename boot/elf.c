/* SPDX-License-Identifier: MIT */
/*
 * ELF-64 executables, as far as our own kernel needs them (System V ABI,
 * "Object Files", and its AMD64 supplement).
 *
 * The file comes from a FAT volume that anyone may have written to. Every
 * offset and length is therefore checked against the file and the image's
 * limits, in an order in which no sum can wrap, and loading uses only what was
 * checked. Segments must not overlap in memory, must lie from KERNEL_IMAGE_BASE
 * on, the first one right there, and the entry must lie in an executable one.
 *
 * Deliberately without relocation, dynamic linking and section headers: the
 * kernel has a fixed address and is loaded by its program headers alone.
 */
#include "boot/elf.h"

#include <stdbool.h>
#include <stddef.h>

#include "boot/bootinfo.h"
#include "kernel/lib/mem.h"

#define ELFMAG "\177ELF"
#define EI_CLASS 4
#define EI_DATA 5
#define EI_VERSION 6
#define ELFCLASS64 2
#define ELFDATA2LSB 1
#define EV_CURRENT 1
#define ET_EXEC 2
#define EM_X86_64 62
#define PT_LOAD 1
#define PF_X 1

/* Of all kinds, loaded or not. */
#define PROGRAM_HEADERS_MAX 32u

struct elf64_ehdr {
	uint8_t e_ident[16];
	uint16_t e_type;
	uint16_t e_machine;
	uint32_t e_version;
	uint64_t e_entry;
	uint64_t e_phoff;
	uint64_t e_shoff;
	uint32_t e_flags;
	uint16_t e_ehsize;
	uint16_t e_phentsize;
	uint16_t e_phnum;
	uint16_t e_shentsize;
	uint16_t e_shnum;
	uint16_t e_shstrndx;
};
_Static_assert(sizeof(struct elf64_ehdr) == 64, "layout");

struct elf64_phdr {
	uint32_t p_type;
	uint32_t p_flags;
	uint64_t p_offset;
	uint64_t p_vaddr;
	uint64_t p_paddr;
	uint64_t p_filesz;
	uint64_t p_memsz;
	uint64_t p_align;
};
_Static_assert(sizeof(struct elf64_phdr) == 56, "layout");

/* [offset, offset + length) inside [0, limit), without wrapping. */
static bool range_fits(uint64_t offset, uint64_t length, uint64_t limit)
{
	return length <= limit && offset <= limit - length;
}

static const char *check_elf_header(const struct elf64_ehdr *header, uint64_t length_bytes)
{
	const uint8_t *ident = header->e_ident;

	for (unsigned i = 0; i < 4; i++)
		if (ident[i] != (uint8_t)ELFMAG[i])
			return "not an ELF file";
	if (ident[EI_CLASS] != ELFCLASS64 || ident[EI_DATA] != ELFDATA2LSB ||
	    ident[EI_VERSION] != EV_CURRENT || header->e_version != EV_CURRENT)
		return "not a 64-bit little-endian ELF file";
	if (header->e_machine != EM_X86_64 || header->e_type != ET_EXEC)
		return "not an executable for x86-64";
	if (header->e_phentsize != sizeof(struct elf64_phdr) || !header->e_phnum ||
	    header->e_phnum > PROGRAM_HEADERS_MAX)
		return "program headers of unknown size or number";
	if (header->e_phoff % 8 ||
	    !range_fits(header->e_phoff, header->e_phnum * sizeof(struct elf64_phdr), length_bytes))
		return "program headers outside of the file";
	return NULL;
}

static const char *check_segment(const struct elf64_phdr *header, uint64_t length_bytes)
{
	if (!range_fits(header->p_offset, header->p_filesz, length_bytes))
		return "segment outside of the file";
	if (header->p_filesz > header->p_memsz)
		return "segment larger in the file than in memory";
	if (header->p_vaddr < KERNEL_IMAGE_BASE ||
	    !range_fits(header->p_vaddr - KERNEL_IMAGE_BASE, header->p_memsz, ELF_IMAGE_BYTES_MAX))
		return "segment outside of the kernel's address range";
	if (header->p_align > 1 && ((header->p_align & (header->p_align - 1)) ||
				    (header->p_vaddr - header->p_offset) % header->p_align))
		return "segment with a wrong alignment";
	return NULL;
}

static bool segments_overlap(const struct elf_segment *a, const struct elf_segment *b)
{
	return a->image_offset < b->image_offset + b->memory_bytes &&
	       b->image_offset < a->image_offset + a->memory_bytes;
}

static const char *add_segment(struct elf_image *image, const struct elf64_phdr *header)
{
	struct elf_segment segment = {
		.file_offset = header->p_offset,
		.file_bytes = header->p_filesz,
		.image_offset = header->p_vaddr - KERNEL_IMAGE_BASE,
		.memory_bytes = header->p_memsz,
	};
	uint64_t end = segment.image_offset + segment.memory_bytes;

	if (!segment.memory_bytes)
		return NULL;
	if (image->segment_count == ELF_SEGMENTS_MAX)
		return "too many segments";
	for (unsigned i = 0; i < image->segment_count; i++)
		if (segments_overlap(&image->segments[i], &segment))
			return "overlapping segments";
	image->segments[image->segment_count++] = segment;
	if (end > image->length_bytes)
		image->length_bytes = end;
	return NULL;
}

const char *elf_check(const void *file, uint64_t length_bytes, struct elf_image *image)
{
	const struct elf64_ehdr *header = file;
	const struct elf64_phdr *segments;
	const char *problem;
	bool at_base = false, entry_found = false;

	memset(image, 0, sizeof(*image));
	if (length_bytes < sizeof(*header))
		return "too short for an ELF file";
	problem = check_elf_header(header, length_bytes);
	if (problem)
		return problem;
	segments = (const void *)((const uint8_t *)file + header->e_phoff);
	for (unsigned i = 0; i < header->e_phnum; i++) {
		const struct elf64_phdr *segment = &segments[i];

		if (segment->p_type != PT_LOAD)
			continue;
		problem = check_segment(segment, length_bytes);
		if (!problem)
			problem = add_segment(image, segment);
		if (problem)
			return problem;
		if (segment->p_vaddr == KERNEL_IMAGE_BASE)
			at_base = true;
		if ((segment->p_flags & PF_X) && header->e_entry >= segment->p_vaddr &&
		    header->e_entry - segment->p_vaddr < segment->p_filesz)
			entry_found = true;
	}
	if (!at_base)
		return "no segment at the kernel's base address";
	if (!entry_found)
		return "entry point outside of the executable segments";
	image->entry = header->e_entry;
	return NULL;
}

void elf_load(const struct elf_image *image, const void *file, void *memory)
{
	memset(memory, 0, image->length_bytes);
	for (unsigned i = 0; i < image->segment_count; i++) {
		const struct elf_segment *segment = &image->segments[i];

		memcpy((uint8_t *)memory + segment->image_offset,
		       (const uint8_t *)file + segment->file_offset, segment->file_bytes);
	}
}
