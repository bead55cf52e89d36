/*
 * The TSC as the only clock: finds its frequency once, at start.
 *
 *   CPUID 0x15, else the hypervisor's leaf 0x40000010: told, nothing measured
 *   ACPI PM timer (3.579545 MHz): TSC and counter read close together, twice
 *   PIT channel 2: TSC across one count-down
 *
 * Every loop ends by iterations and by elapsed TSC ticks: a counter that
 * stands still or a port that nobody answers costs milliseconds, not the boot.
 *
 * clock_scale is written here once and read by everyone afterwards. Context:
 * boot CPU. Deliberately no wall-clock time and no adjustment later on.
 */
#include "kernel/cpu/clock.h"

#include "kernel/cpu/machine.h"
#include "kernel/lib/err.h"
#include "kernel/lib/log.h"

#define HZ_MIN 100000000ull /* outside of these, a source is not believed */
#define HZ_MAX 20000000000ull
#define HZ_ASSUMED 1000000000ull

/* Some 30 ms of a usual TSC, and above what any plausible one needs. */
#define WAIT_TSC_MAX 120000000ull
#define WAIT_READS_MAX 1000000u

#define PM_TIMER_HZ 3579545ull /* ACPI 6.4, 4.8.2.1 */
#define PM_TIMER_TICKS 10739u /* 3 ms */
#define PM_SAMPLES 8u

#define PIT_HZ 1193182ull
#define PIT_COUNT 5966u /* 5 ms */
#define PIT_CHANNEL_2 0x42u
#define PIT_CHANNEL_0 0x40u
#define PIT_COMMAND 0x43u
#define PIT_CHANNEL_0_MODE_0 0x30u /* low then high byte, binary */
#define PIT_CHANNEL_2_MODE_0 0xb0u /* low then high byte, binary */
#define PORT_B 0x61u /* bit 0: gate of channel 2, 1: speaker, 5: its output */

struct clock_scale clock_scale;
static const char *source_name = "none";

static bool is_plausible(uint64_t hz)
{
	return hz >= HZ_MIN && hz <= HZ_MAX;
}

/* SDM vol. 2A, CPUID leaf 0x15: crystal * EBX / EAX. 0: not told. */
static uint64_t hz_from_cpuid(void)
{
	uint32_t regs[4];
	uint64_t hz;

	x86_cpuid(0, 0, regs);
	if (regs[0] < 0x15)
		return 0;
	x86_cpuid(0x15, 0, regs);
	if (!regs[0] || !regs[1] || !regs[2])
		return 0;
	hz = (uint64_t)regs[2] * regs[1] / regs[0];
	return is_plausible(hz) ? hz : 0;
}

/* The leaf that VMware began and KVM shares: EAX is the TSC in kHz. */
static uint64_t hz_from_hypervisor(void)
{
	uint32_t regs[4];
	uint64_t hz;

	x86_cpuid(1, 0, regs);
	if (!(regs[2] >> 31 & 1))
		return 0;
	x86_cpuid(0x40000000u, 0, regs);
	if (regs[0] < 0x40000010u || regs[0] > 0x400000ffu)
		return 0;
	x86_cpuid(0x40000010u, 0, regs);
	hz = regs[0] * 1000ull;
	return is_plausible(hz) ? hz : 0;
}

struct pm_sample {
	uint64_t tsc;
	uint32_t count;
};

/* The tightest of a few readings: a pause between the two reads would lie. */
static struct pm_sample read_pm_timer(uint16_t port)
{
	struct pm_sample best = { 0, 0 };
	uint64_t best_gap = UINT64_MAX;

	for (unsigned i = 0; i < PM_SAMPLES; i++) {
		uint64_t before = clock_tsc();
		uint32_t count = x86_in32(port);
		uint64_t gap = clock_tsc() - before;

		if (gap < best_gap) {
			best_gap = gap;
			best = (struct pm_sample){ before + gap / 2, count };
		}
	}
	return best;
}

static uint64_t hz_from_pm_timer(uint16_t port, bool is_32bit)
{
	uint32_t mask = is_32bit ? UINT32_MAX : 0xffffffu;
	struct pm_sample start, end;
	uint32_t ticks;
	uint64_t hz;

	if (!port)
		return 0;
	start = read_pm_timer(port);
	for (unsigned i = 0;; i++) {
		if (((x86_in32(port) - start.count) & mask) >= PM_TIMER_TICKS)
			break;
		if (i == WAIT_READS_MAX || clock_tsc() - start.tsc > WAIT_TSC_MAX)
			return 0;
	}
	end = read_pm_timer(port);
	ticks = (end.count - start.count) & mask;
	hz = (end.tsc - start.tsc) * PM_TIMER_HZ / ticks;
	return is_plausible(hz) ? hz : 0;
}

