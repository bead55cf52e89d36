/* SPDX-License-Identifier: MIT */
/*
 * Starting the other CPUs, and handing work to them.
 *
 * All of them start at once (SDM vol. 3A 9.4.4): INIT to each, one wait,
 * start-up IPIs to each. A CPU goes through
 *
 *   ap_start.asm  draws a ticket (a stack), reaches long mode
 *   checked in    found itself by APIC ID in aps[]; spins
 *   assigned      the boot CPU gave it a struct cpu, in the MADT's order
 *   running       GDT, page tables, APIC done; runs its loop
 *
 * Numbers are dense although a CPU may not come: they are given out only when
 * all have checked in or the time is over. A CPU that comes later is
 * refused and halts, in the start page, which is never used for anything else.
 *
 * aps[] entry: the CPU itself writes stack_top, tsc and stage, the boot CPU
 * the rest. Waits are bounded in ns. Deliberately no taking down of CPUs.
 */
#include "kernel/irq/smp.h"

#include "kernel/acpi/acpi.h"
#include "kernel/cpu/barrier.h"
#include "kernel/cpu/clock.h"
#include "kernel/cpu/hypervisor.h"
#include "kernel/cpu/x86.h"
#include "kernel/irq/irq.h"
#include "kernel/irq/lapic.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/err.h"
#include "kernel/lib/log.h"
#include "kernel/lib/mem.h"
#include "kernel/mm/page.h"
#include "kernel/mm/paging.h"

#define INIT_WAIT_NS (10 * NS_PER_MS)
#define STARTUP_REPEAT_NS (200 * NS_PER_US)
#define CHECK_IN_MAX_NS (4 * NS_PER_S)
#define RUNNING_MAX_NS (5 * NS_PER_S)

#define MSR_EFER 0xc0000080u
#define EFER_LME (1ull << 8)
#define EFER_NXE (1ull << 11)
#define TICKET_CLOSED 0x80000000u

/* As ap_start.asm lays it out. */
struct ap_start_data {
	uint64_t gdt[4];
	uint64_t entry;
	uint64_t stacks[CPU_MAX];
	uint32_t ticket;
	uint32_t ticket_limit;
	uint32_t cr3;
	uint32_t efer;
	uint32_t protected_offset;
	uint16_t protected_selector;
	uint32_t long_offset;
	uint16_t long_selector;
	uint16_t gdt_limit;
	uint32_t gdt_base;
} PACKED;
_Static_assert(sizeof(struct ap_start_data) == 586, "ap_start.asm's layout");

extern char ap_start_begin[], ap_start_end[], ap_start_data[];
extern char ap_start_protected[], ap_start_long[];

enum ap_stage { AP_ABSENT, AP_CHECKED_IN, AP_RUNNING };

struct ap {
	uint32_t apic_id; /* [I] */
	uint32_t stage; /* [a] enum ap_stage */
	struct cpu *cpu; /* [a] NULL until assigned */
	uint8_t *stack_top;
	uint64_t tsc; /* when it began to run */
	bool is_behind; /* its TSC read less than the boot CPU's before */
};

static struct ap aps[CPU_MAX];
static uint32_t ap_count;
static uint32_t assigned; /* [a] nonzero: numbers are given out */
static uint64_t assigned_tsc;
static struct ap_start_data *start; /* in the start page */

static NORETURN void halt_forever(void)
{
	x86_cli();
	for (;;)
		x86_hlt();
}

static NORETURN void ap_loop(struct cpu *cpu)
{
	x86_sti();
	for (;;) {
		void (*task)(void *argument) = load_acquire(&cpu->task);

		if (!task) {
			cpu_wait();
			continue;
		}
		task(cpu->task_argument);
		store_release(&cpu->task, NULL); /* partner: smp_run() */
		smp_wake(&cpu_table[0]);
	}
}

static struct ap *find_ap(uint32_t apic_id)
{
	for (uint32_t i = 0; i < ap_count; i++) {
		if (aps[i].apic_id == apic_id)
			return &aps[i];
	}
	return NULL;
}

/* Where ap_start.asm ends: interrupts off, no GS, no IDT, start tables. */
static NORETURN void ap_main(uint32_t ticket)
{
	struct ap *ap = find_ap(lapic_initial_id());
	struct cpu *cpu;

	if (!ap)
		halt_forever();
	ap->stack_top = (uint8_t *)(uintptr_t)start->stacks[ticket];
	store_release(&ap->stage, AP_CHECKED_IN); /* partner: count_stage() */
	while (!load_acquire(&assigned))
		x86_pause();
	cpu = load_acquire(&ap->cpu);
	if (!cpu)
		halt_forever();
	ap->tsc = clock_tsc();
	ap->is_behind = ap->tsc < assigned_tsc;
	cpu_init_ap(cpu);
	paging_load();
	irq_init_cpu();
	store_release(&ap->stage, AP_RUNNING);
	ap_loop(cpu);
}

static uint32_t count_stage(enum ap_stage stage)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < ap_count; i++)
		count += load_acquire(&aps[i].stage) >= stage;
	return count;
}

static bool wait_for_stage(enum ap_stage stage, uint32_t count, uint64_t limit_ns)
{
	uint64_t start_tsc = clock_tsc();
	uint64_t ticks = clock_ns_to_tsc(limit_ns);

	while (count_stage(stage) < count) {
		if (clock_tsc() - start_tsc > ticks)
			return false;
		x86_pause();
	}
	return true;
}

/* Every CPU of the MADT but this one, as many as were asked for. */
static void list_aps(uint32_t limit)
{
	uint32_t own_id = cpu_this()->apic_id;

	for (uint32_t i = 0; i < acpi_info.cpu_count && ap_count + 1 < limit; i++) {
		if (acpi_info.apic_ids[i] != own_id)
			aps[ap_count++].apic_id = acpi_info.apic_ids[i];
	}
}

