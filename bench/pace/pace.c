/* SPDX-License-Identifier: MIT */
/*
 * What a job waits for beside free I/Os: its rate, its pauses, its share of a
 * flow, I/Os that overlap.
 *
 *   may_go_on -> (generator) -> may_issue -> prepared -> done
 *        |                          |
 *        +---- no: wake_tsc is when to ask again; without it a completion is
 *
 * Rates: every I/O has a moment at which it is due (schedule.h). It is issued
 * then or as soon after as there is a free I/O; the queue is never drained to
 * wait. Late I/Os do not move the schedule, and the time from when an I/O was
 * due is measured beside its latency: what a slow device makes others wait
 * shows (coordinated omission). io_submit_mode=offload asks for no more than
 * this. In a mixed job a direction that is ahead of its rate leaves its turn to
 * one that is due before, so each keeps its rate, whatever the mix, as in fio.
 *
 * Pauses: after so many I/Os, or so much time, the queue is drained, then the
 * CPU spins, then it sleeps. Flows: a job stalls while its share of the flow's
 * I/Os is above its share of the weight of the jobs that are running.
 *
 * The job's CPU, loop context; the counters of a flow are shared.
 */
#include "bench/pace/pace.h"
#include "bench/sequence/generator_impl.h"
#include "kernel/irq/smp.h"
#include "kernel/lib/err.h"
#include "kernel/lib/log.h"
#include "kernel/mm/heap.h"

static struct runner_flow flows[JOB_MAX];

/* --- set-up --- */

static struct runner_flow *find_flow(uint32_t id)
{
	static uint32_t count;
	for (uint32_t i = 0; i < count; i++)
		if (flows[i].id == id)
			return &flows[i];
	flows[count].id = id;
	return &flows[count++];
}

static bool is_rated(const struct job *options)
{
	for (int d = 0; d < DIR_COUNT; d++)
		if ((options->rw & (1u << d)) && (options->rate_bytes[d] || options->rate_iops[d]))
			return true;
	return false;
}

/* Writes that are to be verified, and those behind their trim, need their order. */
static bool is_serialized(const struct job *options)
{
	return options->serialize_overlap ||
	       (options->iodepth > 1 && ((options->rw & JOB_RW_TRIMWRITE) ||
					 job_overwrites_verified(options)));
}

static bool is_paced(const struct job *options)
{
	return is_rated(options) || options->thinktime_us || options->flow ||
	       options->iodepth_low < options->iodepth || is_serialized(options) ||
	       runner_target_is_set(options) || iolog_is_wanted(options);
}

static void init_schedules(struct runner_job *job)
{
	static const uint8_t streams[DIR_COUNT] = { STREAM_POISSON_READ, STREAM_POISSON_WRITE,
						    STREAM_POISSON_TRIM };
	for (int d = 0; d < DIR_COUNT; d++)
		schedule_init(&job->pace->schedule[d], job->options, (unsigned)d,
			      job->generator->seeds[streams[d]]);
}

static int init_log(struct runner_job *job)
{
	if (!iolog_is_wanted(job->options))
		return 0;
	void *memory = heap_allocate(iolog_memory_bytes(job->options));
	if (!memory)
		return -ERR_NO_MEMORY;
	iolog_init(&job->pace->log, job->options, memory);
	job->pace->has_log = true;
	return 0;
}

int runner_pace_init(struct runner_job *job)
{
	const struct job *options = job->options;
	if (!is_paced(options))
		return 0;
	struct runner_pace *pace = heap_allocate(sizeof(*pace));
	if (!pace)
		return -ERR_NO_MEMORY;
	job->pace = pace;
	job->special = true;
	pace->wake_tsc = UINT64_MAX;
	pace->rated = is_rated(options);
	pace->serialized = is_serialized(options);
	init_schedules(job);
	if (pace->rated) {
		/* What is due goes out; it does not wait for others. */
		job->batch = 1;
		job->chunk = job->depth;
	}
	if (options->flow)
		pace->flow = find_flow(options->flow_id);
	return init_log(job);
}

uint64_t runner_pace_start_delay_us(const struct runner_job *job)
{
	const struct job *options = job->options;
	struct random_stream stream;
	random_seed(&stream, false, job->generator->seeds[STREAM_START_DELAY]);
	return options->startdelay_us_min +
	       random_below(&stream, options->startdelay_us_max - options->startdelay_us_min + 1);
}

void runner_pace_begin(struct runner_job *job, uint64_t now)
{
	struct runner_pace *pace = job->pace;
	pace->epoch_tsc = now;
	pace->thought_tsc = now;
	if (pace->flow)
		atomic_add(&pace->flow->weight, job->options->flow);
	runner_target_begin(job, now);
}