static uint64_t hz_from_pit(void)
{
	uint8_t port_b = (uint8_t)((x86_in8(PORT_B) & ~2u) | 1u);
	uint64_t start, ticks, hz;

	x86_out8(PORT_B, port_b);
	x86_out8(PIT_COMMAND, PIT_CHANNEL_2_MODE_0);
	x86_out8(PIT_CHANNEL_2, PIT_COUNT & 0xff);
	x86_out8(PIT_CHANNEL_2, PIT_COUNT >> 8);
	start = clock_tsc();
	for (unsigned i = 0; !(x86_in8(PORT_B) & 0x20); i++) {
		if (i == WAIT_READS_MAX || clock_tsc() - start > WAIT_TSC_MAX)
			return 0;
	}
	ticks = clock_tsc() - start;
	hz = ticks * PIT_HZ / PIT_COUNT;
	return is_plausible(hz) ? hz : 0;
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

static uint64_t find_hz(uint16_t pm_timer_port, bool pm_timer_is_32bit)
{
	uint64_t hz = hz_from_cpuid();

	source_name = "cpuid";
	if (!hz)
		hz = hz_from_hypervisor();
	if (!hz) {
		source_name = "pm-timer";
		hz = hz_from_pm_timer(pm_timer_port, pm_timer_is_32bit);
	}
	if (!hz) {
		source_name = "pit";
		hz = hz_from_pit();
	}
	if (!hz)
		source_name = "none";
	return hz;
}

/* The best of a few rows of stamps: the others were interrupted or cold. */
static uint64_t measure_stamp_cost(void)
{
	const unsigned rows = 8, stamps = 16;
	uint64_t best = UINT64_MAX;

	for (unsigned row = 0; row < rows; row++) {
		uint64_t start = clock_tsc();

		for (unsigned i = 0; i < stamps; i++)
			(void)clock_tsc();
		best = MIN(best, (clock_tsc() - start) / stamps);
	}
	return best;
}

/* CPUID 0x80000007, EDX bit 8: the rate never changes (SDM vol. 3B 18.17.1). */
static bool has_invariant_tsc(void)
{
	uint32_t regs[4];

	x86_cpuid(0x80000000u, 0, regs);
	if (regs[0] < 0x80000007u)
		return false;
	x86_cpuid(0x80000007u, 0, regs);
	return regs[3] >> 8 & 1;
}

int clock_init(uint16_t pm_timer_port, bool pm_timer_is_32bit)
{
	silence_pit();
	uint64_t hz = find_hz(pm_timer_port, pm_timer_is_32bit);
	bool found = hz != 0;

	if (!found)
		hz = HZ_ASSUMED;
	clock_scale.tsc_hz = hz;
	clock_scale.mult_to_ns = (NS_PER_S << 32) / hz;
	clock_scale.mult_to_tsc = (hz / NS_PER_S << 32) + (hz % NS_PER_S << 32) / NS_PER_S;
	clock_scale.stamp_cost_tsc = measure_stamp_cost();
	log_info("clock", "TSC %u.%03u MHz (%s), one stamp costs %u ns", (unsigned)(hz / 1000000),
		 (unsigned)(hz / 1000 % 1000), source_name,
		 (unsigned)clock_tsc_to_ns(clock_scale.stamp_cost_tsc));
	/* TCG's TSC is QEMU's own clock, whatever its CPUID says. */
	if (!has_invariant_tsc() && !machine_is_tcg())
		log_warn("clock", "the CPU does not promise a constant TSC rate");
	if (!found) {
		log_error("clock", "nothing to calibrate the TSC against: assuming 1 GHz");
		return -ERR_TIMEOUT;
	}
	return 0;
}

const char *clock_source_name(void)
{
	return source_name;
}

void clock_delay_ns(uint64_t delay_ns)
{
	uint64_t start = clock_tsc();
	uint64_t ticks = clock_ns_to_tsc(delay_ns);

	while (clock_tsc() - start < ticks)
		x86_pause();
}
