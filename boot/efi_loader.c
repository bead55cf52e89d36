/* SPDX-License-Identifier: MIT */
/*
 * BOOTX64.EFI: loads \ringbolt\kernel.elf from the volume that it came from
 * and starts it, with the texts beside it.
 *
 *     files -> check the ELF file -> load, 2 MiB aligned, below 4 GiB
 *     -> page tables -> command line, RSDP -> memory map, leave boot services
 *     -> jump through a copy of efi_handover
 *
 * The tables, in pages of ours below 4 GiB, with 2 MiB leaves:
 *
 *     PML4[0]   -> low PDPT [0..3] -> 4 directories: physical 0 .. 4 GiB, 1:1
 *     PML4[256] -> low PDPT          the same at DIRECT_MAP_BASE
 *     PML4[511] -> high PDPT [510] -> directory: KERNEL_IMAGE_BASE at the image
 *
 * Whatever is wrong ends in one line and a return to the firmware, up to the
 * moment boot services are left. A missing configuration or job is not wrong.
 *
 * Limit: a firmware that runs with five-level paging is refused.
 */
#include <efi.h>
#include <efilib.h>

#include "boot/bootinfo.h"
#include "boot/efi_firmware.h"
#include "boot/elf.h"
#include "kernel/cpu/x86.h"
#include "kernel/lib/mem.h"

#define KERNEL_FILE_BYTES_MAX (16u << 20)
#define LARGE_PAGE_BYTES (2ull << 20)
#define TABLE_BYTES 4096u
#define TABLE_ENTRIES 512u
#define ENTRY_PRESENT_WRITE 0x3u
#define ENTRY_LARGE 0x80u
#define LOW_DIRECTORIES 4u
#define CR4_LA57 (1ull << 12)

extern char efi_handover[], efi_handover_end[];
typedef void (*handover_function)(struct bootinfo *bootinfo, uint64_t tables_phys,
				  uint64_t entry) __attribute__((sysv_abi, noreturn));

struct tables {
	uint64_t pml4[TABLE_ENTRIES];
	uint64_t low_pdpt[TABLE_ENTRIES];
	uint64_t high_pdpt[TABLE_ENTRIES];
	uint64_t image_directory[TABLE_ENTRIES];
	uint64_t low_directories[LOW_DIRECTORIES * TABLE_ENTRIES];
};
_Static_assert(sizeof(struct tables) == 8 * TABLE_BYTES, "whole tables");

static uint64_t table_entry(const uint64_t *table)
{
	return (uint64_t)table | ENTRY_PRESENT_WRITE;
}

static struct tables *build_start_tables(uint64_t image_phys, uint64_t image_bytes)
{
	struct tables *tables = firmware_allocate(EfiLoaderData, sizeof(*tables), EFI_PAGE_SIZE);
	unsigned first = (KERNEL_IMAGE_BASE >> 21) % TABLE_ENTRIES;

	if (!tables)
		return NULL;
	tables->pml4[0] = table_entry(tables->low_pdpt);
	tables->pml4[DIRECT_MAP_BASE >> 39 & 511] = table_entry(tables->low_pdpt);
	tables->pml4[KERNEL_IMAGE_BASE >> 39 & 511] = table_entry(tables->high_pdpt);
	tables->high_pdpt[KERNEL_IMAGE_BASE >> 30 & 511] = table_entry(tables->image_directory);
	for (unsigned i = 0; i < LOW_DIRECTORIES; i++)
		tables->low_pdpt[i] = table_entry(&tables->low_directories[i * TABLE_ENTRIES]);
	for (uint64_t i = 0; i < LOW_DIRECTORIES * TABLE_ENTRIES; i++)
		tables->low_directories[i] =
			i * LARGE_PAGE_BYTES | ENTRY_LARGE | ENTRY_PRESENT_WRITE;
	/* elf_check() bounds the image, so it ends inside this directory. */
	for (uint64_t at = 0; at < image_bytes; at += LARGE_PAGE_BYTES)
		tables->image_directory[first + at / LARGE_PAGE_BYTES] =
			(image_phys + at) | ENTRY_LARGE | ENTRY_PRESENT_WRITE;
	return tables;
}
_Static_assert(ELF_IMAGE_BYTES_MAX <= (TABLE_ENTRIES - 1) * LARGE_PAGE_BYTES, "one directory");

