/*
 * The live status line on the console, in fio's shape:
 *
 *   Jobs: 2 (f=2): [r(1),w(1)][50.0%][r=312MiB/s,w=80MiB/s][r=80.0k,w=20.5k IOPS][eta 00m:05s]
 *
 * Steady states are looked at in the same breath. Boot CPU only. It reads the
 * counters of jobs on other CPUs while they run: a value may be an I/O old,
 * which a person does not see.
 */
#include "bench/engine_impl.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/log.h"

static struct {
	uint64_t interval_tsc, print_tsc, steady_tsc, last_tsc;
	uint64_t next_tsc; /* the earlier of the two */
	uint64_t ios[DIR_COUNT], bytes[DIR_COUNT];
	bool printed;
} progress;

struct totals {
	uint64_t ios[DIR_COUNT], bytes[DIR_COUNT];
	uint32_t running;
	uint64_t done_permille; /* of the whole run */
};

void progress_init(uint32_t interval_ms)
{
	progress.interval_tsc = clock_ns_to_tsc(interval_ms * NS_PER_MS);
	progress.last_tsc = clock_tsc();
	progress.print_tsc = interval_ms ? progress.last_tsc + progress.interval_tsc : UINT64_MAX;
	progress.steady_tsc = engine_steady_update(progress.last_tsc);
	progress.next_tsc = MIN(progress.print_tsc, progress.steady_tsc);
}

uint64_t progress_next_tsc(void)
{
	return progress.next_tsc;
}

/* Share of a job's budget or time that is behind it, in 1/1000. */
static uint64_t job_permille(const struct engine_job *job, uint64_t now)
{
	if (job->phase == PHASE_FINISHED)
		return 1000;
	if (job->phase == PHASE_WAITING)
		return 0;
	uint64_t by_time = 0, by_bytes = 0, by_count = 0;
	uint64_t issued_bytes = job->issued_bytes +
				(engine_job_issued(job) - job->issued_ios) * job->plain_bytes;
	if (job->end_tsc > job->start_tsc)
		by_time = (now - job->start_tsc) * 1000 / (job->end_tsc - job->start_tsc);
	if (!job->job->time_based && job->total_bytes >= 1000)
		by_bytes = issued_bytes / (job->total_bytes / 1000);
	if (job->limit_ios != UINT64_MAX)
		by_count = engine_job_issued(job) * 1000 / job->limit_ios;
	return MIN(1000u, MAX(by_time, MAX(by_bytes, by_count)));
}

static struct totals collect(uint64_t now)
{
	struct totals totals = { 0 };
	for (uint32_t i = 0; i < engine.set->job_count; i++) {
		const struct engine_job *job = &engine.jobs[i];
		for (int d = 0; d < DIR_COUNT; d++) {
			totals.ios[d] += engine_job_completed(job, d);
			totals.bytes[d] += engine_job_bytes(job, d);
		}
		totals.running += job->phase == PHASE_RUNNING || job->phase == PHASE_DRAINING;
		totals.done_permille += job_permille(job, now);
	}
	totals.done_permille /= engine.set->job_count;
	return totals;
}

static char job_letter(const struct engine_job *job)
{
	uint32_t rw = job->job->rw;
	bool random = rw & JOB_RW_RANDOM;
	if (job->phase == PHASE_WAITING)
		return 'P';
	if (job->phase == PHASE_FINISHED)
		return '_';
	if (rw & JOB_RW_TRIM)
		return 'd';
	if ((rw & JOB_RW_READ) && (rw & JOB_RW_WRITE))
		return random ? 'm' : 'M';
	if (rw & JOB_RW_WRITE)
		return random ? 'w' : 'W';
	return random ? 'r' : 'R';
}

/* "r(3),_(1)": runs of equal states, as many as fit. */
static void print_states(char *text, size_t size)
{
	size_t used = 0;
	uint32_t i = 0;
	while (i < engine.set->job_count && used + 16 < size) {
		char letter = job_letter(&engine.jobs[i]);
		uint32_t run = 0;
		while (i < engine.set->job_count && job_letter(&engine.jobs[i]) == letter)
			i++, run++;
		used += (size_t)fmt_print(text + used, size - used, "%s%c(%u)", used ? "," : "",
					  letter, run);
	}
}

static void print_rates(const struct totals *totals, uint64_t elapsed_ns)
{
	static const char letters[DIR_COUNT] = { 'r', 'w', 't' };
	char bw[80] = "", iops[80] = "";
	size_t bw_used = 0, iops_used = 0;
	for (int d = 0; d < DIR_COUNT; d++) {
		uint64_t bytes = totals->bytes[d] - progress.bytes[d];
		uint64_t ios = totals->ios[d] - progress.ios[d];
		if (!totals->ios[d])
			continue;
		uint64_t kib_per_s = bytes * (NS_PER_S / 1024) / elapsed_ns;
		uint64_t per_s = ios * NS_PER_S / elapsed_ns;
		bw_used += (size_t)fmt_print(bw + bw_used, sizeof(bw) - bw_used, "%s%c=%lu%s",
					     bw_used ? "," : "", letters[d],
					     kib_per_s >= 10240 ? kib_per_s / 1024 : kib_per_s,
					     kib_per_s >= 10240 ? "MiB/s" : "KiB/s");
		iops_used += (size_t)fmt_print(iops + iops_used, sizeof(iops) - iops_used,
					       "%s%c=%lu", iops_used ? "," : "", letters[d], per_s);
	}
	log_raw("[%s][%s IOPS]", bw, iops);
}

static void print_eta(const struct totals *totals, uint64_t now)
{
	uint64_t elapsed_ns = clock_tsc_to_ns(now - engine.start_tsc);
	if (!totals->done_permille) {
		log_raw("[eta --]   \r");
		return;
	}
	uint64_t left_ns = elapsed_ns / totals->done_permille * (1000 - totals->done_permille);
	uint64_t left_s = left_ns / NS_PER_S;
	log_raw("[eta %02lum:%02lus]   \r", left_s / 60, left_s % 60);
}

static void print_line(uint64_t now)
{
	struct totals totals = collect(now);
	uint64_t elapsed_ns = MAX(1u, clock_tsc_to_ns(now - progress.last_tsc));
	char states[64] = "";
	print_states(states, sizeof(states));
	log_raw("Jobs: %u (f=%u): [%s][%lu.%lu%%]", totals.running, totals.running, states,
		totals.done_permille / 10, totals.done_permille % 10);
	print_rates(&totals, elapsed_ns);
	print_eta(&totals, now);
	for (int d = 0; d < DIR_COUNT; d++) {
		progress.ios[d] = totals.ios[d];
		progress.bytes[d] = totals.bytes[d];
	}
	progress.printed = true;
	progress.last_tsc = now;
	progress.print_tsc = now + progress.interval_tsc;
}

void progress_update(uint64_t now)
{
	if (LIKELY(now < progress.next_tsc))
		return;
	if (now >= progress.print_tsc)
		print_line(now);
	if (now >= progress.steady_tsc)
		progress.steady_tsc = engine_steady_update(now);
	progress.next_tsc = MIN(progress.print_tsc, progress.steady_tsc);
	engine.cpus[0].timer_is_stale = true;
}

void progress_end(void)
{
	if (progress.printed)
		log_raw("\n");
}
