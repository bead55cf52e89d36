/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own page tables, built once and loaded by every CPU.
 *
 *   DIRECT_MAP_BASE   RAM and ACPI tables, RW; read-only where the kernel's
 *                     text and constants or ACPI tables lie
 *   MMIO_BASE         device registers, uncached, as mapped
 *   FIRMWARE_BASE     firmware tables outside of the direct map, read-only
 *   STACK_BASE        stacks, an unmapped page below each
 *   KERNEL_IMAGE_BASE text RX, constants R, data RW; the boot stack's guard
 *                     page is left out
 *
 * Everything but text is NX. The direct map has holes where the physical
 * memory has: speculation must not touch device registers. The windows only
 * grow; nothing is unmapped, so no CPU ever holds a stale translation. The
 * lower half stays empty; AP start code gets tables of its own.
 *
 * Context: boot CPU, except paging_load(). Deliberately no page faults that
 * mean anything, no user space, no global pages (CR3 is loaded once).
 */
#include "kernel/mm/paging.h"

#include "kernel/cpu/x86.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/err.h"
#include "kernel/lib/image.h"
#include "kernel/lib/log.h"
#include "kernel/mm/page.h"
#include "kernel/mm/pagetable.h"
#include "kernel/mm/ranges.h"

#define WINDOW_BYTES (16ull << 40)
#define MMIO_BASE 0xffffc00000000000ull
#define FIRMWARE_BASE 0xffffd00000000000ull
#define STACK_BASE 0xffffe00000000000ull
#define BOOT_TABLES_REACH (4ull << 30)

_Static_assert(DIRECT_MAP_BASE + RANGES_PHYS_LIMIT <= MMIO_BASE, "the direct map fits");

#define MSR_EFER 0xc0000080u /* SDM vol. 4, table 2-2 */
#define EFER_NXE (1ull << 11)
#define MSR_PAT 0x277u
/* The reset value: PCD|PWT selects UC, none selects WB (SDM vol. 3A 12.12.4). */
#define PAT_RESET_VALUE 0x0007040600070406ull
#define CR0_WP (1ull << 16)

/* A part of the address space handed out from the bottom. */
struct window {
	uint64_t next, end;
};

static struct pagetable kernel_table;
static struct pagetable identity_table;
static struct window mmio_window = { MMIO_BASE, MMIO_BASE + WINDOW_BYTES };
static struct window firmware_window = { FIRMWARE_BASE, FIRMWARE_BASE + WINDOW_BYTES };
static struct window stack_window = { STACK_BASE, STACK_BASE + WINDOW_BYTES };
static struct range_list direct_writable, direct_read_only;
static uint64_t xd; /* PTE_XD, 0 when the CPU lacks it */
static uint64_t phys_end; /* what the CPU can address */

/* Sizes of pages and addresses, and NX (SDM vol. 2A, CPUID). */
static uint64_t read_cpu_limits(void)
{
	uint32_t regs[4], max_leaf;
	uint64_t largest = PAGETABLE_2M;
	unsigned address_bits = 36;

	x86_cpuid(0x80000000u, 0, regs);
	max_leaf = regs[0];
	x86_cpuid(0x80000001u, 0, regs);
	if (regs[3] >> 20 & 1)
		xd = PTE_XD;
	else
		log_warn("paging", "the CPU has no NX: data stays executable");
	if (regs[3] >> 26 & 1)
		largest = PAGETABLE_1G;
	if (max_leaf >= 0x80000008u) {
		x86_cpuid(0x80000008u, 0, regs);
		address_bits = MIN(regs[0] & 0xff, 52u);
	}
	phys_end = 1ull << address_bits;
	return largest;
}

/* What the direct map covers, and which of it may be written. */
static int find_direct_ranges(const struct bootinfo *bootinfo)
{
	uint64_t constant_base = bootinfo->kernel_phys_base;
	uint64_t constant_end = constant_base +
				(uint64_t)(kernel_rodata_end - kernel_start);
	int result;

	result = ranges_add_types(&direct_writable, bootinfo, 1u << BOOTINFO_MEMORY_USABLE,
				  RANGES_INWARD);
	if (!result)
		result = ranges_add_types(&direct_writable, bootinfo,
					  1u << BOOTINFO_MEMORY_KERNEL, RANGES_OUTWARD);
	if (!result)
		result = ranges_remove(&direct_writable, constant_base, constant_end);
	if (!result)
		result = ranges_add_types(&direct_read_only, bootinfo,
					  1u << BOOTINFO_MEMORY_ACPI, RANGES_OUTWARD);
	for (uint32_t i = 0; !result && i < direct_writable.count; i++)
		result = ranges_remove(&direct_read_only, direct_writable.items[i].base,
				       direct_writable.items[i].end);
	if (!result)
		result = ranges_add(&direct_read_only, constant_base, constant_end);
	return result;
}

static int map_direct(const struct range_list *list, uint64_t bits)
{
	for (uint32_t i = 0; i < list->count; i++) {
		uint64_t base = list->items[i].base;
		uint64_t end = MIN(list->items[i].end, phys_end);
		int result;

		if (base >= end)
			continue;
		result = pagetable_map(&kernel_table, DIRECT_MAP_BASE + base, phys_make(base),
				       end - base, bits);
		if (result)
			return result;
	}
	return 0;
}

