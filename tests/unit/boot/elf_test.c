/* SPDX-License-Identifier: MIT */
/*
 * The ELF check: a sound file loads byte for byte; each way of being unsound
 * is refused; whatever bytes a file holds, what passes can be loaded without
 * touching anything outside of the file and the image (the sanitizers watch).
 */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot/bootinfo.h"
#include "boot/elf.h"

#define TEXT_OFFSET 0x1000u
#define TEXT_BYTES 0x234u
#define DATA_OFFSET 0x2000u
#define DATA_BYTES 0x100u
#define BSS_BYTES 0x900u
#define FILE_BYTES (DATA_OFFSET + DATA_BYTES)

struct file {
	_Alignas(8) uint8_t bytes[FILE_BYTES];
};

static struct file file;
static Elf64_Ehdr *const header = (Elf64_Ehdr *)file.bytes;
static Elf64_Phdr *const segments = (Elf64_Phdr *)(file.bytes + sizeof(Elf64_Ehdr));

static int setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(file.bytes); i++)
		file.bytes[i] = (uint8_t)(i * 7 + 1);
	*header = (Elf64_Ehdr){
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_entry = KERNEL_IMAGE_BASE + 0x40,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 3,
	};
	segments[0] = (Elf64_Phdr){ PT_LOAD, PF_R | PF_X, TEXT_OFFSET, KERNEL_IMAGE_BASE, 0,
				    TEXT_BYTES, TEXT_BYTES, 0x1000 };
	segments[1] = (Elf64_Phdr){ PT_NOTE, PF_R, TEXT_OFFSET, KERNEL_IMAGE_BASE, 0, 16, 16, 4 };
	segments[2] = (Elf64_Phdr){ PT_LOAD, PF_R | PF_W, DATA_OFFSET, KERNEL_IMAGE_BASE + 0x1000,
				    0, DATA_BYTES, DATA_BYTES + BSS_BYTES, 0x1000 };
	return 0;
}

static const char *check(void)
{
	struct elf_image image;

	return elf_check(file.bytes, sizeof(file.bytes), &image);
}

static void sound_file_loads_with_zeroed_gaps_and_bss(void **state)
{
	struct elf_image image;
	uint8_t *memory;

	(void)state;
	assert_null(elf_check(file.bytes, sizeof(file.bytes), &image));
	assert_int_equal(image.entry, KERNEL_IMAGE_BASE + 0x40);
	assert_int_equal(image.length_bytes, 0x1000 + DATA_BYTES + BSS_BYTES);
	memory = malloc(image.length_bytes);
	memset(memory, 0xee, image.length_bytes);
	elf_load(&image, file.bytes, memory);
	assert_memory_equal(memory, file.bytes + TEXT_OFFSET, TEXT_BYTES);
	assert_memory_equal(memory + 0x1000, file.bytes + DATA_OFFSET, DATA_BYTES);
	for (size_t i = TEXT_BYTES; i < 0x1000; i++)
		assert_int_equal(memory[i], 0);
	for (size_t i = 0x1000 + DATA_BYTES; i < image.length_bytes; i++)
		assert_int_equal(memory[i], 0);
	free(memory);
}

#define REFUSED(field, value)                                      \
	do {                                                       \
		setup(NULL);                                       \
		assert_null(check());                              \
		(field) = (value);                                 \
		assert_non_null(check());                          \
	} while (0)

static void foreign_files_are_refused(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 7; i++)
		REFUSED(header->e_ident[i], 0x55);
	REFUSED(header->e_machine, EM_AARCH64);
	REFUSED(header->e_type, ET_DYN);
	REFUSED(header->e_version, 2);
}

static void program_headers_outside_are_refused(void **state)
{
	(void)state;
	REFUSED(header->e_phoff, FILE_BYTES - sizeof(Elf64_Phdr));
	REFUSED(header->e_phoff, UINT64_MAX - 7);
	REFUSED(header->e_phoff, sizeof(Elf64_Ehdr) + 4);
	REFUSED(header->e_phnum, 0);
	REFUSED(header->e_phnum, UINT16_MAX);
	REFUSED(header->e_phentsize, 32);
}

