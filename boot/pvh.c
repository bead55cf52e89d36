/* SPDX-License-Identifier: MIT */
/*
 * The second half of a PVH start: turns the VMM's struct hvm_start_info into
 * a bootinfo.
 *
 * Runs on the boot stack under the tables of pvh.asm, which reach physical
 * memory below 4 GiB at DIRECT_MAP_BASE. All addresses and counts come from
 * outside: each is copied once, bounded, and only then used. What does not fit
 * is left out and noted, since nothing can be printed yet.
 *
 * The command line is copied into .bss; module 0, the job text, stays where
 * it is and its pages are marked as the kernel's. The VMM's own structures are
 * not needed afterwards, so their memory is as free as the map says.
 */
#include "boot/memory_map.h"
#include "boot/pvh_spec.h"
#include "boot/start.h"
#include "kernel/lib/image.h"
#include "kernel/lib/mem.h"

#define REACH_BYTES (1ull << 32) /* what the temporary tables map */
#define MEMMAP_ENTRIES_MAX 4096u
#define COMMAND_LINE_BYTES 4096u
#define ASSUMED_MEMORY_BYTES (64ull << 20)

extern uint64_t pvh_entry_tsc;

static char command_line[COMMAND_LINE_BYTES];

/* NULL when the temporary tables do not reach all of it. */
static const void *reach(uint64_t phys, uint64_t length_bytes)
{
	if (!phys || length_bytes > REACH_BYTES || phys > REACH_BYTES - length_bytes)
		return NULL;
	return (const void *)(uintptr_t)(DIRECT_MAP_BASE + phys);
}

static uint64_t image_phys(const void *symbol)
{
	return (uint64_t)(uintptr_t)symbol - KERNEL_VIRT_BASE;
}

static enum bootinfo_memory_type pvh_memory_type(uint32_t type)
{
	switch (type) {
	case XEN_HVM_MEMMAP_TYPE_RAM:
		return BOOTINFO_MEMORY_USABLE;
	case XEN_HVM_MEMMAP_TYPE_ACPI:
	case XEN_HVM_MEMMAP_TYPE_NVS:
		return BOOTINFO_MEMORY_ACPI;
	default:
		return BOOTINFO_MEMORY_RESERVED;
	}
}

static void take_pvh_map(struct bootinfo *bootinfo, const struct hvm_start_info *info)
{
	uint32_t count = info->version >= 1 ? info->memmap_entries : 0;
	const struct hvm_memmap_table_entry *entries;

	if (count > MEMMAP_ENTRIES_MAX) {
		bootinfo->notes |= BOOTINFO_NOTE_MAP_FULL;
		count = MEMMAP_ENTRIES_MAX;
	}
	entries = reach(info->memmap_paddr, count * sizeof(*entries));
	for (uint32_t i = 0; entries && i < count; i++)
		memory_map_add(bootinfo, entries[i].addr, entries[i].size,
			       pvh_memory_type(entries[i].type));
	if (!bootinfo->range_count) {
		bootinfo->notes |= BOOTINFO_NOTE_NO_MAP;
		memory_map_add(bootinfo, 1 << 20, ASSUMED_MEMORY_BYTES - (1 << 20),
			       BOOTINFO_MEMORY_USABLE);
	}
}

static void take_command_line(struct bootinfo *bootinfo, uint64_t phys)
{
	const char *text = reach(phys, COMMAND_LINE_BYTES);
	size_t length;

	if (!phys)
		return;
	length = text ? strnlen(text, COMMAND_LINE_BYTES) : COMMAND_LINE_BYTES;
	if (length == COMMAND_LINE_BYTES) {
		bootinfo->notes |= BOOTINFO_NOTE_TEXT_DROPPED;
		return;
	}
	memcpy(command_line, text, length);
	bootinfo->command_line = (struct bootinfo_text){ image_phys(command_line), length };
}

static void take_job(struct bootinfo *bootinfo, const struct hvm_start_info *info)
{
	const struct hvm_modlist_entry *module = reach(info->modlist_paddr, sizeof(*module));
	struct hvm_modlist_entry job;

	if (!info->nr_modules)
		return;
	if (module)
		memcpy(&job, module, sizeof(job));
	if (!module || job.size > BOOTINFO_TEXT_BYTES_MAX || !reach(job.paddr, job.size)) {
		bootinfo->notes |= BOOTINFO_NOTE_TEXT_DROPPED;
		return;
	}
	bootinfo->job = (struct bootinfo_text){ job.paddr, job.size };
	memory_map_add(bootinfo, job.paddr, job.size, BOOTINFO_MEMORY_KERNEL);
}

void pvh_main(uint32_t start_info_phys)
{
	const struct hvm_start_info *from_vmm = reach(start_info_phys, sizeof(*from_vmm));
	struct bootinfo *bootinfo = &boot_bootinfo;
	struct hvm_start_info info = { 0 };

	if (from_vmm && from_vmm->magic == XEN_HVM_START_MAGIC_VALUE)
		memcpy(&info, from_vmm, sizeof(info));

	bootinfo->magic = BOOTINFO_MAGIC;
	bootinfo->firmware = BOOTINFO_PVH;
	bootinfo->entry_tsc = pvh_entry_tsc;
	bootinfo->kernel_phys_base = image_phys(kernel_start);
	bootinfo->kernel_length_bytes = (uint64_t)(kernel_end - kernel_start);
	bootinfo->rsdp_phys = info.rsdp_paddr;
	take_pvh_map(bootinfo, &info);
	memory_map_add(bootinfo, bootinfo->kernel_phys_base, bootinfo->kernel_length_bytes,
		       BOOTINFO_MEMORY_KERNEL);
	take_command_line(bootinfo, info.cmdline_paddr);
	take_job(bootinfo, &info);
	kernel_main(bootinfo);
}
