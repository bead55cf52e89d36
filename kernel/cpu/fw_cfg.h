/* SPDX-License-Identifier: MIT */
/* The channel that QEMU offers into the machine: files by name. */
#ifndef KERNEL_CPU_FW_CFG_H
#define KERNEL_CPU_FW_CFG_H

#include "kernel/lib/util.h"

/*
 * Copies the named file into the buffer. Returns its whole length (may exceed size), or
 * -ERR_NOT_FOUND (also without fw_cfg). Boot CPU.
 */
int64_t fw_cfg_read(const char *name, void *buffer, size_t size_bytes);

#endif
