/* SPDX-License-Identifier: MIT */
/*
 * The clocks beside the TSC:
 *
 *   CPUID 0x15, the hypervisor's leaf 0x40000010: tell the TSC's rate
 *   ACPI PM timer (3.579545 MHz), HPET (it says its rate), PIT channel 2 (1.193182 MHz): count
 *
 * The PIT counts 16 bits down, 55 ms long, and is started anew for each measurement; its output
 * says when it is through. An HPET that the firmware left switched off is switched on as long as
 * it is needed; its comparators stay as they are, so no interrupt comes of it.
 *
 * A port that nobody answers reads as all ones: a counter that stands still, a PIT that is through.
 */
#include "kernel/cpu/clock_sources.h"

#include "kernel/cpu/mmio.h"

#define PM_TIMER_HZ 3579545ull /* ACPI 6.4, 4.8.2.1 */

#define PIT_HZ 1193182ull
#define PIT_CHANNEL_0 0x40u
#define PIT_CHANNEL_2 0x42u
#define PIT_COMMAND 0x43u
#define PIT_CHANNEL_0_MODE_0 0x30u /* low then high byte, binary */
#define PIT_CHANNEL_2_MODE_0 0xb0u /* low then high byte, binary */
#define PIT_CHANNEL_2_LATCH 0x80u
#define PORT_B 0x61u
#define PORT_B_GATE_2 0x01u
#define PORT_B_SPEAKER 0x02u
#define PORT_B_OUTPUT_2 0x20u

/* IA-PC HPET 1.0a, 2.3 */
#define HPET_PERIOD 0x004u /* upper half of the capabilities, in femtoseconds */
#define HPET_CONFIGURATION 0x010u
#define HPET_ENABLE 1u
#define HPET_COUNTER 0x0f0u
#define HPET_PERIOD_MAX 100000000u
#define HPET_PERIOD_MIN 1000000u /* of ours: 1 GHz */
#define FS_PER_S 1000000000000000ull

static uint16_t pm_timer_port;
static volatile uint8_t *hpet;
static uint32_t hpet_configuration; /* the firmware's */

/* SDM vol. 2A, CPUID leaf 0x15: crystal * EBX / EAX. 0: not told. */
static uint64_t hz_from_cpuid(void)
{
	uint32_t regs[4];

	x86_cpuid(0, 0, regs);
	if (regs[0] < 0x15)
		return 0;
	x86_cpuid(0x15, 0, regs);
	return regs[0] ? (uint64_t)regs[2] * regs[1] / regs[0] : 0;
}

/* The leaf that VMware began and KVM shares: EAX is the TSC in kHz. */
static uint64_t hz_from_hypervisor(void)
{
	uint32_t regs[4];

	x86_cpuid(1, 0, regs);
	if (!(regs[2] >> 31 & 1))
		return 0;
	x86_cpuid(0x40000000u, 0, regs);
	if (regs[0] < 0x40000010u || regs[0] > 0x400000ffu)
		return 0;
	x86_cpuid(0x40000010u, 0, regs);
	return regs[0] * 1000ull;
}

static bool read_pm_timer(const struct calibrate_clock *clock, struct calibrate_reading *out)
{
	(void)clock;
	out->tsc_before = clock_tsc();
	out->count = x86_in32(pm_timer_port);
	out->tsc_after = clock_tsc();
	return true;
}

static bool read_hpet(const struct calibrate_clock *clock, struct calibrate_reading *out)
{
	(void)clock;
	out->tsc_before = clock_tsc();
	out->count = mmio_read32(hpet + HPET_COUNTER);
	out->tsc_after = clock_tsc();
	return true;
}

static void start_pit(void)
{
	uint8_t port_b = x86_in8(PORT_B);

	x86_out8(PORT_B, (uint8_t)((port_b & ~PORT_B_SPEAKER) | PORT_B_GATE_2));
	x86_out8(PIT_COMMAND, PIT_CHANNEL_2_MODE_0);
	x86_out8(PIT_CHANNEL_2, 0);
	x86_out8(PIT_CHANNEL_2, 0);
}

static bool read_pit(const struct calibrate_clock *clock, struct calibrate_reading *out)
{
	uint32_t low, high;

	(void)clock;
	out->tsc_before = clock_tsc();
	x86_out8(PIT_COMMAND, PIT_CHANNEL_2_LATCH);
	out->tsc_after = clock_tsc();
	low = x86_in8(PIT_CHANNEL_2);
	high = x86_in8(PIT_CHANNEL_2);
	out->count = (0u - (high << 8 | low)) & 0xffffu; /* down from 65536 */
	return !(x86_in8(PORT_B) & PORT_B_OUTPUT_2);
}

/*
 * Firmware leaves channel 0 ticking at 18.2 Hz. Nobody here listens, but a
 * machine whose virtual time jumps to the next timer whenever all CPUs halt
 * would jump to that tick: mode 0 counts down once and is silent.
 */
static void silence_pit(void)
{
	x86_out8(PIT_COMMAND, PIT_CHANNEL_0_MODE_0);
	x86_out8(PIT_CHANNEL_0, 1);
	x86_out8(PIT_CHANNEL_0, 0);
}

/* Its rate; 0: there is none that we believe in. */
static uint64_t start_hpet(volatile uint8_t *registers)
{
	uint32_t period_fs = registers ? mmio_read32(registers + HPET_PERIOD) : 0;

	if (period_fs < HPET_PERIOD_MIN || period_fs > HPET_PERIOD_MAX)
		return 0;
	hpet = registers;
	hpet_configuration = mmio_read32(hpet + HPET_CONFIGURATION);
	mmio_write32(hpet + HPET_CONFIGURATION, hpet_configuration | HPET_ENABLE);
	return FS_PER_S / period_fs;
}

unsigned clock_sources_start(const struct clock_hardware *hardware,
			     struct calibrate_clock sources[CLOCK_SOURCES_MAX])
{
	const struct calibrate_clock all[CLOCK_SOURCES_MAX] = {
		{ .name = "cpuid", .hz = hz_from_cpuid() },
		{ .name = "hypervisor", .hz = hz_from_hypervisor() },
		{ .name = "pm-timer",
		  .hz = hardware->pm_timer_port ? PM_TIMER_HZ : 0,
		  .mask = hardware->pm_timer_is_32bit ? UINT32_MAX : 0xffffffu,
		  .read = read_pm_timer },
		{ .name = "hpet",
		  .hz = start_hpet(hardware->hpet),
		  .mask = UINT32_MAX,
		  .read = read_hpet },
		/* It says when it is through, so it is never taken for going round. */
		{ .name = "pit",
		  .hz = PIT_HZ,
		  .mask = UINT32_MAX,
		  .start = start_pit,
		  .read = read_pit },
	};
	unsigned count = 0;

	pm_timer_port = hardware->pm_timer_port;
	for (unsigned i = 0; i < CLOCK_SOURCES_MAX; i++)
		if (all[i].hz)
			sources[count++] = all[i];
	return count;
}

void clock_sources_stop(void)
{
	silence_pit();
	if (hpet)
		mmio_write32(hpet + HPET_CONFIGURATION, hpet_configuration);
}
