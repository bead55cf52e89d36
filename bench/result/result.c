/* SPDX-License-Identifier: MIT */
/*
 * The result document: fio's JSON (report.h) with one object of our own.
 *
 *   "ringbolt": format, version, commit, firmware, exit_status, settings, boot_ns,
 *	       clock, warnings[], cpus[], devices[], jobs[] (jobs.c)
 *
 * It goes to COM2 alone when there is one; else to the console between two
 * marker lines, so that nothing else mixes in. Log files follow on the same
 * way, each between marker lines of its own. Boot CPU, after the run.
 */
#include "bench/result/result.h"

#include "bench/run/recording.h"
#include "bench/result/result_impl.h"
#include "kernel/cpu/calibrate.h"
#include "kernel/cpu/cmos.h"
#include "kernel/cpu/rtc.h"
#include "kernel/cpu/uart.h"
#include "kernel/lib/log.h"
#include "kernel/lib/version.h"
#include "kernel/mm/heap.h"

#define RESULT_BEGIN "-----BEGIN RINGBOLT RESULT-----\n"
#define RESULT_END "-----END RINGBOLT RESULT-----\n"

static void write_settings(struct json_writer *w, const struct settings *settings)
{
	const char *key, *help;
	char value[256];
	json_object_begin(w, "settings");
	for (unsigned i = 0; settings_describe(settings, i, &key, value, sizeof(value), &help); i++)
		json_string(w, key, value);
	json_object_end(w);
}

static void write_phase(struct json_writer *w, const char *key, uint64_t from, uint64_t to)
{
	json_uint(w, key, to > from ? clock_tsc_to_ns(to - from) : 0);
}

static void write_boot(struct json_writer *w, const struct runner_boot *boot)
{
	json_object_begin(w, "boot_ns");
	write_phase(w, "loader", boot->entry_tsc, boot->kernel_tsc);
	write_phase(w, "memory", boot->kernel_tsc, boot->memory_tsc);
	write_phase(w, "cpus", boot->memory_tsc, boot->cpus_tsc);
	write_phase(w, "pci", boot->cpus_tsc, boot->pci_tsc);
	write_phase(w, "disks", boot->pci_tsc, boot->disks_tsc);
	write_phase(w, "entry_to_disks", boot->entry_tsc, boot->disks_tsc);
	write_phase(w, "entry_to_first_read", boot->entry_tsc, boot->first_read_tsc);
	json_object_end(w);
}

static void write_clock(struct json_writer *w)
{
	const struct calibration *by = clock_calibration();
	json_object_begin(w, "clock");
	json_string(w, "calibrated_by", by->source);
	json_string(w, "confirmed_by", by->confirmed_by);
	json_string(w, "contradicted_by", by->contradicted_by);
	json_uint(w, "tsc_hz", clock_scale.tsc_hz);
	json_uint(w, "uncertainty_ppm", by->uncertainty_ppm);
	json_uint(w, "stamp_cost_ns", clock_tsc_to_ns(clock_scale.stamp_cost_tsc));
	json_object_end(w);
}

static void write_warnings(struct json_writer *w)
{
	const char *text;
	json_array_begin(w, "warnings");
	for (unsigned i = 0; (text = log_kept(i)); i++)
		json_string(w, NULL, text);
	json_array_end(w);
	json_uint(w, "warnings_left_out", log_kept_lost());
}

static double share(uint64_t part, uint64_t whole)
{
	return whole ? (double)part / (double)whole : 0.0;
}

static void write_cpus(struct json_writer *w)
{
	json_array_begin(w, "cpus");
	for (uint32_t i = 0; i < cpu_count; i++) {
		const struct runner_cpu *cpu = &runner.cpus[i];
		const struct cpu *hardware = &cpu_table[i];
		json_object_begin(w, NULL);
		json_uint(w, "index", i);
		json_uint(w, "apic_id", hardware->apic_id);
		json_uint(w, "jobs", cpu->job_count);
		json_float(w, "idle_share", cpu->job_count ?
						    share(cpu->idle_tsc,
							  cpu->finish_tsc - cpu->start_tsc) :
						    1.0);
		json_uint(w, "halts", hardware->halts);
		json_uint(w, "interrupts", hardware->interrupts);
		json_uint(w, "spurious_interrupts", hardware->spurious_interrupts);
		json_object_end(w);
	}
	json_array_end(w);
}

static const char *completion_name(uint32_t completion)
{
	static const char *const names[] = { "irq", "poll", "adaptive" };
	return completion < ARRAY_COUNT(names) ? names[completion] : "?";
}

static void write_queue(struct json_writer *w, const struct blk_queue *queue)
{
	const struct blk_counters *c = &queue->counters;
	json_object_begin(w, NULL);
	json_uint(w, "index", queue->index);
	json_uint(w, "cpu", queue->cpu->index);
	json_bool(w, "shared", queue->shared);
	json_bool(w, "broken", queue->broken);
	json_string(w, "completion", completion_name(queue->completion));
	json_uint(w, "depth", queue->depth);
	json_uint(w, "requests", c->requests);
	json_uint(w, "doorbells", c->doorbells);
	json_uint(w, "doorbells_suppressed", c->doorbells_suppressed);
	json_uint(w, "interrupts", c->interrupts);
	json_uint(w, "empty_interrupts", c->empty_interrupts);
	json_uint(w, "completions", c->completions);
	json_uint(w, "batches", c->batches);
	json_uint(w, "merges", c->merges);
	json_uint(w, "splits", c->splits);
	json_uint(w, "errors", c->errors);
	json_uint(w, "timeouts", c->timeouts);
	json_uint(w, "polls", c->polls);
	json_uint(w, "arms", c->arms);
	json_object_end(w);
}