/* --- flows --- */

static void wake_flow(struct runner_flow *flow)
{
	uint64_t cpus = load_once(&flow->stalled_cpus);
	if (!cpus)
		return;
	cpus = atomic_swap(&flow->stalled_cpus, 0);
	for (; cpus; cpus &= cpus - 1)
		smp_wake(&cpu_table[__builtin_ctzll(cpus)]);
}

/* Since the job began. */
static uint64_t log_time_ms(const struct runner_job *job, uint64_t now)
{
	return clock_tsc_to_ns(now - job->pace->epoch_tsc) / NS_PER_MS;
}

static void log_io(struct runner_job *job, const struct runner_io *io, uint64_t now)
{
	const struct blk_request *request = &io->request;
	/* As in the statistics: what is synchronous has no slat. */
	uint64_t begun_tsc = job->synchronous ? request->submit_tsc : request->doorbell_tsc;
	struct iolog_io what = {
		.offset_bytes = io->offset_bytes,
		.slat_ns = clock_tsc_to_ns(begun_tsc - request->submit_tsc),
		.clat_ns = clock_tsc_to_ns(now - begun_tsc),
		.length_bytes = io->length_bytes,
		.direction = io->direction,
	};
	if (!job->ramp_end_tsc)
		iolog_add(&job->pace->log, &what, log_time_ms(job, now));
}

static void end_log(struct runner_job *job)
{
	struct iolog *log = &job->pace->log;
	iolog_end(log, log_time_ms(job, job->finish_tsc));
	if (log->lost)
		log_warn(job->options->name, "%lu log entries found no room: use log_avg_msec=",
			 log->lost);
}

void runner_pace_end(struct runner_job *job)
{
	struct runner_flow *flow = job->pace->flow;
	if (job->pace->has_log)
		end_log(job);
	if (!flow)
		return;
	atomic_subtract(&flow->weight, job->options->flow);
	atomic_subtract(&flow->count, job->pace->flow_count);
	wake_flow(flow);
}

static bool is_ahead_in_flow(const struct runner_job *job)
{
	const struct runner_pace *pace = job->pace;
	uint64_t count = load_once(&pace->flow->count), weight = load_once(&pace->flow->weight);
	return (unsigned __int128)pace->flow_count * weight >
	       (unsigned __int128)count * job->options->flow;
}

/* Takes a turn of the flow, or waits for that of another job. */
static bool take_flow_turn(struct runner_job *job, uint64_t now)
{
	struct runner_pace *pace = job->pace;
	struct runner_flow *flow = pace->flow;
	if (now < pace->flow_sleep_until_tsc) {
		pace->wake_tsc = pace->flow_sleep_until_tsc;
		return false;
	}
	/* Announced before the last look, so that no turn of others is missed. */
	if (is_ahead_in_flow(job)) {
		atomic_set_bits(&flow->stalled_cpus, 1ull << job->cpu->index);
		if (is_ahead_in_flow(job)) {
			if (job->options->flow_sleep_us) {
				pace->flow_sleep_until_tsc =
					now + clock_us_to_tsc(job->options->flow_sleep_us);
				pace->wake_tsc = pace->flow_sleep_until_tsc;
			}
			return false;
		}
	}
	pace->flow_count++;
	atomic_add(&flow->count, 1);
	wake_flow(flow);
	return true;
}

/* --- pauses --- */

static uint64_t think_count(const struct runner_job *job)
{
	return job->options->thinktime_blocks_issue ? job->issued_ios :
						  job->issued_ios - runner_job_busy(job);
}

static bool think_is_due(const struct runner_job *job, uint64_t now)
{
	const struct job *options = job->options;
	const struct runner_pace *pace = job->pace;
	uint64_t blocks = options->thinktime_blocks;
	if (!options->thinktime_us)
		return false;
	if (options->thinktime_iotime_us &&
	    now >= pace->thought_tsc + clock_us_to_tsc(options->thinktime_iotime_us))
		return true;
	return blocks && think_count(job) >= pace->thought_count + blocks;
}

/* True while the job thinks. */
static bool think(struct runner_job *job, uint64_t now)
{
	struct runner_pace *pace = job->pace;
	if (pace->thinking == THINKING_NOT && think_is_due(job, now))
		pace->thinking = THINKING_QUIESCE;
	if (pace->thinking == THINKING_QUIESCE && !runner_job_busy(job)) {
		pace->thinking = THINKING;
		pace->spin_until_tsc = now + clock_us_to_tsc(job->options->thinktime_spin_us);
		pace->think_until_tsc = now + clock_us_to_tsc(job->options->thinktime_us);
	}
	if (pace->thinking != THINKING)
		return pace->thinking == THINKING_QUIESCE;
	if (now >= pace->think_until_tsc) {
		pace->thinking = THINKING_NOT;
		pace->thought_tsc = now;
		pace->thought_count = think_count(job);
		return false;
	}
	if (now < pace->spin_until_tsc)
		runner_job_look_again(job);
	else
		pace->wake_tsc = pace->think_until_tsc;
	return true;
}

