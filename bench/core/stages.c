/* SPDX-License-Identifier: MIT */
/*
 * Where the time of I/Os went: what a latency consists of.
 *
 *   submit -> doorbell -> signal -> discovery -> delivery
 *   |  slat  |               clat               |
 *
 * Every I/O is stamped by whoever does the step: the runner, the driver, the
 * interrupt handler or the poll that found it, and the runner again. Means of
 * the stages then need one sum beside those of slat and clat, which all jobs
 * keep: that from signal to delivery.
 *
 * With stages=full the CPU's loop also stamps when it looks at a ring, so that
 * waking up shows, and each stage has a histogram. Such jobs go the full way
 * (run/step.c); the fast one does not know of it.
 */
#include "bench/core/core.h"
#include "kernel/lib/err.h"
#include "kernel/lib/mem.h"
#include "kernel/mm/heap.h"

int runner_stages_init(struct runner_job *job)
{
	if (runner.settings->stages != STAGES_FULL || !job->measured)
		return 0;
	job->stages = heap_allocate(sizeof(*job->stages));
	return job->stages ? 0 : -ERR_NO_MEMORY;
}

void runner_stages_add(struct runner_job *job, const struct blk_request *request, uint64_t now)
{
	uint64_t looked = runner.cpus[job->cpu->index].discovery_tsc;
	uint64_t signal = request->signal_tsc, discovery = MAX(signal, looked);
	uint64_t slat_ns = clock_tsc_to_ns(request->doorbell_tsc - request->submit_tsc);
	uint64_t clat_ns = clock_tsc_to_ns(now - request->doorbell_tsc);
	uint64_t signal_ns = clock_tsc_to_ns(signal - request->doorbell_tsc);
	uint64_t discovery_ns = clock_tsc_to_ns(discovery - signal);
	struct stats_latency *stage = job->stages->stage;

	stats_latency_add(&stage[STAGE_SUBMIT_TO_DOORBELL], slat_ns);
	stats_latency_add(&stage[STAGE_DOORBELL_TO_SIGNAL], signal_ns);
	stats_latency_add(&stage[STAGE_SIGNAL_TO_DISCOVERY], discovery_ns);
	/* The rest, so that rounding loses nothing. */
	stats_latency_add(&stage[STAGE_DISCOVERY_TO_DELIVERY],
			  clat_ns - MIN(clat_ns, signal_ns + discovery_ns));
}

void runner_stages_forget(struct runner_job *job)
{
	job->signal_to_delivery_tsc = 0;
	if (job->stages)
		memset(job->stages, 0, sizeof(*job->stages));
}

void runner_stages_end(struct runner_job *job)
{
	uint64_t lat_ns = 0, clat_ns = 0, count = 0;
	for (int d = 0; d < DIR_COUNT; d++) {
		const struct stats_direction *direction = &job->stats->direction[d];
		lat_ns += direction->lat.sum_ns;
		clat_ns += job->synchronous ? direction->lat.sum_ns - direction->slat.sum_ns :
					      direction->clat.sum_ns;
		count += direction->clat.count;
	}
	/* A sum that is rounded once may exceed one of rounded values. */
	uint64_t deliver_ns = MIN(clock_tsc_to_ns(job->signal_to_delivery_tsc), clat_ns);
	job->stage_sums = (struct runner_stage_sums){
		.count = count,
		.submit_to_doorbell_ns = lat_ns - clat_ns,
		.doorbell_to_signal_ns = clat_ns - deliver_ns,
		.signal_to_delivery_ns = deliver_ns,
	};
}
