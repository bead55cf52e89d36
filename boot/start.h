/* SPDX-License-Identifier: MIT */
/*
 * The way from the first instruction to kernel_main(), for the files that make it:
 *
 *   pvh.asm   -> pvh_main()        pvh.c: makes a struct bootinfo
 *   entry.asm -> bootinfo_enter()  enter.c: copies the EFI loader's
 *   both      -> kernel_main()     kernel/main.c
 */
#ifndef BOOT_START_H
#define BOOT_START_H

#include "boot/bootinfo.h"
#include "kernel/lib/util.h"

/* The kernel's own copy; [I] once kernel_main() runs. */
extern struct bootinfo boot_bootinfo;

/* From entry.asm, with the EFI loader's structure. */
NORETURN void bootinfo_enter(const struct bootinfo *from_loader);

/* From pvh.asm, with the physical address of struct hvm_start_info. */
NORETURN void pvh_main(uint32_t start_info_phys);

/* Filled in above: kernel/main.c. */
NORETURN void kernel_main(const struct bootinfo *bootinfo);

#endif
