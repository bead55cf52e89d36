/* SPDX-License-Identifier: MIT */
/*
 * The local APIC: enabling it, interrupt commands, end of interrupt, the timer.
 *
 * x2APIC (MSRs) is used when the CPU has it, which covers firmware that left
 * it on: there is no way back to MMIO short of disabling. Else the registers
 * are mapped where IA32_APIC_BASE says; the MADT's address is only compared.
 *
 * The timer's deadlines are TSC values. With TSC-deadline they go into an MSR;
 * else the APIC's own count-down is set, whose rate is measured once on the
 * boot CPU (all CPUs share the bus clock).
 *
 * Each function acts on the calling CPU. Interrupts off or on; lapic_send()
 * turns them off while the two halves of an xAPIC command must stay together.
 * Deliberately without the I/O APIC: devices use MSI-X or the 8259.
 */
#include "kernel/irq/lapic.h"

#include "kernel/cpu/barrier.h"
#include "kernel/cpu/clock.h"
#include "kernel/cpu/mmio.h"
#include "kernel/cpu/x86.h"
#include "kernel/lib/err.h"
#include "kernel/lib/log.h"
#include "kernel/mm/paging.h"

#define MSR_APIC_BASE 0x1bu /* SDM vol. 3A 11.4.4 */
#define APIC_BASE_EXTD (1u << 10)
#define APIC_BASE_ENABLE (1u << 11)
#define APIC_BASE_ADDRESS 0x000ffffffffff000ull
#define MSR_TSC_DEADLINE 0x6e0u
#define MSR_X2APIC 0x800u /* register at MMIO offset o: MSR 0x800 + o / 16 */
#define REGISTERS_BYTES 0x1000u

/* SDM vol. 3A table 11-1. */
enum lapic_register {
	LAPIC_ID = 0x020,
	LAPIC_TPR = 0x080,
	LAPIC_EOI = LAPIC_EOI_OFFSET,
	LAPIC_SVR = 0x0f0,
	LAPIC_ISR = 0x100, /* 8 words, 16 bytes apart */
	LAPIC_ICR = 0x300,
	LAPIC_ICR_HIGH = 0x310,
	LAPIC_LVT_TIMER = 0x320,
	LAPIC_LVT_LINT0 = 0x350,
	LAPIC_LVT_LINT1 = 0x360,
	LAPIC_LVT_ERROR = 0x370,
	LAPIC_TIMER_INITIAL = 0x380,
	LAPIC_TIMER_CURRENT = 0x390,
	LAPIC_TIMER_DIVIDE = 0x3e0,
};

#define SVR_ENABLE (1u << 8)
#define LVT_MASKED (1u << 16)
#define LVT_TIMER_TSC_DEADLINE (2u << 17)
#define ICR_PENDING (1u << 12)
#define ICR_ASSERT (1u << 14)
#define TIMER_DIVIDE_BY_1 0xbu

#define SEND_WAIT_NS NS_PER_MS
#define MEASURE_NS (2 * NS_PER_MS)

volatile uint8_t *lapic_registers;
static uint64_t timer_counts_per_tsc_q32; /* [I] 0: TSC-deadline */

static uint32_t lapic_read(enum lapic_register reg)
{
	if (lapic_registers)
		return mmio_read32(lapic_registers + reg);
	return (uint32_t)x86_rdmsr(MSR_X2APIC + (uint32_t)reg / 16);
}

static void lapic_write(enum lapic_register reg, uint32_t value)
{
	if (lapic_registers) {
		mmio_write32(lapic_registers + reg, value);
		return;
	}
	x86_wrmsr(MSR_X2APIC + (uint32_t)reg / 16, value);
}

static bool cpu_has(unsigned ecx_bit)
{
	uint32_t regs[4];

	x86_cpuid(1, 0, regs);
	return regs[2] >> ecx_bit & 1;
}

int lapic_init(phys_addr madt_base)
{
	uint64_t base = x86_rdmsr(MSR_APIC_BASE);
	uint64_t address = base & APIC_BASE_ADDRESS;

	if (cpu_has(21) || base & APIC_BASE_EXTD) {
		lapic_registers = NULL;
		return 0;
	}
	if (address != madt_base.value)
		log_warn("irq", "local APIC at 0x%llx, the MADT says 0x%llx",
			 (unsigned long long)address, (unsigned long long)madt_base.value);
	lapic_registers = paging_map_mmio(phys_make(address), REGISTERS_BYTES);
	return lapic_registers ? 0 : -ERR_NO_MEMORY;
}

bool lapic_is_x2apic(void)
{
	return !lapic_registers;
}

bool lapic_is_in_service(uint8_t vector)
{
	uint32_t word = lapic_read((enum lapic_register)(LAPIC_ISR + vector / 32 * 16));

	return word >> vector % 32 & 1;
}

/* What firmware left in service would block all vectors of lower priority. */
static void end_left_over_interrupts(void)
{
	for (unsigned vector = 256; vector-- > 0;) {
		if (lapic_is_in_service((uint8_t)vector))
			lapic_eoi();
	}
}

