/* SPDX-License-Identifier: MIT */
/*
 * The search of latency_target=.
 *
 *   1, 2, 4, ... while windows keep the target; after the first that does not,
 *   halfway between the deepest good and the shallowest bad depth, until the
 *   two are neighbours. A last window then measures the depth that was found.
 *
 * Latencies wander: a depth that was good once may fail later, in the last
 * window too; then the search goes on below it. A window without completions
 * says nothing.
 */
#include "bench/pace/latency_search.h"

void latency_search_init(struct latency_search *s, uint32_t depth_max, uint32_t percentile_micro,
			 bool run_on)
{
	*s = (struct latency_search){ .depth = 1,
				      .low = 1,
				      .high = depth_max,
				      .depth_max = depth_max,
				      .percentile_micro = percentile_micro,
				      .run_on = run_on };
}

static bool target_is_kept(const struct latency_search *s, uint64_t ios, uint64_t late)
{
	return (unsigned __int128)(ios - late) * 100000000u >=
	       (unsigned __int128)ios * s->percentile_micro;
}

static enum latency_verdict note_miss(struct latency_search *s)
{
	if (s->depth == 1)
		return LATENCY_IMPOSSIBLE;
	s->failed_once = true;
	s->is_last = false;
	s->high = s->depth;
	s->low = MIN(s->low, s->depth - 1);
	s->depth = (s->low + s->high) / 2;
	return LATENCY_GO_ON;
}

static uint32_t deeper(const struct latency_search *s)
{
	uint64_t next = s->failed_once ? ((uint64_t)s->depth + s->high) / 2 :
					 2 * (uint64_t)s->depth;

	return (uint32_t)MIN(next, s->depth_max);
}

enum latency_verdict latency_search_window(struct latency_search *s, uint64_t ios, uint64_t late)
{
	if (!ios)
		return LATENCY_GO_ON;
	if (!target_is_kept(s, ios, late))
		return note_miss(s);
	if (s->is_last)
		return LATENCY_FOUND;
	uint32_t next = deeper(s);

	s->low = s->depth;
	if (next == s->depth && !s->run_on) {
		s->is_last = true;
		return LATENCY_LAST_WINDOW;
	}
	s->depth = next;
	return LATENCY_GO_ON;
}