static void write_limits(struct json_writer *w, const struct blk_limits *limits)
{
	json_object_begin(w, "limits");
	json_uint(w, "capacity_sectors", limits->capacity_sectors);
	json_uint(w, "block_bytes", limits->block_bytes);
	json_uint(w, "physical_block_bytes", limits->physical_block_bytes);
	json_uint(w, "optimal_io_bytes", limits->optimal_io_bytes);
	json_uint(w, "max_segments", limits->max_segments);
	json_uint(w, "max_segment_bytes", limits->max_segment_bytes);
	json_uint(w, "max_discard_sectors", limits->max_discard_sectors);
	json_uint(w, "max_write_zeroes_sectors", limits->max_write_zeroes_sectors);
	json_uint(w, "max_secure_erase_sectors", limits->max_secure_erase_sectors);
	json_bool(w, "read_only", limits->read_only);
	json_bool(w, "flush", limits->flush);
	json_bool(w, "write_cache", limits->write_cache);
	json_bool(w, "discard", limits->discard);
	json_bool(w, "write_zeroes", limits->write_zeroes);
	json_bool(w, "secure_erase", limits->secure_erase);
	json_object_end(w);
}

static void emit_pair(void *sink, const char *key, const char *value)
{
	json_string(sink, key, value);
}

static void write_ring(struct json_writer *w, const struct blk_ring *ring)
{
	if (!ring->entries)
		return;
	json_uint(w, "queue_size", ring->entries);
	json_uint(w, "queue_size_wanted", ring->wanted);
	json_uint(w, "queue_size_shown", ring->shown);
}

static void write_devices(struct json_writer *w)
{
	json_array_begin(w, "devices");
	for (unsigned i = 0; i < blk_device_count(); i++) {
		const struct blk_device *device = blk_device_at(i);
		json_object_begin(w, NULL);
		json_string(w, "name", device->name);
		json_string(w, "location", device->location);
		json_string(w, "driver", blk_driver_name(device));
		json_string(w, "id", device->id);
		if (device->describe)
			device->describe(device, w, emit_pair);
		write_ring(w, &device->ring);
		write_limits(w, &device->limits);
		json_array_begin(w, "queues");
		for (uint16_t q = 0; q < device->queue_count; q++)
			write_queue(w, &device->queues[q]);
		json_array_end(w);
		json_object_end(w);
	}
	json_array_end(w);
}

static void write_extra(struct json_writer *w, void *context)
{
	const struct result *result = context;
	json_uint(w, "format", 2);
	json_string(w, "version", version_release);
	json_string(w, "commit", version_commit);
	json_string(w, "firmware", result->firmware);
	json_uint(w, "exit_status", result->status);
	write_settings(w, result->settings);
	write_boot(w, result->boot);
	write_clock(w);
	write_warnings(w);
	write_cpus(w);
	write_devices(w);
	result_write_jobs(w, result);
}

static void sink_com2(void *context, const char *text, size_t length_bytes)
{
	(void)context;
	uart_write(UART_COM2, text, length_bytes);
}

static void sink_console(void *context, const char *text, size_t length_bytes)
{
	(void)context;
	uart_write(UART_COM1, text, length_bytes);
}

static void log_to_com2(const char *text, size_t length_bytes)
{
	uart_write(UART_COM2, text, length_bytes);
}

static void log_to_console(const char *text, size_t length_bytes)
{
	uart_write(UART_COM1, text, length_bytes);
}

static uint64_t start_ms(uint32_t job, uint64_t now_ms)
{
	uint64_t age_ms = runner_job_age_ms(job);
	return age_ms < now_ms ? now_ms - age_ms : 0;
}

void result_write(const struct result *result)
{
	struct report_job *jobs = heap_allocate(result->set->job_count * sizeof(jobs[0]));
	uint64_t now_ms = rtc_seconds(cmos_read) * 1000;
	if (!jobs) {
		log_error("result", "not enough memory to report");
		return;
	}
	for (uint32_t i = 0; i < result->set->job_count; i++)
		jobs[i] = (struct report_job){ .job = &result->set->jobs[i],
					       .stats = runner_job_stats(i),
					       .elapsed_s = runner_elapsed_s(),
					       .start_ms = start_ms(i, now_ms),
					       .steadystate = runner_job_steadystate(i),
					       .latency_depth = runner_job_latency_depth(i) };
	struct report_run run = { .set = result->set,
				  .jobs = jobs,
				  .timestamp_ms = now_ms,
				  .json_plus = result->settings->json_plus,
				  .extra = write_extra,
				  .extra_context = (void *)result };
	report_text(&run, log_raw);
	result_print_jobs(result);

	bool com2 = uart_init(UART_COM2);
	struct json_writer w;
	if (!com2)
		log_raw("\n" RESULT_BEGIN);
	json_begin(&w, com2 ? sink_com2 : sink_console, NULL);
	report_json(&run, &w);
	json_end(&w);
	if (!com2)
		log_raw(RESULT_END);
	runner_write_logs(com2 ? log_to_com2 : log_to_console);
	recording_write(com2 ? log_to_com2 : log_to_console);
}
