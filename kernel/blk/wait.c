/* SPDX-License-Identifier: MIT */
/*
 * How a CPU waits for completions: by interrupt, by polling, or adaptively.
 *
 *   irq       arm the queues; nothing there already -> cpu_wait()
 *   poll      look at the queues until one has something
 *   adaptive  look for a while, learned; then as irq
 *
 * Each queue has its mode. One queue that has to be polled keeps the CPU
 * spinning over all of them. Queues with nothing in flight are left alone.
 * Every spin also watches the CPU's wake flag, so that timers and other CPUs
 * get through, and is bounded: the caller's loop runs at least so often.
 *
 * Adaptive: a spin that finds something has saved a sleep; one that fails was
 * wasted, and where device and CPU share a core it even kept the device from
 * working. So
 *   - a spin lasts at most as long as sleeps have taken of late, or four times
 *     what successful spins took, and never longer than spin_max_us;
 *   - credit decides whether to spin at all: a success earns 1, a failure costs
 *     4. Without credit the CPU sleeps at once, and probes every 256th wait,
 *     which costs less than 1 % of even a short wait.
 * A completion that is there at the first look teaches nothing.
 *
 * Under load, an adaptive sleep may ask for the interrupt when half of the
 * requests in flight are done; a timer ends it after coalesce_max_us. That pays
 * where each interrupt brings few completions, and costs where many come
 * together anyway: so the CPU counts what ordinary sleeps bring, and takes one
 * of them in between now and then. Never held back are flushes and all that is
 * neither read nor write, lone requests, requests that wait for room, and the
 * completions of several queues.
 *
 * Owned here: a learning state per CPU, [c]. Loop context; no lock.
 */
#include "kernel/blk/blk_impl.h"
#include "kernel/cpu/hypervisor.h"
#include "kernel/irq/timer.h"

#define LOOKS_MAX 4096u /* of one polling wait; then the caller's loop runs once */
#define CREDIT_START 8u
#define CREDIT_MAX 16u
#define CREDIT_OF_FAILURE 4u
#define PROBE_EVERY 256u
#define COALESCE_BROUGHT 4u /* nothing is held back where sleeps bring more than this */
#define COALESCE_SAMPLE_EVERY 16u /* ordinary sleeps in between */

struct wait_state {
	bool started;
	uint32_t credit;
	uint32_t waits_without_spin;
	uint64_t spin_tsc; /* moving mean of spins that found something */
	uint64_t sleep_tsc; /* moving mean of sleeps */
	uint32_t brought_x16; /* moving mean of completions after an ordinary sleep */
	uint32_t sleeps_held_back; /* since the last ordinary one */
	const struct blk_queue *sampled; /* of the last sleep, if it was ordinary */
	uint64_t sampled_completions; /* of that queue, then */
	struct timer timer; /* ends a sleep whose interrupt is held back */
} ALIGNED(CACHE_LINE_BYTES);

static struct wait_state state_table[CPU_MAX];
static uint64_t spin_max_tsc, coalesce_max_tsc; /* [I] */
static bool pause_is_slow; /* [I] */

/* What a wait for several queues depends on. */
struct survey {
	uint32_t active; /* queues with something in flight */
	struct blk_queue *last_active;
	bool has_finished; /* something can be delivered at once */
	bool poll, adaptive; /* an active queue's mode */
};

void blk_wait_init(const struct settings *settings)
{
	spin_max_tsc = clock_ns_to_tsc(settings->spin_max_us * NS_PER_US);
	coalesce_max_tsc = clock_ns_to_tsc(settings->coalesce_max_us * NS_PER_US);
	pause_is_slow = hypervisor_is_tcg();
}

/* Only the CPU at work on a shared queue knows how many requests are in flight. */
static inline bool is_active(const struct blk_queue *queue)
{
	return queue->shared || (queue->in_flight && !queue->broken);
}

static struct survey take_survey(struct blk_queue *const *queues, unsigned count)
{
	struct survey survey = { 0 };

