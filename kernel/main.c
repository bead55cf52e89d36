/* SPDX-License-Identifier: MIT */
/*
 * The start order, as a list of calls; then the benchmark; then the way out.
 *
 * Each layer's contract is in its header. Boot CPU throughout; the others
 * enter in smp_start() and wait for work.
 */
#include "bench/job/job.h"
#include "bench/result/result.h"
#include "bench/run/run.h"
#include "boot/start.h"
#include "kernel/acpi/acpi.h"
#include "kernel/blk/drivers/drivers.h"
#include "kernel/cpu/clock.h"
#include "kernel/cpu/exit.h"
#include "kernel/cpu/fw_cfg.h"
#include "kernel/cpu/uart.h"
#include "kernel/cpu/x86.h"
#include "kernel/irq/irq.h"
#include "kernel/irq/smp.h"
#include "kernel/lib/err.h"
#include "kernel/lib/log.h"
#include "kernel/lib/mem.h"
#include "kernel/lib/settings.h"
#include "kernel/lib/version.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/page.h"
#include "kernel/mm/paging.h"
#include "kernel/pci/pci.h"

#define TEXT_BYTES_MAX (1u << 20) /* of a configuration or job file */

static struct settings settings;
static struct runner_boot boot;

static void console_write(const char *text, size_t length_bytes)
{
	uart_write(UART_COM1, text, length_bytes);
}

NORETURN static void cannot_start(const char *unit, const char *why)
{
	log_error(unit, "%s", why);
	exit_machine(EXIT_CRASH);
}

/* --- settings and job file --- */

/* A text with the name that messages shall use. */
struct text {
	const char *name;
	const char *bytes; /* NULL: there is none */
	size_t length_bytes;
};

NORETURN static void refuse_length(const char *name, int64_t length)
{
	log_raw("%s: %ld bytes; at most 1 MiB is read\n", name, length);
	exit_machine(EXIT_USAGE);
}

/* Which Windows' editors put before a text: it would become part of the first word. */
static struct text without_mark(struct text text)
{
	static const char mark[] = "\xef\xbb\xbf";
	if (text.length_bytes >= sizeof(mark) - 1 && !memcmp(text.bytes, mark, sizeof(mark) - 1)) {
		log_raw("%s:1: begins with a byte order mark; save it as UTF-8 without one\n",
			text.name);
		exit_machine(EXIT_USAGE);
	}
	return text;
}

static struct text boot_text(const char *name, const struct bootinfo_text *where)
{
	struct text text = { .name = name, .length_bytes = where->length_bytes };
	if (text.length_bytes > TEXT_BYTES_MAX)
		refuse_length(name, (int64_t)text.length_bytes);
	if (text.length_bytes)
		text.bytes = paging_map_firmware(phys_make(where->phys), text.length_bytes);
	return without_mark(text);
}

static struct text fw_cfg_text(const char *file)
{
	struct text text = { .name = file };
	int64_t length = fw_cfg_read(file, NULL, 0);
	if (length <= 0)
		return text;
	char *bytes = length <= TEXT_BYTES_MAX ? heap_allocate((uint64_t)length) : NULL;
	if (!bytes)
		refuse_length(file, length);
	fw_cfg_read(file, bytes, (size_t)length);
	text.bytes = bytes;
	text.length_bytes = (size_t)length;
	return without_mark(text);
}

/* Each layer overrides the one before. */
static void read_settings(const struct bootinfo *bootinfo)
{
	struct settings_error error;
	struct text file = boot_text("ringbolt.conf", &bootinfo->config);
	struct text fw_cfg = fw_cfg_text("opt/ringbolt/config");
	struct text line = boot_text("command line", &bootinfo->command_line);
	int failed = 0;
	settings_set_defaults(&settings);
	if (file.bytes)
		failed = settings_parse_config(&settings, file.name, file.bytes,
					       file.length_bytes, &error);
	if (!failed && fw_cfg.bytes)
		failed = settings_parse_config(&settings, fw_cfg.name, fw_cfg.bytes,
					       fw_cfg.length_bytes, &error);
	if (!failed && line.bytes)
		failed = settings_parse_command_line(&settings, line.bytes, line.length_bytes,
						     &error);
	if (failed) {
		log_raw("%s\n", error.text);
		exit_machine(EXIT_USAGE);
	}
	log_set_level(settings.log);
}

static struct text read_job_file(const struct bootinfo *bootinfo)
{
	struct text text = fw_cfg_text("opt/ringbolt/job");
	if (!text.bytes)
		text = boot_text("job.fio", &bootinfo->job);
	if (!text.bytes) {
		log_raw("job.fio: no job file was given (fw_cfg opt/ringbolt/job, or "
			"ringbolt/job.fio beside the kernel)\n");
		exit_machine(EXIT_USAGE);
	}
	return text;
}