/* --- the gates --- */

static uint64_t due_tsc(const struct runner_job *job, unsigned direction)
{
	uint64_t due_ns = job->pace->schedule[direction].due_ns;
	return due_ns == SCHEDULE_NEVER ? UINT64_MAX :
					  job->pace->epoch_tsc + clock_ns_to_tsc(due_ns);
}

/* Whose turn it is when the mix says `direction`; one without a rate is always due. */
static unsigned turn_of(const struct runner_job *job, unsigned direction, uint64_t now)
{
	unsigned other = direction ^ 1;
	uint32_t others_share = direction == DIR_READ ? 100 - job->options->rwmixread :
							job->options->rwmixread;
	uint64_t due = due_tsc(job, direction);
	return due > now && others_share && due_tsc(job, other) < due ? other : direction;
}

/* iodepth_low=: a full queue is not filled again before it has fallen to that. */
static bool is_above_low(struct runner_job *job)
{
	if (job->pace->is_full && runner_job_busy(job) <= job->options->iodepth_low)
		job->pace->is_full = false;
	return job->pace->is_full;
}

bool runner_pace_may_go_on(struct runner_job *job, uint64_t now)
{
	struct runner_pace *pace = job->pace;
	pace->wake_tsc = UINT64_MAX;
	bool waits = think(job, now) || is_above_low(job);
	if (pace->search_drains && !runner_job_busy(job)) {
		runner_target_drained(job, now);
		return false;
	}
	if (pace->searches)
		waits |= pace->search_drains || runner_job_busy(job) >= pace->search.depth;
	if (waits && pace->wake_tsc != UINT64_MAX)
		runner.cpus[job->cpu->index].timer_is_stale = true;
	if (pace->rated && !waits)
		generator_turn(job->generator, turn_of(job, DIR_READ, now),
			       turn_of(job, DIR_WRITE, now));
	return !waits;
}

static bool overlaps(const struct runner_job *job, const struct generator_io *next)
{
	for (uint32_t i = 0; i < job->depth; i++) {
		const struct runner_io *io = &job->ios[i];
		if (io->is_out && io->file == next->file &&
		    io->offset_bytes < next->offset_bytes + next->length_bytes &&
		    next->offset_bytes < io->offset_bytes + io->length_bytes)
			return true;
	}
	return false;
}

bool runner_pace_may_issue(struct runner_job *job, const struct generator_io *next, uint64_t now)
{
	struct runner_pace *pace = job->pace;
	bool may = true;
	if (schedule_is_rated(&pace->schedule[next->direction]) &&
	    due_tsc(job, next->direction) > now) {
		pace->wake_tsc = due_tsc(job, next->direction);
		may = false;
	}
	if (may && pace->serialized)
		may = !overlaps(job, next);
	if (may && pace->flow)
		may = take_flow_turn(job, now);
	if (!may && pace->wake_tsc != UINT64_MAX)
		runner.cpus[job->cpu->index].timer_is_stale = true;
	return may;
}

void runner_pace_prepared(struct runner_job *job, struct runner_io *io)
{
	struct runner_pace *pace = job->pace;
	struct schedule *schedule = &pace->schedule[io->direction];
	io->intended_tsc = schedule_is_rated(schedule) ? due_tsc(job, io->direction) : 0;
	schedule_advance(schedule, io->length_bytes);
	io->is_out = true;
	pace->is_full = job->options->iodepth_low < job->depth && !job->free_count;
}

void runner_pace_done(struct runner_job *job, struct runner_io *io, uint64_t now)
{
	bool is_own = io->is_out && io->request.status == BLK_OK;
	io->is_out = false;
	if (!is_own)
		return; /* failed, a flush, or read back */
	if (io->intended_tsc)
		stats_latency_add(&job->stats->scheduled,
				  clock_tsc_to_ns(now - io->intended_tsc));
	if (job->pace->has_log)
		log_io(job, io, now);
	runner_target_done(job, io, now);
}

uint64_t runner_pace_digest(const struct runner_job *job)
{
	return job->pace && job->pace->has_next ? job->pace->digest_before :
						  generator_digest(job->generator);
}