static uint32_t page_offset(const char *symbol)
{
	return (uint32_t)(symbol - ap_start_begin);
}

static int prepare_start_page(phys_addr page)
{
	uint8_t *memory = phys_to_virt(page);
	uint32_t base = (uint32_t)page.value;
	phys_addr root;
	int result;

	memcpy(memory, ap_start_begin, (size_t)(ap_start_end - ap_start_begin));
	start = (struct ap_start_data *)(memory + page_offset(ap_start_data));
	for (uint32_t i = 0; i < ap_count; i++) {
		uint8_t *stack_top = paging_allocate_stack(CPU_STACK_BYTES);

		if (!stack_top)
			return -ERR_NO_MEMORY;
		start->stacks[i] = (uint64_t)(uintptr_t)stack_top;
	}
	result = paging_identity_map(page, &root);
	if (result)
		return result;
	start->cr3 = (uint32_t)root.value;
	start->efer = (uint32_t)((x86_rdmsr(MSR_EFER) & EFER_NXE) | EFER_LME);
	start->entry = (uint64_t)(uintptr_t)ap_main;
	start->protected_offset = base + page_offset(ap_start_protected);
	start->long_offset = base + page_offset(ap_start_long);
	start->gdt_base = base + page_offset(ap_start_data);
	start->ticket_limit = ap_count;
	return 0;
}

static void send_to_absent(uint32_t command)
{
	for (uint32_t i = 0; i < ap_count; i++) {
		if (load_acquire(&aps[i].stage) == AP_ABSENT &&
		    !lapic_send(aps[i].apic_id, command))
			log_warn("smp", "no command reaches APIC ID %u",
				 (unsigned)aps[i].apic_id);
	}
}

static void start_all(phys_addr page)
{
	uint32_t startup = LAPIC_DELIVERY_STARTUP | (uint32_t)(page.value / PAGE_BYTES);

	send_to_absent(LAPIC_DELIVERY_INIT);
	/* Real CPUs need a pause after INIT; a hypervisor's is done at once. */
	if (!hypervisor_is_present())
		clock_delay_ns(INIT_WAIT_NS);
	send_to_absent(startup);
	if (!wait_for_stage(AP_CHECKED_IN, ap_count, STARTUP_REPEAT_NS)) {
		send_to_absent(startup);
		(void)wait_for_stage(AP_CHECKED_IN, ap_count, CHECK_IN_MAX_NS);
	}
	(void)atomic_swap(&start->ticket, TICKET_CLOSED);
}

/* Gives a number to each CPU that came, in the MADT's order. */
static void assign_numbers(void)
{
	for (uint32_t i = 0; i < ap_count; i++) {
		struct cpu *cpu = &cpu_table[cpu_count];

		if (load_acquire(&aps[i].stage) == AP_ABSENT) {
			log_warn("smp", "CPU with APIC ID %u does not answer: left out",
				 (unsigned)aps[i].apic_id);
			continue;
		}
		cpu->index = cpu_count++;
		cpu->apic_id = aps[i].apic_id;
		cpu->stack_top = aps[i].stack_top;
		store_release(&aps[i].cpu, cpu);
	}
	assigned_tsc = clock_tsc();
	store_release(&assigned, 1); /* partner: ap_main() */
}

/* A clock that is off by more than a message takes is noticed, in both ways. */
static void compare_clocks(void)
{
	uint64_t now_tsc = clock_tsc();

	for (uint32_t i = 0; i < ap_count; i++) {
		if (load_acquire(&aps[i].stage) != AP_RUNNING)
			continue;
		if (aps[i].is_behind || aps[i].tsc > now_tsc)
			log_warn("smp", "TSC of CPU %u differs from the boot CPU's",
				 (unsigned)aps[i].cpu->index);
	}
}

uint32_t smp_start(uint32_t limit)
{
	phys_addr page = page_low();
	uint64_t start_tsc = clock_tsc();
	uint32_t expected;

	list_aps(limit ? MIN(limit, CPU_MAX) : CPU_MAX);
	if (!ap_count)
		return cpu_count;
	if (!page.value || prepare_start_page(page)) {
		log_warn("smp", "no memory for starting other CPUs");
		return cpu_count;
	}
	start_all(page);
	assign_numbers();
	expected = cpu_count - 1;
	if (!wait_for_stage(AP_RUNNING, expected, RUNNING_MAX_NS))
		panic("a CPU stopped while it was started");
	compare_clocks();
	/* One that was left out may still be on its way through these tables. */
	if (expected == ap_count)
		paging_identity_unmap(page);
	log_info("smp", "%u CPUs, the others started in %u us", (unsigned)cpu_count,
		 (unsigned)(clock_tsc_to_ns(clock_tsc() - start_tsc) / NS_PER_US));
	return cpu_count;
}

void smp_wake(struct cpu *cpu)
{
	store_once(&cpu->wake, 1);
	barrier_full(); /* with the one in cpu_wait() */
	if (load_once(&cpu->waiting) && cpu != cpu_this())
		irq_send_wake(cpu);
}

int smp_run(struct cpu *cpu, void (*task)(void *argument), void *argument)
{
	cpu_assert_boot();
	assert_always(cpu->index != 0 && task);
	if (load_acquire(&cpu->task)) /* partner: ap_loop(), when it is done */
		return -ERR_FULL;
	cpu->task_argument = argument;
	store_release(&cpu->task, task); /* partner: ap_loop() */
	smp_wake(cpu);
	return 0;
}
