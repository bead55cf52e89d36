/* SPDX-License-Identifier: MIT */
/*
 * The local APIC of the CPU that calls (SDM vol. 3A chapter 11): registers by
 * MMIO (xAPIC) or MSR (x2APIC), one choice for all CPUs.
 */
#ifndef KERNEL_IRQ_LAPIC_H
#define KERNEL_IRQ_LAPIC_H

#include "kernel/cpu/mmio.h"
#include "kernel/lib/util.h"

#define LAPIC_EOI_OFFSET 0x0b0u
#define LAPIC_SPURIOUS_VECTOR 0xffu
#define LAPIC_DELIVERY_NMI (4u << 8) /* SDM vol. 3A figures 11-8 and 11-12 */
#define LAPIC_DELIVERY_INIT (5u << 8)
#define LAPIC_DELIVERY_STARTUP (6u << 8)
#define LAPIC_DELIVERY_EXTINT (7u << 8)

/*
 * The registers when they are memory, NULL with x2APIC. [I] after
 * lapic_init(); here for lapic_eoi() alone.
 */
extern volatile uint8_t *lapic_registers;

/* Boot CPU, once: picks the mode and maps the registers. 0 or -ERR_*. */
int lapic_init(phys_addr madt_base);

/* Each CPU: enabled, everything local masked, timer stopped, nothing pending. */
void lapic_init_cpu(void);

uint32_t lapic_id(void);

/* What this CPU's APIC ID will be, in whichever mode; before lapic_init_cpu(). */
uint32_t lapic_initial_id(void);
bool lapic_is_x2apic(void);

/* Out of line part of lapic_eoi(). */
void lapic_eoi_x2apic(void);

/* Ends the interrupt in service. */
static inline void lapic_eoi(void)
{
	if (LIKELY(lapic_registers != NULL))
		mmio_write32(lapic_registers + LAPIC_EOI_OFFSET, 0);
	else
		lapic_eoi_x2apic();
}

/* True while an interrupt with that vector is being served. */
bool lapic_is_in_service(uint8_t vector);

/*
 * An interrupt command (physical destination) to one CPU: a vector, or a
 * LAPIC_DELIVERY_* with its low byte. Any context. False when the APIC did not
 * take it within a millisecond, or cannot name that CPU.
 */
bool lapic_send(uint32_t apic_id, uint32_t command);

/* Lets the 8259 through LINT0 to this CPU. */
void lapic_accept_8259(void);

/*
 * Boot CPU, once, with a calibrated clock: whether the timer takes TSC values,
 * else its rate. 0 or -ERR_DEVICE when it does not count.
 */
int lapic_timer_measure(void);

/* Each CPU: the vector that its timer raises. */
void lapic_timer_init_cpu(uint8_t vector);

/*
 * Raises the vector once at that time; earlier if it is further away than the
 * hardware can count, and perhaps a few ticks earlier for rounding.
 */
void lapic_timer_start(uint64_t deadline_tsc);
void lapic_timer_stop(void);
bool lapic_timer_is_tsc_deadline(void);

#endif