static int map_image(const struct bootinfo *bootinfo, const char *start, const char *end,
		     uint64_t bits)
{
	uint64_t offset = (uint64_t)(start - kernel_start);

	return pagetable_map(&kernel_table, (uint64_t)(uintptr_t)start,
			     phys_make(bootinfo->kernel_phys_base + offset),
			     (uint64_t)(end - start), bits);
}

static int build_tables(const struct bootinfo *bootinfo)
{
	const char *after_guard = boot_stack_guard + PAGE_BYTES;
	int result = map_image(bootinfo, kernel_text_start, kernel_text_end, 0);

	if (!result)
		result = map_image(bootinfo, kernel_rodata_start, kernel_rodata_end, xd);
	if (!result)
		result = map_image(bootinfo, kernel_data_start, boot_stack_guard,
				   xd | PTE_WRITE);
	if (!result)
		result = map_image(bootinfo, after_guard, kernel_data_end, xd | PTE_WRITE);
	if (!result)
		result = map_direct(&direct_writable, xd | PTE_WRITE);
	if (!result)
		result = map_direct(&direct_read_only, xd);
	return result;
}

int paging_init(const struct bootinfo *bootinfo)
{
	uint64_t largest = read_cpu_limits();
	int result = find_direct_ranges(bootinfo);

	if (!result)
		result = pagetable_init(&kernel_table, largest, BOOT_TABLES_REACH);
	if (!result)
		result = build_tables(bootinfo);
	if (result)
		return result;
	paging_load();
	kernel_table.table_limit = phys_end;
	return 0;
}

void paging_load(void)
{
	if (xd)
		x86_wrmsr(MSR_EFER, x86_rdmsr(MSR_EFER) | EFER_NXE);
	if (x86_rdmsr(MSR_PAT) != PAT_RESET_VALUE)
		x86_wrmsr(MSR_PAT, PAT_RESET_VALUE);
	x86_write_cr3(kernel_table.root.value);
	x86_write_cr0(x86_read_cr0() | CR0_WP);
}

/*
 * Addresses for `bytes` (whole pages) and an unmapped page behind them; large
 * ones keep the physical address's offset within 2 MiB. 0 when used up.
 */
static uint64_t window_take(struct window *window, uint64_t phys, uint64_t bytes)
{
	uint64_t virt = window->next;

	if (bytes >= PAGETABLE_2M)
		virt = align_up(virt, PAGETABLE_2M) + phys % PAGETABLE_2M;
	if (virt >= window->end || bytes >= window->end - virt)
		return 0;
	window->next = virt + bytes + PAGE_BYTES;
	return virt;
}

/* Maps the pages around any range into a window; 0 when that is impossible. */
static uint64_t window_map(struct window *window, phys_addr address, uint64_t length_bytes,
			   uint64_t bits)
{
	uint64_t base = align_down(address.value, PAGE_BYTES);
	uint64_t bytes = align_up(address.value - base + length_bytes, PAGE_BYTES);
	uint64_t virt = window_take(window, base, bytes);

	if (!virt || pagetable_map(&kernel_table, virt, phys_make(base), bytes, bits))
		return 0;
	return virt + (address.value - base);
}

static bool is_addressable(phys_addr address, uint64_t length_bytes)
{
	return length_bytes && address.value < phys_end &&
	       length_bytes <= phys_end - address.value;
}

volatile void *paging_map_mmio(phys_addr address, uint64_t length_bytes)
{
	uint64_t end = address.value + length_bytes;

	if (!is_addressable(address, length_bytes))
		return NULL;
	if (ranges_overlap(&direct_writable, address.value, end) ||
	    ranges_overlap(&direct_read_only, address.value, end))
		return NULL;
	return (volatile void *)(uintptr_t)window_map(&mmio_window, address, length_bytes,
						      xd | PTE_WRITE | PTE_PCD | PTE_PWT);
}

const void *paging_map_firmware(phys_addr address, uint64_t length_bytes)
{
	uint64_t end = address.value + length_bytes;

	if (!is_addressable(address, length_bytes))
		return NULL;
	if (ranges_contain(&direct_writable, address.value, end) ||
	    ranges_contain(&direct_read_only, address.value, end))
		return phys_to_virt(address);
	return (const void *)(uintptr_t)window_map(&firmware_window, address, length_bytes, xd);
}

uint8_t *paging_allocate_stack(uint64_t bytes)
{
	uint64_t length_bytes = align_up(bytes, PAGE_BYTES);
	phys_addr memory = page_allocate(length_bytes / PAGE_BYTES, 1);
	uint64_t virt;

	if (!memory.value)
		return NULL;
	/* The guard is the page behind what lies below. */
	virt = window_map(&stack_window, memory, length_bytes, xd | PTE_WRITE);
	return virt ? (uint8_t *)(uintptr_t)(virt + length_bytes) : NULL;
}

int paging_identity_map(phys_addr page, phys_addr *root)
{
	int result;

	assert_always(!identity_table.root.value);
	result = pagetable_init(&identity_table, PAGE_BYTES, BOOT_TABLES_REACH);
	if (result)
		return result;
	result = pagetable_map(&identity_table, page.value, page, PAGE_BYTES, 0);
	if (result) {
		pagetable_free(&identity_table, page.value);
		return result;
	}
	pagetable_share_upper_half(&identity_table, &kernel_table);
	*root = identity_table.root;
	return 0;
}

void paging_identity_unmap(phys_addr page)
{
	pagetable_free(&identity_table, page.value);
}
