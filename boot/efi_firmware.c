/* SPDX-License-Identifier: MIT */
/*
 * Files, texts, tables and the memory map, as UEFI 2.10 gives them.
 *
 * Pages for the kernel are taken with a type the memory map shows as free
 * after the exit; firmware_allocate() therefore keeps a list of them, which
 * firmware_exit() lays over the map as the kernel's.
 *
 * Leaving boot services is a loop: ExitBootServices() refuses a map that is no
 * longer current, and asking for the map again is all that is allowed then
 * (UEFI 2.10, 7.4.6). The buffer is allocated once, with room for growth.
 */
#include "boot/efi_firmware.h"

#include <efilib.h>
#include <stdbool.h>

#include "boot/memory_map.h"

#define BELOW_4_GIB 0xffffffffull
#define OWN_RANGES_MAX 16u
#define COMMAND_LINE_MAX 4096u
#define MAP_SPARE_BYTES 8192u
#define EXIT_ATTEMPTS 8u

static struct {
	uint64_t base, length_bytes;
} own_ranges[OWN_RANGES_MAX];
static unsigned own_range_count;

void *firmware_allocate(EFI_MEMORY_TYPE type, UINTN length_bytes, UINTN alignment_bytes)
{
	UINTN spare = alignment_bytes > EFI_PAGE_SIZE ? alignment_bytes : 0;
	UINTN pages = EFI_SIZE_TO_PAGES(length_bytes);
	EFI_PHYSICAL_ADDRESS base = BELOW_4_GIB;

	if (!length_bytes || own_range_count == OWN_RANGES_MAX)
		return NULL;
	if (EFI_ERROR(BS->AllocatePages(AllocateMaxAddress, type,
					pages + EFI_SIZE_TO_PAGES(spare), &base)))
		return NULL;
	/* What alignment skips is free again once the kernel runs. */
	if (spare)
		base = (base + spare - 1) & ~(spare - 1);
	own_ranges[own_range_count].base = base;
	own_ranges[own_range_count++].length_bytes = pages * EFI_PAGE_SIZE;
	SetMem((void *)base, pages * EFI_PAGE_SIZE, 0);
	return (void *)base;
}

EFI_FILE_HANDLE firmware_open_volume(EFI_LOADED_IMAGE *loaded)
{
	return loaded->DeviceHandle ? LibOpenRoot(loaded->DeviceHandle) : NULL;
}

/* The file may be shorter than it said; longer than that is never read. */
static EFI_STATUS read_all(EFI_FILE_HANDLE file, uint8_t *to, UINTN length_bytes)
{
	UINTN done = 0;

	while (done < length_bytes) {
		UINTN step = length_bytes - done;
		EFI_STATUS status = file->Read(file, &step, to + done);

		if (EFI_ERROR(status))
			return status;
		if (!step || step > length_bytes - done)
			return EFI_END_OF_FILE;
		done += step;
	}
	return EFI_SUCCESS;
}

static EFI_STATUS read_open_file(EFI_FILE_HANDLE file, UINTN limit_bytes,
				 struct bootinfo_text *out)
{
	EFI_FILE_INFO *info = LibFileInfo(file);
	uint64_t length_bytes;
	bool is_directory;
	void *memory;
	EFI_STATUS status;

	if (!info)
		return EFI_DEVICE_ERROR;
	length_bytes = info->FileSize;
	is_directory = info->Attribute & EFI_FILE_DIRECTORY;
	FreePool(info);
	if (is_directory)
		return EFI_INVALID_PARAMETER;
	if (length_bytes > limit_bytes)
		return EFI_BAD_BUFFER_SIZE;
	if (!length_bytes)
		return EFI_SUCCESS;
	memory = firmware_allocate(EfiLoaderData, length_bytes, EFI_PAGE_SIZE);
	if (!memory)
		return EFI_OUT_OF_RESOURCES;
	status = read_all(file, memory, length_bytes);
	if (!EFI_ERROR(status))
		*out = (struct bootinfo_text){ (uint64_t)memory, length_bytes };
	return status;
}

EFI_STATUS firmware_read_file(EFI_FILE_HANDLE volume, CHAR16 *path, UINTN limit_bytes,
			      struct bootinfo_text *out)
{
	EFI_FILE_HANDLE file;
	EFI_STATUS status;

	*out = (struct bootinfo_text){ 0, 0 };
	status = volume->Open(volume, &file, path, EFI_FILE_MODE_READ, 0);
	if (status == EFI_NOT_FOUND)
		return status;
	if (!EFI_ERROR(status)) {
		status = read_open_file(file, limit_bytes, out);
		file->Close(file);
	}
	if (status == EFI_BAD_BUFFER_SIZE)
		Print(L"ringbolt: %s: longer than %d KiB\n", path, limit_bytes >> 10);
	else if (EFI_ERROR(status))
		Print(L"ringbolt: %s: cannot be read: %r\n", path, status);
	return status;
}

