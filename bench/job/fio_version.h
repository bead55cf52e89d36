/* SPDX-License-Identifier: MIT */
/*
 * What differs between the releases of fio that a run can follow
 * (fio_version=), as far as it shows here. Everything else is as in fio 3.33
 * in all of them. Options that came, went or changed have their release in
 * option_table.c.
 *
 * 3.39 is Debian's 3.39-1, which has some changes that upstream calls 3.40.
 */
#ifndef BENCH_JOB_FIO_VERSION_H
#define BENCH_JOB_FIO_VERSION_H

#include "kernel/lib/settings.h"
#include "kernel/lib/util.h"

struct fio_version {
	const char *name; /* as in fio_version= */

	/* Job files. */
	bool cuts_units_of_steps; /* rw=randread:2k would be 2; here it is refused */
	uint8_t steadystate_seconds_min; /* of its duration */

	/* Which I/Os come next. */
	/*
	 * While randrepeat= is on, random blocks have a seed of their own, which
	 * randseed= does not reach, and distributions one of the file's name alone.
	 */
	bool seeds_blocks_apart;
	/* Mixed jobs whose io_size= exceeds size= go on from the start, without another pass. */
	bool wraps_mixed_jobs;
	/* fsync=N flushes again after each read until the next write; trimwrite jobs never. */
	bool flushes_after_reads;

	/* Verified data: bench/verify/verify_spec.h. */
	uint8_t header_bytes; /* 40, or 48 with a version in them */
	/*
	 * Without randrepeat= the seeds of a pass begin again where the pass did: to be
	 * read back, and else for the next pass. Not so, they begin at their very start
	 * to be read back.
	 */
	bool rewinds_seeds_by_pass;
	bool checks_seeds_of_dry_runs; /* verify_only of mixed jobs, unless verify_header_seed= */

	/* The result: JSON, and text where it says so. */
	bool echoes_flags; /* bare ones among options, as "" */
	bool has_job_start;
	bool has_disk_sectors; /* text, too */
	bool has_zone_resets_of_trims; /* text */
};

extern const struct fio_version fio_versions[FIO_VERSION_COUNT];

#endif
