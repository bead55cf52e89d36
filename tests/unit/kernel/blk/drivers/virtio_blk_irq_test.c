/* SPDX-License-Identifier: MIT */
/*
 * A disk's interrupts (kernel/blk/drivers/virtio_blk_irq.c): who gets them, and the proof
 * that they arrive: what becomes of a queue whose device answers with or without them,
 * late, or never.
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

void smp_wake(struct cpu *cpu)
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

/* What the machine has, and what became of it: who listens to each MSI-X entry. */
static uint16_t msix_entries;
static bool beyond_reach[QUEUES]; /* CPUs that no message names */
static bool msix_on, line_open;
static struct {
	const struct cpu *cpu;
	irq_handler handler;
	void *context;
} vectors[QUEUES + 1], entries[QUEUES + 1];
static unsigned vector_count, vectors_there;

int irq_allocate(struct cpu *cpu, irq_handler handler, void *context,
		 struct irq_msi_message *message)
{
	if (beyond_reach[cpu - cpu_table])
		return -ERR_UNSUPPORTED;
	if (vector_count == vectors_there)
		return -ERR_FULL;
	vectors[vector_count].cpu = cpu;
	vectors[vector_count].handler = handler;
	vectors[vector_count].context = context;
	message->data = vector_count++;
	return 0;
}

int irq_connect_line(uint8_t line, irq_handler handler, void *context)
{
	(void)line, (void)context;
	assert_ptr_equal(handler, on_intx);
	assert_false(msix_on); /* else the function leaves its line alone */
	return 0;
}

uint16_t pci_msix_init(struct pci_function *f)
{
	(void)f;
	msix_on = msix_entries;
	return msix_entries;
}

void pci_msix_disable(struct pci_function *f)
{
	(void)f;
	msix_on = false;
}

int pci_msix_set(struct pci_function *f, uint16_t entry, uint64_t address, uint32_t data)
{
	(void)f, (void)address;
	assert_in_range(entry, 0, msix_entries - 1);
	entries[entry] = vectors[data];
	return 0;
}

void pci_msix_unmask_function(struct pci_function *f)
{
	(void)f;
}

void pci_disable_intx(const struct pci_function *f, bool disable)
{
	(void)f;
	line_open = !disable;
}

int virtio_pci_set_config_vector(struct virtio_pci *device, uint16_t msix_vector)
{
	(void)device;
	(void)msix_vector;
	return 0;
}

void *heap_allocate(uint64_t length_bytes)
{
	assert_true(allocation_count < ARRAY_COUNT(allocations));
	return allocations[allocation_count++] = calloc(1, length_bytes);
}

int dma_allocate(uint64_t length_bytes, struct dma_buffer *out)
{
	void *memory = heap_allocate(length_bytes);
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

/* --- who gets them --- */

static struct pci_function function;

static void init(enum setting_interrupts wanted, uint16_t entries_there)
{
	reset(NULL);
	memset(entries, 0, sizeof(entries));
	vector_count = 0;
	disk.vectors = 0;
	disk.transport.pci = &function;
	function.interrupt_pin = 1;
	msix_entries = entries_there;
	msix_on = true; /* by firmware */
	for (unsigned q = 0; q < QUEUES; q++)
		disk.blk_queues[q].cpu = &cpu_table[q];
	virtio_blk_irq_init(&disk, wanted);
}

static int a_full_machine(void **state)
{
	vectors_there = QUEUES + 1;
	memset(beyond_reach, 0, sizeof(beyond_reach));
	return reset(state);
}

static void each_queue_has_an_entry_on_its_own_cpu(void **state)
{
	(void)state;
	init(INTERRUPTS_AUTO, QUEUES + 1);
	assert_int_equal(disk.vectors, QUEUES + 1);
	for (uint16_t q = 0; q < QUEUES; q++) {
		assert_int_equal(disk.queues[q].vector_entry, q + 1);
		assert_ptr_equal(entries[q + 1].cpu, &cpu_table[q]);
		assert_ptr_equal(entries[q + 1].handler, on_queue_interrupt);
		assert_ptr_equal(entries[q + 1].context, &disk.blk_queues[q]);
	}
	assert_true(msix_on && !line_open);
}

/* An APIC id above 254 is beyond an MSI's 8 bits. */
static void the_boot_cpu_listens_for_one_that_no_message_reaches(void **state)
{
	(void)state;
	beyond_reach[1] = true;
	for (uint16_t there = QUEUES; there <= QUEUES + 1; there++) {
		init(INTERRUPTS_AUTO, there);
		assert_int_equal(disk.vectors, there);
		assert_int_equal(disk.queues[1].vector_entry, 2);
		assert_ptr_equal(entries[2].cpu, &cpu_table[0]);
		assert_ptr_equal(entries[2].handler, on_shared_queue_interrupt);
		assert_ptr_equal(entries[2].context, &disk);
	}
	assert_ptr_equal(entries[3].cpu, &cpu_table[2]);
	assert_ptr_equal(entries[3].handler, on_queue_interrupt);
}

static void where_the_line_is_used_msi_x_is_off(void **state)
{
	static const struct {
		enum setting_interrupts wanted;
		uint16_t entries;
		unsigned vectors;
		bool intx;
	} cases[] = {
		{ INTERRUPTS_INTX, QUEUES + 1, QUEUES + 1, true },
		{ INTERRUPTS_AUTO, 0, QUEUES + 1, true },
		{ INTERRUPTS_AUTO, QUEUES + 1, 2, true }, /* not enough vectors */
		{ INTERRUPTS_MSIX, QUEUES + 1, 2, false },
		{ INTERRUPTS_NONE, QUEUES + 1, QUEUES + 1, false },
	};
	for (unsigned i = 0; i < ARRAY_COUNT(cases); i++) {
		a_full_machine(state);
		vectors_there = cases[i].vectors;
		line_open = false;
		init(cases[i].wanted, cases[i].entries);
		assert_int_equal(disk.vectors, 0);
		assert_int_equal(disk.intx, cases[i].intx);
		assert_int_equal(line_open, cases[i].intx);
		assert_false(msix_on);
		for (unsigned q = 0; q < QUEUES; q++)
			assert_int_equal(disk.queues[q].vector_entry, VIRTIO_PCI_NO_VECTOR);
	}
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
		cmocka_unit_test_setup(each_queue_has_an_entry_on_its_own_cpu, a_full_machine),
		cmocka_unit_test_setup(the_boot_cpu_listens_for_one_that_no_message_reaches,
				       a_full_machine),
		cmocka_unit_test_setup(where_the_line_is_used_msi_x_is_off, a_full_machine),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