static void segments_outside_are_refused(void **state)
{
	(void)state;
	REFUSED(segments[2].p_filesz, DATA_BYTES + 1); /* one byte past the file */
	REFUSED(segments[2].p_offset, UINT64_MAX - 0xfff);
	REFUSED(segments[2].p_filesz, UINT64_MAX);
	REFUSED(segments[2].p_memsz, DATA_BYTES - 1);
	REFUSED(segments[2].p_memsz, ELF_IMAGE_BYTES_MAX);
	REFUSED(segments[2].p_memsz, UINT64_MAX);
	REFUSED(segments[2].p_vaddr, KERNEL_IMAGE_BASE - 0x1000);
	REFUSED(segments[2].p_vaddr, 0);
	REFUSED(segments[2].p_vaddr, UINT64_MAX - 0xfff);
}

static void misaligned_segments_are_refused(void **state)
{
	(void)state;
	REFUSED(segments[2].p_align, 0x1800);
	REFUSED(segments[2].p_vaddr, KERNEL_IMAGE_BASE + 0x1008);
}

static void overlapping_segments_are_refused(void **state)
{
	(void)state;
	REFUSED(segments[0].p_memsz, 0x1001);
	REFUSED(segments[2].p_vaddr, KERNEL_IMAGE_BASE);
}

static void touching_segments_are_accepted(void **state)
{
	(void)state;
	segments[0].p_memsz = 0x1000;
	assert_null(check());
}

static void entry_outside_of_code_is_refused(void **state)
{
	(void)state;
	REFUSED(header->e_entry, 0);
	REFUSED(header->e_entry, KERNEL_IMAGE_BASE - 1);
	REFUSED(header->e_entry, KERNEL_IMAGE_BASE + TEXT_BYTES);
	REFUSED(header->e_entry, KERNEL_IMAGE_BASE + 0x1010);
	REFUSED(segments[0].p_flags, PF_R);
}

static void image_must_begin_at_its_base(void **state)
{
	(void)state;
	segments[0].p_vaddr += 0x10000;
	header->e_entry += 0x10000;
	assert_non_null(check());
}

static void every_truncation_is_refused(void **state)
{
	struct elf_image image;

	(void)state;
	for (size_t length = 0; length < FILE_BYTES; length++) {
		/* An exact copy, so that reading past its end is seen. */
		uint8_t *copy = malloc(length ? length : 1);

		memcpy(copy, file.bytes, length);
		assert_non_null(elf_check(copy, length, &image));
		free(copy);
	}
	assert_null(check());
}

static void damaged_headers_never_load_out_of_bounds(void **state)
{
	size_t headers = sizeof(Elf64_Ehdr) + 3 * sizeof(Elf64_Phdr);
	unsigned accepted = 0;

	(void)state;
	srand(1);
	for (unsigned round = 0; round < 200000; round++) {
		struct elf_image image;
		unsigned changes = 1 + (unsigned)rand() % 3;

		setup(NULL);
		while (changes--)
			file.bytes[(size_t)rand() % headers] = (uint8_t)rand();
		if (elf_check(file.bytes, sizeof(file.bytes), &image))
			continue;
		accepted++;
		assert_true(image.length_bytes <= ELF_IMAGE_BYTES_MAX);
		if (image.length_bytes < 1 << 20) {
			uint8_t *memory = malloc(image.length_bytes);

			elf_load(&image, file.bytes, memory);
			free(memory);
		}
	}
	assert_true(accepted > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sound_file_loads_with_zeroed_gaps_and_bss, setup),
		cmocka_unit_test_setup(foreign_files_are_refused, setup),
		cmocka_unit_test_setup(program_headers_outside_are_refused, setup),
		cmocka_unit_test_setup(segments_outside_are_refused, setup),
		cmocka_unit_test_setup(misaligned_segments_are_refused, setup),
		cmocka_unit_test_setup(overlapping_segments_are_refused, setup),
		cmocka_unit_test_setup(touching_segments_are_accepted, setup),
		cmocka_unit_test_setup(entry_outside_of_code_is_refused, setup),
		cmocka_unit_test_setup(image_must_begin_at_its_base, setup),
		cmocka_unit_test_setup(every_truncation_is_refused, setup),
		cmocka_unit_test_setup(damaged_headers_never_load_out_of_bounds, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
