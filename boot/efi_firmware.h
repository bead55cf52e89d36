/* SPDX-License-Identifier: MIT */
/*
 * What the EFI loader asks of the firmware. All memory handed out lies below
 * 4 GiB and is remembered, so that firmware_exit() can keep the kernel from
 * taking it for free.
 */
#ifndef BOOT_EFI_FIRMWARE_H
#define BOOT_EFI_FIRMWARE_H

#include <efi.h>

#include "boot/bootinfo.h"

/* Zeroed pages below 4 GiB; NULL when there are none. */
void *firmware_allocate(EFI_MEMORY_TYPE type, UINTN length_bytes, UINTN alignment_bytes);

/* The volume that the loader came from; NULL when it came from elsewhere. */
EFI_FILE_HANDLE firmware_open_volume(EFI_LOADED_IMAGE *loaded);

/*
 * Reads a whole file. EFI_NOT_FOUND when it is not there; after any other error
 * one line was printed.
 */
EFI_STATUS firmware_read_file(EFI_FILE_HANDLE volume, CHAR16 *path, UINTN limit_bytes,
			      struct bootinfo_text *out);

/* Load options as key=value words; none when they are not such a text. */
void firmware_command_line(EFI_LOADED_IMAGE *loaded, struct bootinfo_text *out);

/* The ACPI root pointer; 0 when there is none. */
uint64_t firmware_rsdp(const EFI_SYSTEM_TABLE *system);

/*
 * Leaves boot services and fills the memory map in. On success the firmware
 * must not be called any more, and nothing can be printed.
 */
EFI_STATUS firmware_exit(EFI_HANDLE image, struct bootinfo *bootinfo);

#endif
