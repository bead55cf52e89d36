/* SPDX-License-Identifier: MIT */
/*
 * From an entry into the kernel proper, with the kernel's own copy of the
 * boot information.
 *
 * The EFI loader's structure lies in memory that only the temporary tables
 * reach; bootinfo_enter() moves it into .bss before kernel_main() sees it, so
 * that the pointer stays good under the kernel's own tables. The PVH entry
 * fills the copy in place.
 */
#include "boot/bootinfo.h"
#include "boot/start.h"
#include "kernel/cpu/uart.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/mem.h"

struct bootinfo boot_bootinfo;

void bootinfo_enter(const struct bootinfo *from_loader)
{
	/* Another loader, or another version of ours: nothing can be trusted. */
	if (from_loader->magic != BOOTINFO_MAGIC) {
		uart_init(UART_COM1);
		panic("started without a boot information structure");
	}
	memcpy(&boot_bootinfo, from_loader, sizeof(boot_bootinfo));
	kernel_main(&boot_bootinfo);
}
