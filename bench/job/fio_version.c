/* SPDX-License-Identifier: MIT */
/* The table of fio_version.h. */
#include "bench/job/fio_version.h"

const struct fio_version fio_versions[FIO_VERSION_COUNT] = {
	[FIO_3_33] = {
		.name = "3.33",
		.cuts_units_of_steps = true,
		.steadystate_seconds_min = 1,
		.seeds_blocks_apart = true,
		.flushes_after_reads = true,
		.header_bytes = 40,
		.checks_seeds_of_dry_runs = true,
	},
	[FIO_3_39] = {
		.name = "3.39",
		.steadystate_seconds_min = 2,
		.wraps_mixed_jobs = true,
		.header_bytes = 40,
		.rewinds_seeds_by_pass = true,
		.echoes_flags = true,
		.has_job_start = true,
		.has_disk_sectors = true,
		.has_zone_resets_of_trims = true,
	},
	[FIO_3_41] = {
		.name = "3.41",
		.steadystate_seconds_min = 2,
		.wraps_mixed_jobs = true,
		.header_bytes = 48,
		.rewinds_seeds_by_pass = true,
		.echoes_flags = true,
		.has_job_start = true,
		.has_disk_sectors = true,
		.has_zone_resets_of_trims = true,
	},
};