/* Boot managers also pass binary data here: all or nothing. */
static bool is_text(const CHAR16 *options, UINTN length)
{
	for (UINTN i = 0; i < length; i++)
		if ((options[i] < ' ' || options[i] > '~') && options[i] != '\t')
			return false;
	return true;
}

void firmware_command_line(EFI_LOADED_IMAGE *loaded, struct bootinfo_text *out)
{
	const CHAR16 *options = loaded->LoadOptions;
	UINTN length = loaded->LoadOptionsSize / sizeof(CHAR16), first = 0;
	bool has_equals = false;
	char *text;

	*out = (struct bootinfo_text){ 0, 0 };
	if (!options || length > COMMAND_LINE_MAX)
		return;
	while (length && !options[length - 1])
		length--;
	if (!is_text(options, length))
		return;
	/* A shell's first word is the program's own name: no key=value. */
	while (first < length && options[first] != ' ' && options[first] != '\t')
		has_equals |= options[first++] == '=';
	if (has_equals)
		first = 0;
	text = firmware_allocate(EfiLoaderData, length - first, EFI_PAGE_SIZE);
	if (!text)
		return;
	for (UINTN i = first; i < length; i++)
		text[i - first] = (char)options[i];
	*out = (struct bootinfo_text){ (uint64_t)text, length - first };
}

static enum bootinfo_memory_type efi_memory_type(const EFI_MEMORY_DESCRIPTOR *descriptor)
{
	if (descriptor->Attribute & EFI_MEMORY_RUNTIME)
		return BOOTINFO_MEMORY_RESERVED;
	switch (descriptor->Type) {
	case EfiConventionalMemory:
	case EfiBootServicesCode:
	case EfiBootServicesData:
	case EfiLoaderCode:
	case EfiLoaderData:
		return BOOTINFO_MEMORY_USABLE;
	case EfiACPIReclaimMemory:
	case EfiACPIMemoryNVS:
		return BOOTINFO_MEMORY_ACPI;
	default:
		return BOOTINFO_MEMORY_RESERVED;
	}
}

static void take_efi_map(struct bootinfo *bootinfo, const uint8_t *map, UINTN map_bytes,
			 UINTN descriptor_bytes)
{
	for (UINTN at = 0; at + descriptor_bytes <= map_bytes; at += descriptor_bytes) {
		const EFI_MEMORY_DESCRIPTOR *descriptor = (const void *)(map + at);

		if (descriptor->NumberOfPages > UINT64_MAX / EFI_PAGE_SIZE) {
			bootinfo->notes |= BOOTINFO_NOTE_BAD_RANGE;
			continue;
		}
		memory_map_add(bootinfo, descriptor->PhysicalStart,
			       descriptor->NumberOfPages * EFI_PAGE_SIZE,
			       efi_memory_type(descriptor));
	}
	for (unsigned i = 0; i < own_range_count; i++)
		memory_map_add(bootinfo, own_ranges[i].base, own_ranges[i].length_bytes,
			       BOOTINFO_MEMORY_KERNEL);
}

EFI_STATUS firmware_exit(EFI_HANDLE image, struct bootinfo *bootinfo)
{
	UINTN capacity = 0, map_bytes, key, descriptor_bytes;
	UINT32 version;
	uint8_t *map;
	EFI_STATUS status;

	status = BS->GetMemoryMap(&capacity, NULL, &key, &descriptor_bytes, &version);
	if (status != EFI_BUFFER_TOO_SMALL)
		return EFI_DEVICE_ERROR;
	capacity += MAP_SPARE_BYTES;
	status = BS->AllocatePool(EfiLoaderData, capacity, (void **)&map);
	if (EFI_ERROR(status))
		return status;
	for (unsigned attempt = 0; attempt < EXIT_ATTEMPTS; attempt++) {
		map_bytes = capacity;
		status = BS->GetMemoryMap(&map_bytes, (void *)map, &key, &descriptor_bytes,
					  &version);
		if (EFI_ERROR(status) || descriptor_bytes < sizeof(EFI_MEMORY_DESCRIPTOR))
			return EFI_DEVICE_ERROR;
		status = BS->ExitBootServices(image, key);
		if (EFI_ERROR(status))
			continue;
		take_efi_map(bootinfo, map, map_bytes, descriptor_bytes);
		return EFI_SUCCESS;
	}
	return status;
}