static void print_message(void *context, const char *line)
{
	(void)context;
	log_raw("%s\n", line);
}

static void parse_jobs(struct job_set *set, const struct text *text)
{
	const struct job_messages messages = { print_message, print_message, NULL };
	const struct job_environment environment = {
		.cpus = cpu_count,
		.memory_mib = page_total_count() * PAGE_BYTES >> 20,
		.fio_version = settings.fio_version,
	};
	set->arena_bytes = job_arena_bytes(text->length_bytes);
	set->arena = heap_allocate(set->arena_bytes);
	set->jobs = heap_allocate(JOB_MAX * sizeof(set->jobs[0]));
	if (!set->arena || !set->jobs)
		cannot_start("jobs", "not enough memory for the job file");
	if (job_parse(set, text->name, text->bytes, text->length_bytes, &environment, &messages))
		exit_machine(EXIT_USAGE);
}

/* --- the machine --- */

static void start_console(void)
{
	cpu_init_boot();
	uart_init(UART_COM1);
	log_set_sink(console_write, NULL);
	log_raw("Ringbolt %s (%s%s): block I/O on bare metal\n", version_release, version_commit,
		version_is_debug ? ", debug build" : "");
}

static void start_memory(const struct bootinfo *bootinfo)
{
	bootinfo_log(bootinfo);
	if (page_init(bootinfo) || paging_init(bootinfo))
		cannot_start("memory", "not enough of it to start");
	boot.memory_tsc = clock_tsc();
}

static void start_clock(void)
{
	struct clock_hardware hardware = {
		.pm_timer_port = acpi_info.pm_timer_port,
		.pm_timer_is_32bit = acpi_info.pm_timer_32bit,
	};
	if (acpi_info.hpet.value)
		hardware.hpet = paging_map_mmio(acpi_info.hpet, ACPI_HPET_BYTES);
	if (clock_init(&hardware))
		cannot_start("clock", "no usable clock (CPUID, HPET, PM timer, PIT)");
	log_set_sink(console_write, clock_ns);
}

static void start_cpus(const struct bootinfo *bootinfo)
{
	if (acpi_init(phys_make(bootinfo->rsdp_phys)))
		log_warn("acpi", "NO ACPI TABLES: one CPU, no ECAM, no PM timer, no power-off");
	if (acpi_info.has_s5)
		exit_set_poweroff(acpi_info.pm1a_control_port, acpi_info.pm1b_control_port,
				  acpi_info.s5_type_a, acpi_info.s5_type_b);
	start_clock();
	if (irq_init())
		cannot_start("irq", "no usable local APIC");
	smp_start(settings.cpus);
	boot.cpus_tsc = clock_tsc();
}

static unsigned find_functions(void)
{
	struct pci_bus_range ranges[ACPI_MCFG_MAX];
	for (uint32_t i = 0; i < acpi_info.mcfg_count; i++) {
		const struct acpi_mcfg_entry *entry = &acpi_info.mcfg[i];
		ranges[i] = (struct pci_bus_range){ .ecam = entry->base,
						    .segment = entry->segment,
						    .first_bus = entry->start_bus,
						    .last_bus = entry->end_bus };
	}
	return pci_init(ranges, acpi_info.mcfg_count);
}

static void start_disks(void)
{
	find_functions();
	boot.pci_tsc = clock_tsc();
	uint64_t ram_bytes = (uint64_t)settings.ram_disk_mib << 20;
	if (!virtio_blk_probe(&settings)) {
		log_warn("disks",
			 "NO USABLE DISK: /dev/ram0 is a SIMULATED disk of %u MiB in memory",
			 settings.ram_disk_mib);
		if (ram_blk_create("ram0", ram_bytes, &settings))
			log_error("disks", "not enough memory for the simulated disk");
	}
	null_blk_create("null0", 1ull << 60, &settings);
	boot.disks_tsc = clock_tsc();
}

NORETURN void kernel_main(const struct bootinfo *bootinfo)
{
	boot.kernel_tsc = clock_tsc();
	boot.entry_tsc = bootinfo->entry_tsc;
	start_console();
	start_memory(bootinfo);
	read_settings(bootinfo);
	start_cpus(bootinfo);
	start_disks();

	static struct job_set set;
	struct text text = read_job_file(bootinfo);
	parse_jobs(&set, &text);

	enum exit_status status = runner_run(&set, text.name, &settings, &boot);
	if (status != EXIT_USAGE) {
		struct result result = {
			.set = &set,
			.settings = &settings,
			.boot = &boot,
			.firmware = bootinfo->firmware == BOOTINFO_UEFI ? "uefi" : "pvh",
			.status = status,
		};
		result_write(&result);
	}
	exit_machine(status);
}
