/*
 * The proof that a disk's interrupts arrive (kernel/blk/drivers/virtio_blk_irq.c): what
 * becomes of a queue whose device answers with or without them, late, or never.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/blk/drivers/virtio_blk_irq.c"

#define QUEUES 3u
#define NEVER UINT64_MAX

/* --- a device that does what the row says, on the clock of the test --- */

struct behaviour {
	uint64_t completes_ns, interrupts_ns; /* after the doorbell */
};

static const struct behaviour *behaviours; /* of each queue */
static struct virtio_blk disk;
static uint64_t now_ns, doorbell_ns[QUEUES];
static struct blk_request *submitted[QUEUES];
static bool armed[QUEUES];
static unsigned arms, disarms;
static void *allocations[2 * QUEUES + 1];
static unsigned allocation_count;

static bool has_come(const struct blk_queue *queue, uint64_t after_ns)
{
	return submitted[queue->index] && after_ns != NEVER &&
	       now_ns - doorbell_ns[queue->index] >= after_ns;
}

uint64_t clock_tsc(void)
{
	now_ns += NS_PER_MS;
	for (uint16_t i = 0; i < QUEUES; i++) {
		struct blk_queue *queue = &disk.blk_queues[i];
		if (!armed[i] || !has_come(queue, behaviours[i].interrupts_ns))
			continue;
		armed[i] = false;
		queue->interrupt_tsc = now_ns;
	}
	return now_ns;
}

static unsigned fake_submit(struct blk_queue *queue, const struct blk_run *run,
			    struct blk_request *const *requests, unsigned count)
{
	assert_int_equal(count, 1);
	assert_true(blk_run_takes(run, *requests));
	assert_int_equal((*requests)->op, BLK_GET_ID);
	submitted[queue->index] = *requests;
	return 1;
}

static void fake_publish(struct blk_queue *queue)
{
	doorbell_ns[queue->index] = now_ns;
}

static bool fake_has_completions(const struct blk_queue *queue)
{
	return has_come(queue, behaviours[queue->index].completes_ns);
}

static unsigned fake_reap(struct blk_queue *queue, struct blk_request **out, unsigned max)
{
	assert_int_equal(max, 1);
	if (!fake_has_completions(queue))
		return 0;
	*out = submitted[queue->index];
	submitted[queue->index] = NULL;
	return 1;
}

static bool fake_arm(struct blk_queue *queue, unsigned ahead)
{
	assert_int_equal(ahead, 1);
	arms++;
	armed[queue->index] = true;
	return false;
}

static void fake_disarm(struct blk_queue *queue)
{
	disarms++;
	armed[queue->index] = false;
}

const struct blk_driver virtio_blk_driver = {
	.submit = fake_submit,
	.publish = fake_publish,
	.reap = fake_reap,
	.has_completions = fake_has_completions,
	.arm = fake_arm,
	.disarm = fake_disarm,
};

/* --- what the file stands on, but the proof does not need --- */

struct cpu cpu_table[CPU_MAX];

struct cpu *cpu_this(void)
{
	return &cpu_table[0];
}

void cpu_wake(struct cpu *cpu)
{
	(void)cpu;
}

void blk_wake_sleepers(struct blk_queue *queue)
{
	(void)queue;
}

bool virtqueue_has_completions(const struct virtqueue *vq)
{
	(void)vq;
	return false;
}

int irq_allocate(struct cpu *cpu, irq_handler handler, void *context,
		 struct irq_msi_message *message)
{
	(void)cpu;
	(void)handler;
	(void)context;
	(void)message;
	return -ERR_FULL;
}

int irq_connect_line(uint8_t line, irq_handler handler, void *context)
{
	(void)line;
	(void)handler;
	(void)context;
	return -ERR_UNSUPPORTED;
}

uint16_t pci_msix_init(struct pci_function *f)
{
	(void)f;
	return 0;
}

int pci_msix_set(struct pci_function *f, uint16_t entry, uint64_t address, uint32_t data)
{
	(void)f;
	(void)entry;
	(void)address;
	(void)data;
	return -ERR_RANGE;
}

void pci_msix_unmask_function(struct pci_function *f)
{
	(void)f;
}

void pci_disable_intx(const struct pci_function *f, bool disable)
{
	(void)f;
	(void)disable;
}

int virtio_pci_set_config_vector(struct virtio_pci *device, uint16_t msix_vector)
{
	(void)device;
	(void)msix_vector;
	return 0;
}

void *memory_allocate(uint64_t length_bytes)
{
	assert_true(allocation_count < ARRAY_COUNT(allocations));
	return allocations[allocation_count++] = calloc(1, length_bytes);
}

int dma_allocate(uint64_t length_bytes, struct dma_buffer *out)
{
	void *memory = memory_allocate(length_bytes);
	*out = (struct dma_buffer){ memory, phys_make((uintptr_t)memory), length_bytes };
	return 0;
}

/* --- */

