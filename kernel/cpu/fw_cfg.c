/* SPDX-License-Identifier: MIT */
/*
 * QEMU's fw_cfg by I/O port (QEMU, docs/specs/fw_cfg.rst).
 *
 * Its ports are touched only where there is a hypervisor. What it returns is bounded: at
 * most FILES_MAX directory entries are looked at, and no more than the buffer is read.
 */
#include "kernel/cpu/fw_cfg.h"

#include "kernel/cpu/hypervisor.h"
#include "kernel/cpu/x86.h"
#include "kernel/lib/err.h"
#include "kernel/lib/mem.h"

#define FW_CFG_PORT_SELECTOR 0x510u
#define FW_CFG_PORT_DATA 0x511u
#define FW_CFG_SIGNATURE 0x0000u
#define FW_CFG_FILE_DIR 0x0019u
#define FW_CFG_NAME_BYTES 56u
#define FILES_MAX 1024u

static void fw_cfg_get(void *buffer, size_t size_bytes)
{
	uint8_t *bytes = buffer;

	for (size_t i = 0; i < size_bytes; i++)
		bytes[i] = x86_in8(FW_CFG_PORT_DATA);
}

static bool fw_cfg_present(void)
{
	char signature[4];

	if (!hypervisor_is_present())
		return false;
	x86_out16(FW_CFG_PORT_SELECTOR, FW_CFG_SIGNATURE);
	fw_cfg_get(signature, sizeof(signature));
	return !memcmp(signature, "QEMU", sizeof(signature));
}

int64_t fw_cfg_read(const char *name, void *buffer, size_t size_bytes)
{
	/* struct FWCfgFile; numbers are big endian. */
	struct {
		uint32_t size;
		uint16_t select;
		uint16_t reserved;
		char name[FW_CFG_NAME_BYTES];
	} file;
	uint32_t count, length;

	_Static_assert(sizeof(file) == 64, "fw_cfg.rst, File Directory");
	if (!fw_cfg_present())
		return -ERR_NOT_FOUND;
	x86_out16(FW_CFG_PORT_SELECTOR, FW_CFG_FILE_DIR);
	fw_cfg_get(&count, sizeof(count));
	count = __builtin_bswap32(count);
	for (uint32_t i = 0; i < MIN(count, FILES_MAX); i++) {
		fw_cfg_get(&file, sizeof(file));
		if (strncmp(file.name, name, sizeof(file.name)))
			continue;
		length = __builtin_bswap32(file.size);
		x86_out16(FW_CFG_PORT_SELECTOR, __builtin_bswap16(file.select));
		fw_cfg_get(buffer, MIN(length, size_bytes));
		return length;
	}
	return -ERR_NOT_FOUND;
}