void lapic_init_cpu(void)
{
	uint64_t base = x86_rdmsr(MSR_APIC_BASE);

	/* EXTD may only be set once the APIC is enabled (SDM 11.12.1). */
	base |= APIC_BASE_ENABLE;
	x86_wrmsr(MSR_APIC_BASE, base);
	if (!lapic_registers && !(base & APIC_BASE_EXTD))
		x86_wrmsr(MSR_APIC_BASE, base | APIC_BASE_EXTD);

	lapic_write(LAPIC_TPR, 0);
	lapic_write(LAPIC_SVR, SVR_ENABLE | LAPIC_SPURIOUS_VECTOR);
	lapic_write(LAPIC_LVT_TIMER, LVT_MASKED);
	lapic_write(LAPIC_TIMER_INITIAL, 0);
	lapic_write(LAPIC_LVT_LINT0, LVT_MASKED);
	lapic_write(LAPIC_LVT_LINT1, LAPIC_DELIVERY_NMI);
	lapic_write(LAPIC_LVT_ERROR, LVT_MASKED);
	end_left_over_interrupts();
}

uint32_t lapic_id(void)
{
	uint32_t id = lapic_read(LAPIC_ID);

	return lapic_registers ? id >> 24 : id;
}

uint32_t lapic_initial_id(void)
{
	uint32_t regs[4];

	x86_cpuid(0, 0, regs);
	if (regs[0] >= 0xb) {
		x86_cpuid(0xb, 0, regs);
		if (regs[1])
			return regs[3];
	}
	x86_cpuid(1, 0, regs);
	return regs[1] >> 24;
}

void lapic_eoi_x2apic(void)
{
	x86_wrmsr(MSR_X2APIC + LAPIC_EOI / 16, 0);
}

/* SDM vol. 3A 11.6.1: the previous command has left. Bounded. */
static bool wait_until_sent(void)
{
	uint64_t start = clock_tsc();
	uint64_t ticks = clock_ns_to_tsc(SEND_WAIT_NS);

	while (lapic_read(LAPIC_ICR) & ICR_PENDING) {
		if (clock_tsc() - start > ticks)
			return false;
		x86_pause();
	}
	return true;
}

bool lapic_send(uint32_t apic_id, uint32_t command)
{
	uint64_t were_on;
	bool sent;

	command |= ICR_ASSERT;
	if (!lapic_registers) {
		barrier_before_apic_msr();
		x86_wrmsr(MSR_X2APIC + LAPIC_ICR / 16, (uint64_t)apic_id << 32 | command);
		return true;
	}
	if (apic_id > 0xfe)
		return false;
	were_on = x86_save_and_cli();
	sent = wait_until_sent();
	if (sent) {
		lapic_write(LAPIC_ICR_HIGH, apic_id << 24);
		lapic_write(LAPIC_ICR, command);
	}
	x86_restore_interrupts(were_on);
	return sent;
}

void lapic_accept_8259(void)
{
	lapic_write(LAPIC_LVT_LINT0, LAPIC_DELIVERY_EXTINT);
}

int lapic_timer_measure(void)
{
	uint64_t start, ticks;
	uint32_t counted;

	if (cpu_has(24))
		return 0;
	lapic_write(LAPIC_TIMER_DIVIDE, TIMER_DIVIDE_BY_1);
	start = clock_tsc();
	lapic_write(LAPIC_TIMER_INITIAL, UINT32_MAX);
	clock_delay_ns(MEASURE_NS);
	counted = UINT32_MAX - lapic_read(LAPIC_TIMER_CURRENT);
	ticks = clock_tsc() - start;
	lapic_write(LAPIC_TIMER_INITIAL, 0);
	timer_counts_per_tsc_q32 = MAX(((uint64_t)counted << 32) / ticks, 1ull);
	return counted ? 0 : -ERR_DEVICE;
}

bool lapic_timer_is_tsc_deadline(void)
{
	return !timer_counts_per_tsc_q32;
}

void lapic_timer_init_cpu(uint8_t vector)
{
	if (lapic_timer_is_tsc_deadline()) {
		lapic_write(LAPIC_LVT_TIMER, LVT_TIMER_TSC_DEADLINE | vector);
		/* SDM vol. 3A 11.5.4.1: the mode is set before the MSR is. */
		barrier_before_apic_msr();
		return;
	}
	lapic_write(LAPIC_TIMER_DIVIDE, TIMER_DIVIDE_BY_1);
	lapic_write(LAPIC_LVT_TIMER, vector);
}

void lapic_timer_start(uint64_t deadline_tsc)
{
	uint64_t now, counts;
	unsigned __int128 wanted;

	if (lapic_timer_is_tsc_deadline()) {
		barrier_before_apic_msr();
		x86_wrmsr(MSR_TSC_DEADLINE, MAX(deadline_tsc, 1ull)); /* 0 disarms */
		return;
	}
	now = clock_tsc();
	wanted = deadline_tsc > now ? deadline_tsc - now : 0;
	wanted = (wanted * timer_counts_per_tsc_q32 >> 32) + 1;
	counts = wanted > UINT32_MAX ? UINT32_MAX : (uint64_t)wanted;
	lapic_write(LAPIC_TIMER_INITIAL, (uint32_t)counts);
}

void lapic_timer_stop(void)
{
	if (lapic_timer_is_tsc_deadline())
		x86_wrmsr(MSR_TSC_DEADLINE, 0);
	else
		lapic_write(LAPIC_TIMER_INITIAL, 0);
}