static int reset(void **state)
{
	(void)state;
	memset(&disk, 0, sizeof(disk));
	memset(submitted, 0, sizeof(submitted));
	memset(armed, 0, sizeof(armed));
	now_ns = NS_PER_S;
	arms = disarms = 0;
	disk.queue_count = QUEUES;
	disk.vectors = QUEUES + 1;
	for (uint16_t i = 0; i < QUEUES; i++)
		disk.blk_queues[i].index = i;
	return 0;
}

static int give_back(void **state)
{
	(void)state;
	while (allocation_count)
		free(allocations[--allocation_count]);
	return 0;
}

struct outcome {
	struct behaviour device;
	bool polled, broken;
};

/* Its neighbours stay as they are. */
static void a_queue_whose_interrupt_does_not_come_is_polled(void **state)
{
	static const struct outcome cases[] = {
		{ { 5 * NS_PER_MS, 5 * NS_PER_MS }, false, false },
		{ { 5 * NS_PER_MS, 4900 * NS_PER_MS }, false, false }, /* a busy host */
		{ { 5 * NS_PER_MS, 5100 * NS_PER_MS }, true, false }, /* too late */
		{ { 5 * NS_PER_MS, NEVER }, true, false },
		{ { 5 * NS_PER_MS, 0 }, false, false }, /* another one came first */
		{ { 9 * NS_PER_S, 9 * NS_PER_S + 900 * NS_PER_MS }, false, false }, /* slow */
		{ { NEVER, 0 }, true, true }, /* an interrupt proves nothing */
		{ { NEVER, NEVER }, true, true },
	};
	for (unsigned i = 0; i < ARRAY_COUNT(cases); i++) {
		const struct behaviour good = { NS_PER_MS, NS_PER_MS };
		const struct behaviour row[QUEUES] = { good, cases[i].device, good };
		reset(state);
		behaviours = row;
		virtio_blk_irq_prove(&disk);
		for (unsigned q = 0; q < QUEUES; q++) {
			const struct blk_queue *queue = &disk.blk_queues[q];
			assert_int_equal(queue->polled_only, q == 1 && cases[i].polled);
			assert_int_equal(queue->broken, q == 1 && cases[i].broken);
			assert_int_equal(queue->interrupt_tsc, 0);
		}
		assert_int_equal(arms, QUEUES);
		assert_int_equal(disarms, QUEUES);
		give_back(state);
	}
}

/* Else a disk of 64 queues would take minutes to start. */
static void a_disk_that_lost_an_interrupt_is_not_waited_for_as_long_again(void **state)
{
	(void)state;
	const struct behaviour row[QUEUES] = { { NS_PER_MS, NEVER },
					       { NS_PER_MS, 90 * NS_PER_MS },
					       { NS_PER_MS, 200 * NS_PER_MS } };
	behaviours = row;
	virtio_blk_irq_prove(&disk);
	assert_true(disk.blk_queues[0].polled_only);
	assert_false(disk.blk_queues[1].polled_only);
	assert_true(disk.blk_queues[2].polled_only);
	assert_true(now_ns < 7 * NS_PER_S);
}

static void what_is_said_of_interrupts_holds_for_the_queues_that_get_them(void **state)
{
	static const struct {
		uint16_t vectors;
		bool intx;
		const char *all, *some;
	} cases[] = { { QUEUES + 1, false, "msix", "msix-partly" },
		      { QUEUES, false, "msix-shared", "msix-shared-partly" },
		      { 0, true, "intx", "intx-partly" } };
	for (unsigned i = 0; i < ARRAY_COUNT(cases); i++) {
		reset(state);
		disk.vectors = cases[i].vectors;
		disk.intx = cases[i].intx;
		assert_string_equal(virtio_blk_interrupt_mode(&disk), cases[i].all);
		disk.blk_queues[1].polled_only = true;
		assert_string_equal(virtio_blk_interrupt_mode(&disk), cases[i].some);
		disk.blk_queues[0].polled_only = disk.blk_queues[2].polled_only = true;
		assert_string_equal(virtio_blk_interrupt_mode(&disk), "none");
	}
}

static void without_any_interrupt_all_queues_are_polled_at_once(void **state)
{
	(void)state;
	const struct behaviour row[QUEUES] = { { NS_PER_MS, NEVER },
					       { NS_PER_MS, NEVER },
					       { NEVER, NEVER } };
	behaviours = row;
	disk.vectors = 0;
	virtio_blk_irq_prove(&disk);
	for (unsigned q = 0; q < QUEUES; q++) {
		assert_true(disk.blk_queues[q].polled_only);
		assert_int_equal(disk.blk_queues[q].broken, q == 2);
	}
	assert_int_equal(arms, 0); /* nothing to wait for */
	assert_string_equal(virtio_blk_interrupt_mode(&disk), "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_queue_whose_interrupt_does_not_come_is_polled,
						reset, give_back),
		cmocka_unit_test_setup_teardown(
			a_disk_that_lost_an_interrupt_is_not_waited_for_as_long_again, reset,
			give_back),
		cmocka_unit_test_setup_teardown(
			what_is_said_of_interrupts_holds_for_the_queues_that_get_them, reset,
			give_back),
		cmocka_unit_test_setup_teardown(without_any_interrupt_all_queues_are_polled_at_once,
						reset, give_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