	for (unsigned i = 0; i < count; i++) {
		struct blk_queue *queue = queues[i];

		survey.has_finished |=
			queue->shared ? blk_shared_has_finished() : queue->finished != NULL;
		if (!is_active(queue))
			continue;
		survey.active++;
		survey.last_active = queue;
		survey.poll |= queue->completion == COMPLETION_POLL;
		survey.adaptive |= queue->completion == COMPLETION_ADAPTIVE;
	}
	return survey;
}

static ALWAYS_INLINE bool has_completions(struct blk_queue *const *queues, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (is_active(queues[i]) && queues[i]->driver->has_completions(queues[i]))
			return true;
	return false;
}

/* A look that leaves the flag's cache line alone while nothing is there. */
static inline bool is_woken(struct cpu *cpu)
{
	return load_once(&cpu->wake) && cpu_take_wake(cpu);
}

/* PAUSE makes room for a sibling thread, but leaves TCG's execution loop. */
static inline void relax(void)
{
	if (!pause_is_slow)
		cpu_pause();
}

static ALWAYS_INLINE void poll(struct cpu *cpu, struct blk_queue *const *queues, unsigned count)
{
	for (unsigned looks = 0; looks < LOOKS_MAX; looks++) {
		if (has_completions(queues, count) || is_woken(cpu))
			return;
		relax();
	}
}

/* --- sleeping --- */

/* After how many completions of this queue to wake up. */
static uint32_t completions_ahead(const struct blk_queue *queue, unsigned wanted, bool coalesce)
{
	if (queue->urgent_out || queue->backlog)
		return 1;
	if (coalesce)
		wanted = MAX(wanted, queue->in_flight / 2);
	return MAX(1u, MIN(wanted, queue->in_flight));
}

static void coalescing_expired(void *context)
{
	struct cpu *cpu = context;

	store_once(&cpu->wake, 1);
}

/* Arms one queue; true when it has completions already. */
static bool arm(struct blk_queue *queue, unsigned wanted, bool coalesce, bool *held_back)
{
	if (queue->shared)
		return blk_shared_arm(queue);
	uint32_t ahead = completions_ahead(queue, wanted, coalesce);

	*held_back |= ahead > wanted;
	queue->counters.arms++;
	return queue->driver->arm(queue, ahead);
}

static void disarm(struct blk_queue *queue)
{
	if (queue->shared)
		blk_shared_disarm(queue);
	else
		queue->driver->disarm(queue);
}

/* Sleeps until an interrupt, a timer or another CPU; true when it did sleep. */
static bool sleep_armed(struct cpu *cpu, struct blk_queue *const *queues, unsigned count,
			unsigned wanted, bool coalesce)
{
	struct wait_state *state = &state_table[cpu->index];
	bool there = false, held_back = false;
	unsigned armed;

	for (armed = 0; armed < count && !there; armed++)
		if (is_active(queues[armed]))
			there = arm(queues[armed], wanted, coalesce, &held_back);
	if (!there && held_back) {
		state->timer.expired = coalescing_expired;
		state->timer.context = cpu;
		timer_arm(&state->timer, clock_tsc() + coalesce_max_tsc);
	}
	if (!there)
		cpu_wait();
	if (!there && held_back)
		timer_cancel(&state->timer);
	for (unsigned i = 0; i < armed; i++)
		if (is_active(queues[i]))
			disarm(queues[i]);
	return !there;
}

/* --- adaptive --- */

static uint64_t moving_mean(uint64_t mean, uint64_t value)
{
	return mean - mean / 8 + value / 8;
}

/* Learns from the sleep before; true when this one may be held back. */
static bool holding_back_pays(struct wait_state *state, const struct blk_queue *queue)
{
	uint64_t completions = queue->counters.completions;

	if (state->sampled == queue) {
		uint64_t brought = MIN(completions - state->sampled_completions, UINT16_MAX);

		state->brought_x16 = (uint32_t)moving_mean(state->brought_x16, brought * 16);
	}
	if (state->brought_x16 < COALESCE_BROUGHT * 16 &&
	    ++state->sleeps_held_back < COALESCE_SAMPLE_EVERY) {
		state->sampled = NULL;
		return true;
	}
	state->sleeps_held_back = 0;
	state->sampled = queue;
	state->sampled_completions = completions;
	return false;
}

