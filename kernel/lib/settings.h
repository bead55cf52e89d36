/* SPDX-License-Identifier: MIT */
/*
 * The kernel's settings: one table in settings.c declares every key with its
 * type, range, default and help. Layers, the later wins: default,
 * ringbolt.conf, fw_cfg opt/ringbolt/config, command line.
 *
 * Filled by main.c before anything else reads it; constant afterwards.
 * Host-testable: no CPU instruction, no allocation.
 */
#ifndef KERNEL_LIB_SETTINGS_H
#define KERNEL_LIB_SETTINGS_H

#include "kernel/lib/util.h"

enum setting_completion { COMPLETION_IRQ, COMPLETION_POLL, COMPLETION_ADAPTIVE };
enum setting_interrupts { INTERRUPTS_AUTO, INTERRUPTS_MSIX, INTERRUPTS_INTX, INTERRUPTS_NONE };
enum setting_ring { RING_AUTO, RING_SPLIT, RING_PACKED };
enum setting_chain { CHAIN_AUTO, CHAIN_DIRECT, CHAIN_INDIRECT };
enum setting_sched { SCHED_NONE, SCHED_DEADLINE };
enum setting_engine { ENGINE_BLK, ENGINE_FLOOR, ENGINE_LAYER };
enum setting_stages { STAGES_MEAN, STAGES_FULL };
/* Rows of fio_versions[] (bench/job/fio_version.h), oldest first. */
enum setting_fio_version { FIO_3_33, FIO_3_39, FIO_3_41, FIO_VERSION_COUNT };

/* Disks that a setting may tell apart. */
#define SETTINGS_DISKS_MAX 32u

struct settings {
	uint32_t completion; /* enum setting_completion; key "completion" */
	uint32_t interrupts; /* enum setting_interrupts */
	uint32_t ring; /* enum setting_ring */
	uint32_t indirect; /* 0/1, offer VIRTIO_F_INDIRECT_DESC; "on|off" */
	uint32_t event_idx; /* 0/1, offer VIRTIO_F_EVENT_IDX; "on|off" */
	uint32_t queues; /* per device, at most; 0 = one per CPU. 0..64 */
	uint32_t queue_size; /* at most; 0 = the device's largest. 0, 2..32768 */
	uint32_t disk_queue_size[SETTINGS_DISKS_MAX]; /* the disk's own; 0 = as it shows */
	uint32_t chain; /* enum setting_chain */
	uint32_t sched; /* enum setting_sched */
	uint32_t engine; /* enum setting_engine */
	uint32_t cpus; /* brought up at most; 0 = all. 0..64 */
	uint32_t log; /* enum log_level: error|warn|info|debug */
	uint32_t request_timeout_ms; /* 0 = no deadline, and no timer armed */
	uint32_t status_interval_ms; /* progress line; 0 = none */
	uint32_t spin_max_us; /* adaptive: longest busy wait */
	uint32_t coalesce_max_us; /* adaptive: longest held-back completion */
	uint32_t ram_disk_mib; /* size of the simulated disk */
	uint32_t segment_bytes; /* of a job's buffers; 0 = each is one segment */
	uint32_t json_plus; /* 0/1, histogram bins in the result */
	uint32_t stages; /* enum setting_stages */
	uint32_t trace_events; /* lifecycle events kept per queue; 0: none recorded */
	uint32_t fio_version; /* enum setting_fio_version; whose language and results */
};

/* One complaint, ready to print: "FILE:LINE: KEY: what is wrong". */
struct settings_error {
	char text[256];
};

void settings_set_defaults(struct settings *settings);

/*
 * Text of a .conf file: one key=value per line, '#' comments, blank lines,
 * CRLF accepted. name is used in messages only. The text need not end in NUL.
 * Returns 0 or -ERR_INVALID with *error filled; settings are then unchanged.
 */
int settings_parse_config(struct settings *settings, const char *name, const char *text,
			  size_t length_bytes, struct settings_error *error);

/* Words key=value separated by white space, as on a command line. */
int settings_parse_command_line(struct settings *settings, const char *text,
				size_t length_bytes, struct settings_error *error);

/* Walks the table: the index-th key and its value as text; false at the end. */
bool settings_describe(const struct settings *settings, unsigned index, const char **key,
		       char *value, size_t value_size, const char **help);

#endif