static EFI_STATUS fail(CHAR16 *what)
{
	Print(L"ringbolt: %s\n", what);
	return EFI_LOAD_ERROR;
}

static EFI_STATUS read_files(EFI_LOADED_IMAGE *loaded, struct bootinfo *bootinfo,
			     struct bootinfo_text *kernel)
{
	EFI_FILE_HANDLE volume = firmware_open_volume(loaded);
	EFI_STATUS status;

	if (!volume)
		return fail(L"the volume that the loader came from cannot be opened");
	status = firmware_read_file(volume, L"\\ringbolt\\kernel.elf", KERNEL_FILE_BYTES_MAX,
				    kernel);
	if (status == EFI_NOT_FOUND)
		Print(L"ringbolt: \\ringbolt\\kernel.elf: not found\n");
	if (EFI_ERROR(status))
		return status;
	status = firmware_read_file(volume, L"\\ringbolt\\ringbolt.conf",
				    BOOTINFO_TEXT_BYTES_MAX, &bootinfo->config);
	if (EFI_ERROR(status) && status != EFI_NOT_FOUND)
		return status;
	status = firmware_read_file(volume, L"\\ringbolt\\job.fio", BOOTINFO_TEXT_BYTES_MAX,
				    &bootinfo->job);
	return status == EFI_NOT_FOUND ? EFI_SUCCESS : status;
}

static EFI_STATUS load_kernel(const struct bootinfo_text *file, struct bootinfo *bootinfo,
			      uint64_t *entry)
{
	struct elf_image image;
	const char *problem = elf_check((const void *)file->phys, file->length_bytes, &image);
	void *memory;

	if (problem) {
		Print(L"ringbolt: \\ringbolt\\kernel.elf: %a\n", problem);
		return EFI_LOAD_ERROR;
	}
	memory = firmware_allocate(EfiLoaderData, image.length_bytes, LARGE_PAGE_BYTES);
	if (!memory)
		return fail(L"no memory for the kernel below 4 GiB");
	elf_load(&image, (const void *)file->phys, memory);
	bootinfo->kernel_phys_base = (uint64_t)memory;
	bootinfo->kernel_length_bytes = image.length_bytes;
	*entry = image.entry;
	return EFI_SUCCESS;
}

/* Returns only on failure. */
static EFI_STATUS start_kernel(EFI_HANDLE image, struct bootinfo *bootinfo, uint64_t entry)
{
	struct tables *tables =
		build_start_tables(bootinfo->kernel_phys_base, bootinfo->kernel_length_bytes);
	void *page = firmware_allocate(EfiLoaderCode, EFI_PAGE_SIZE, EFI_PAGE_SIZE);
	EFI_STATUS status;

	if (!tables || !page)
		return fail(L"no memory for page tables below 4 GiB");
	memcpy(page, efi_handover, (size_t)(efi_handover_end - efi_handover));
	status = firmware_exit(image, bootinfo);
	if (EFI_ERROR(status))
		return status;
	x86_cli();
	((handover_function)page)(bootinfo, (uint64_t)tables->pml4, entry);
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	uint64_t entry_tsc = x86_rdtsc(), entry;
	struct bootinfo_text kernel;
	EFI_LOADED_IMAGE *loaded;
	struct bootinfo *bootinfo;
	EFI_STATUS status;

	InitializeLib(image, system);
	if (x86_read_cr4() & CR4_LA57)
		return fail(L"five-level paging is not supported; switch it off in the set-up");
	status = BS->HandleProtocol(image, &LoadedImageProtocol, (void **)&loaded);
	if (EFI_ERROR(status))
		return fail(L"the firmware does not say where the loader came from");
	bootinfo = firmware_allocate(EfiLoaderData, sizeof(*bootinfo), EFI_PAGE_SIZE);
	if (!bootinfo)
		return fail(L"no memory below 4 GiB");
	bootinfo->magic = BOOTINFO_MAGIC;
	bootinfo->firmware = BOOTINFO_UEFI;
	bootinfo->entry_tsc = entry_tsc;
	status = read_files(loaded, bootinfo, &kernel);
	if (!EFI_ERROR(status))
		status = load_kernel(&kernel, bootinfo, &entry);
	if (EFI_ERROR(status))
		return status;
	firmware_command_line(loaded, &bootinfo->command_line);
	bootinfo->rsdp_phys = firmware_rsdp(system);
	return start_kernel(image, bootinfo, entry);
}
