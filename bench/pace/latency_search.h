/* SPDX-License-Identifier: MIT */
/*
 * latency_target=: the search for the greatest queue depth whose latencies
 * keep to a target. Pure: told what a window of time held, says what to do.
 */
#ifndef BENCH_PACE_LATENCY_SEARCH_H
#define BENCH_PACE_LATENCY_SEARCH_H

#include "kernel/lib/util.h"

struct latency_search {
	uint32_t depth; /* to run with */
	uint32_t low, high; /* low kept the target; high is the most there is, or failed */
	uint32_t depth_max; /* [I] iodepth= */
	uint32_t percentile_micro; /* [I] share of I/Os that has to keep it, 99.9 % = 99900000 */
	bool run_on; /* [I] latency_run=: never done */
	bool failed_once, is_last;
};

enum latency_verdict {
	LATENCY_GO_ON, /* another window, with ->depth */
	LATENCY_LAST_WINDOW, /* found: drain, forget what was measured, one more window */
	LATENCY_FOUND, /* that window is over */
	LATENCY_IMPOSSIBLE, /* not even one at a time keeps it */
};

void latency_search_init(struct latency_search *s, uint32_t depth_max, uint32_t percentile_micro,
			 bool run_on);

/* A window with `ios` completed I/Os ended, `late` of them above the target. */
enum latency_verdict latency_search_window(struct latency_search *s, uint64_t ios, uint64_t late);

#endif