/* How long to spin now; 0: not at all. */
static uint64_t spin_budget_tsc(struct wait_state *state)
{
	if (!state->started) {
		state->started = true;
		state->credit = CREDIT_START;
		state->sleep_tsc = spin_max_tsc;
		state->brought_x16 = 16 * 16; /* not held back before it is known to pay */
	}
	if (!state->credit && ++state->waits_without_spin < PROBE_EVERY)
		return 0;
	state->waits_without_spin = 0;
	return MIN(spin_max_tsc, MAX(state->sleep_tsc, 4 * state->spin_tsc));
}

static void learn_success(struct wait_state *state, uint64_t took_tsc)
{
	state->credit = MIN(CREDIT_MAX, state->credit + (state->credit ? 1 : CREDIT_OF_FAILURE));
	state->spin_tsc = moving_mean(state->spin_tsc, took_tsc);
}

static void learn_failure(struct wait_state *state)
{
	state->credit -= MIN(state->credit, CREDIT_OF_FAILURE);
}

/* True when the wait is over. */
static bool spin(struct cpu *cpu, struct wait_state *state, struct blk_queue *const *queues,
		 unsigned count)
{
	if (has_completions(queues, count))
		return true;
	uint64_t budget_tsc = spin_budget_tsc(state);
	if (!budget_tsc)
		return false;
	uint64_t start_tsc = clock_tsc(), spent_tsc;
	do {
		if (has_completions(queues, count)) {
			learn_success(state, clock_tsc() - start_tsc);
			return true;
		}
		if (is_woken(cpu))
			return true;
		relax();
		spent_tsc = clock_tsc() - start_tsc;
	} while (spent_tsc < budget_tsc);
	learn_failure(state);
	return false;
}

/* `only`: the queue that completions can come from; NULL: there are several. */
static void wait_adaptive(struct cpu *cpu, struct blk_queue *const *queues, unsigned count,
			  unsigned wanted, const struct blk_queue *only)
{
	struct wait_state *state = &state_table[cpu->index];

	if (spin(cpu, state, queues, count))
		return;
	bool coalesce = coalesce_max_tsc && only && !only->shared &&
			holding_back_pays(state, only);
	uint64_t start_tsc = clock_tsc();
	if (sleep_armed(cpu, queues, count, wanted, coalesce))
		state->sleep_tsc =
			moving_mean(state->sleep_tsc, clock_tsc() - start_tsc);
}

void blk_wait_several(struct blk_queue *const *queues, unsigned count, unsigned ahead)
{
	struct cpu *cpu = cpu_this();
	struct survey survey = take_survey(queues, count);
	/* Several queues complete in no order: any may hold what is wanted. */
	unsigned wanted = survey.active == 1 ? MAX(1u, ahead) : 1;

	if (survey.has_finished)
		return;
	if (survey.poll)
		poll(cpu, queues, count);
	else if (survey.adaptive)
		wait_adaptive(cpu, queues, count, wanted,
			      survey.active == 1 ? survey.last_active : NULL);
	else
		sleep_armed(cpu, queues, count, wanted, false);
}

void blk_wait_general(struct blk_queue *queue, unsigned ahead)
{
	blk_wait_several(&queue, 1, ahead);
}

void blk_wait_polling(struct blk_queue *queue, unsigned ahead)
{
	(void)ahead;
	if (LIKELY(queue->in_flight))
		poll(cpu_this(), &queue, 1);
	else
		cpu_wait();
}

void blk_wait_adapting(struct blk_queue *queue, unsigned ahead)
{
	if (LIKELY(queue->in_flight))
		wait_adaptive(cpu_this(), &queue, 1, MAX(1u, ahead), queue);
	else
		cpu_wait();
}

void blk_wait_sleeping(struct blk_queue *queue, unsigned ahead)
{
	const struct blk_driver *driver = queue->driver;

	if (UNLIKELY(!queue->in_flight)) {
		cpu_wait();
		return;
	}
	queue->counters.arms++;
	bool there = driver->arm(queue, ahead);
	if (!there)
		cpu_wait();
	if (UNLIKELY(!queue->event_disarms_itself) ||
	    UNLIKELY(!there && !load_once(&queue->interrupt_tsc)))
		driver->disarm(queue);
}
