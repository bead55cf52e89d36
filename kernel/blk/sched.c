/* SPDX-License-Identifier: MIT */
/*
 * The deadline scheduler: sector order for throughput, FIFOs for fairness.
 *
 * Reads and everything that changes sectors are two directions, each with
 *   sorted   entries by first sector, an array: neighbours to merge with are
 *            next to the place of insertion, found by bisection
 *   fifo     the same entries by age
 * An entry is one request, or a run of adjacent ones merged in front or behind,
 * which goes to the driver as one group with the segments of all.
 *
 * What goes next:
 *   - the next entry upwards in the current direction, up to BATCH in a row;
 *   - then a new batch: reads, unless writes have let WRITES_STARVED batches
 *     pass; it begins with the oldest entry if that has expired or nothing
 *     lies upwards, else where the direction's last batch ended.
 * Entries of a direction expire in the order of the FIFO, so an expired one
 * waits for those before it and for nothing else: sched.h states the bound.
 *
 * Expiry changes the order only. Nothing is ever held back from a driver that
 * has room, so no timer is needed.
 *
 * Flushes, and what else has no place on the disk, pass the others by: one of
 * them goes before each of those, oldest first. So neither kind keeps the other
 * out.
 *
 * A group fails as a whole: each of its requests gets the group's status.
 *
 * Owned here: entries and groups, preallocated per queue. Knows neither queue
 * nor driver. Context: as in blk_impl.h.
 */
#include "kernel/blk/sched.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/mem.h"
#include "kernel/mm/heap.h"

/* Requests merged to be one; known by its place in sched->groups. */
struct sched_group {
	struct blk_request request; /* must be first */
	struct blk_request *children; /* in the order of sectors */
	struct sched_group *next; /* free list */
	blk_segment segments[BLK_SCHED_GROUP_SEGMENTS];
};

struct sched_entry {
	struct blk_request *first, *last; /* list, in the order of sectors */
	struct sched_group *group; /* of more than one request */
	uint64_t sector, end_sector;
	uint64_t expires_tsc;
	uint32_t request_count;
	uint32_t segment_count;
	struct sched_entry *older, *newer; /* fifo; newer: the free list too */
};

enum direction { READS, WRITES, PASSING, DIRECTION_COUNT };

struct sched_direction {
	struct sched_entry *sorted[BLK_SCHED_CAPACITY];
	uint32_t count;
	struct sched_entry *oldest, *newest;
	uint64_t position; /* end of what was dispatched last */
	uint64_t expiry_tsc;
};

struct blk_sched {
	struct sched_direction directions[DIRECTION_COUNT];
	enum direction current;
	uint32_t batch_left;
	uint32_t starved; /* batches of reads that writes let pass */
	bool let_pass; /* what was chosen last passed the others by */
	uint32_t held;
	uint32_t max_sectors, max_segments; /* [I] of a group */
	struct sched_entry *staged; /* chosen, not yet taken by the driver */
	struct sched_entry *free_entries;
	struct sched_group *free_groups;
	struct sched_entry entries[BLK_SCHED_CAPACITY];
	struct sched_group groups[BLK_SCHED_GROUPS];
};

struct blk_sched *blk_sched_create(const struct blk_limits *limits)
{
	struct blk_sched *sched = heap_allocate(sizeof(*sched));

	if (!sched)
		return NULL;
	for (uint32_t i = 0; i < BLK_SCHED_CAPACITY; i++) {
		sched->entries[i].newer = sched->free_entries;
		sched->free_entries = &sched->entries[i];
	}
	for (uint32_t i = 0; i < BLK_SCHED_GROUPS; i++) {
		sched->groups[i].next = sched->free_groups;
		sched->free_groups = &sched->groups[i];
	}
	sched->max_sectors = limits->max_sectors;
	sched->max_segments = MIN(limits->max_segments, BLK_SCHED_GROUP_SEGMENTS);
	sched->directions[READS].expiry_tsc = clock_ns_to_tsc(BLK_SCHED_READ_EXPIRY_NS);
	sched->directions[WRITES].expiry_tsc = clock_ns_to_tsc(BLK_SCHED_WRITE_EXPIRY_NS);
	return sched;
}

uint32_t blk_sched_held(const struct blk_sched *sched)
{
	return sched->held;
}

/* --- the two orders of a direction --- */

/* The first entry that starts at or beyond the sector. */
static uint32_t find_from(const struct sched_direction *direction, uint64_t sector)
{
	uint32_t low = 0, high = direction->count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (direction->sorted[middle]->sector < sector)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void insert_entry(struct sched_direction *direction, uint32_t at, struct sched_entry *entry)
{
	memmove(&direction->sorted[at + 1], &direction->sorted[at],
		(direction->count - at) * sizeof(direction->sorted[0]));
	direction->sorted[at] = entry;
	direction->count++;
	entry->newer = NULL;
	entry->older = direction->newest;
	if (entry->older)
		entry->older->newer = entry;
	else
		direction->oldest = entry;
	direction->newest = entry;
}

static struct sched_entry *take_at(struct sched_direction *direction, uint32_t at)
{
	struct sched_entry *entry = direction->sorted[at];

	direction->count--;
	memmove(&direction->sorted[at], &direction->sorted[at + 1],
		(direction->count - at) * sizeof(direction->sorted[0]));
	if (entry->older)
		entry->older->newer = entry->newer;
	else
		direction->oldest = entry->newer;
	if (entry->newer)
		entry->newer->older = entry->older;
	else
		direction->newest = entry->older;
	return entry;
}

static uint32_t position_of(const struct sched_direction *direction,
			    const struct sched_entry *entry)
{
	uint32_t at = find_from(direction, entry->sector);

	while (direction->sorted[at] != entry)
		at++;
	return at;
}

/* --- merging --- */

static bool fits_group(const struct blk_sched *sched, const struct sched_entry *entry,
		       const struct blk_request *request)
{
	return request->op <= BLK_WRITE && entry->first->op == request->op &&
	       entry->first->flags == request->flags &&
	       entry->end_sector - entry->sector + request->sector_count <= sched->max_sectors &&
	       entry->segment_count + request->segment_count <= sched->max_segments;
}

/* Makes sure that the entry may hold more than one request. */
static bool have_group(struct blk_sched *sched, struct sched_entry *entry)
{
	if (!entry->group && sched->free_groups) {
		entry->group = sched->free_groups;
		sched->free_groups = entry->group->next;
	}
	return entry->group != NULL;
}

static void count_in(struct sched_entry *entry, const struct blk_request *request)
{
	entry->request_count++;
	entry->segment_count += request->segment_count;
}

static bool merge_behind(struct blk_sched *sched, struct sched_entry *entry,
			 struct blk_request *request)
{
	if (entry->end_sector != request->sector || !fits_group(sched, entry, request) ||
	    !have_group(sched, entry))
		return false;
	request->next = NULL;
	entry->last->next = request;
	entry->last = request;
	entry->end_sector += request->sector_count;
	count_in(entry, request);
	return true;
}

/* The entry starts earlier now, but stays behind its lower neighbour. */
static bool merge_in_front(struct blk_sched *sched, struct sched_entry *entry,
			   struct blk_request *request)
{
	if (request->sector + request->sector_count != entry->sector ||
	    !fits_group(sched, entry, request) || !have_group(sched, entry))
		return false;
	request->next = entry->first;
	entry->first = request;
	entry->sector = request->sector;
	count_in(entry, request);
	return true;
}

static enum direction direction_of(const struct blk_request *request)
{
	if (request->op == BLK_READ)
		return READS;
	return request->op == BLK_FLUSH || request->op >= BLK_GET_ID ? PASSING : WRITES;
}

bool blk_sched_insert(struct blk_sched *sched, struct blk_request *request, uint64_t now_tsc,
		      bool *merged)
{
	enum direction to = direction_of(request);
	struct sched_direction *direction = &sched->directions[to];
	/* What passes has no sector worth looking at: all at one place, oldest first. */
	uint64_t sector = to == PASSING ? 0 : request->sector;
	uint32_t at = to == PASSING ? direction->count : find_from(direction, sector);

	*merged = false;
	if (sched->held == BLK_SCHED_CAPACITY)
		return false;
	sched->held++;
	if ((at > 0 && merge_behind(sched, direction->sorted[at - 1], request)) ||
	    (at < direction->count && merge_in_front(sched, direction->sorted[at], request))) {
		*merged = true;
		return true;
	}

	/* There are as many entries as requests may be held. */
	struct sched_entry *entry = sched->free_entries;
	assert_always(entry);
	sched->free_entries = entry->newer;
	request->next = NULL;
	*entry = (struct sched_entry){
		.first = request,
		.last = request,
		.sector = sector,
		.end_sector = to == PASSING ? 0 : sector + request->sector_count,
		.expires_tsc = now_tsc + direction->expiry_tsc,
		.request_count = 1,
		.segment_count = request->segment_count,
	};
	insert_entry(direction, at, entry);
	return true;
}

/* --- choosing --- */

static void choose_next_direction(struct blk_sched *sched)
{
	bool reads = sched->directions[READS].count, writes = sched->directions[WRITES].count;

	if (reads && !(writes && sched->starved >= BLK_SCHED_WRITES_STARVED)) {
		sched->current = READS;
		sched->starved += writes;
	} else {
		sched->current = WRITES;
		sched->starved = 0;
	}
	sched->batch_left = BLK_SCHED_BATCH;
}

static bool passes(struct blk_sched *sched)
{
	bool others = sched->directions[READS].count || sched->directions[WRITES].count;

	sched->let_pass = sched->directions[PASSING].count && !(sched->let_pass && others);
	return sched->let_pass;
}

/* Takes the next entry out of its direction. Something is held. */
static struct sched_entry *choose(struct blk_sched *sched, uint64_t now_tsc)
{
	struct sched_direction *direction = &sched->directions[sched->current];
	uint32_t at = find_from(direction, direction->position);

	if (passes(sched))
		return take_at(&sched->directions[PASSING], 0);
	if (!sched->batch_left || at == direction->count) {
		choose_next_direction(sched);
		direction = &sched->directions[sched->current];
		at = find_from(direction, direction->position);
		if (at == direction->count || direction->oldest->expires_tsc <= now_tsc)
			at = position_of(direction, direction->oldest);
	}
	sched->batch_left--;
	direction->position = direction->sorted[at]->end_sector;
	return take_at(direction, at);
}

static void fill_group(struct sched_entry *entry)
{
	struct sched_group *group = entry->group;
	uint64_t submit_tsc = UINT64_MAX;
	uint32_t used = 0;

	for (const struct blk_request *child = entry->first; child; child = child->next) {
		memcpy(&group->segments[used], child->segments,
		       child->segment_count * sizeof(group->segments[0]));
		used += child->segment_count;
		submit_tsc = MIN(submit_tsc, child->submit_tsc);
	}
	group->children = entry->first;
	group->request = (struct blk_request){
		.op = entry->first->op,
		.flags = entry->first->flags,
		.segment_count = (uint16_t)used,
		.sector_count = (uint32_t)(entry->end_sector - entry->sector),
		.sector = entry->sector,
		.segments = group->segments,
		.submit_tsc = submit_tsc,
	};
}

struct blk_request *blk_sched_peek(struct blk_sched *sched, uint64_t now_tsc)
{
	if (!sched->held)
		return NULL;
	if (!sched->staged) {
		sched->staged = choose(sched, now_tsc);
		if (sched->staged->group)
			fill_group(sched->staged);
	}
	return sched->staged->group ? &sched->staged->group->request : sched->staged->first;
}

unsigned blk_sched_pop(struct blk_sched *sched)
{
	struct sched_entry *entry = sched->staged;

	assert_always(entry);
	sched->staged = NULL;
	sched->held -= entry->request_count;
	entry->newer = sched->free_entries;
	sched->free_entries = entry;
	return entry->request_count;
}

bool blk_sched_is_group(const struct blk_sched *sched, const struct blk_request *request)
{
	const struct sched_group *group = (const struct sched_group *)request;

	return group >= sched->groups && group < sched->groups + BLK_SCHED_GROUPS;
}

struct blk_request *blk_sched_ungroup(struct blk_sched *sched, struct blk_request *request)
{
	struct sched_group *group = CONTAINER_OF(request, struct sched_group, request);

	for (struct blk_request *child = group->children; child; child = child->next) {
		child->status = request->status;
		child->doorbell_tsc = request->doorbell_tsc;
		child->signal_tsc = request->signal_tsc;
	}
	group->next = sched->free_groups;
	sched->free_groups = group;
	return group->children;
}

static uint64_t oldest_of(const struct sched_entry *entry, uint64_t oldest)
{
	for (const struct blk_request *request = entry->first; request; request = request->next)
		oldest = MIN(oldest, request->submit_tsc);
	return oldest;
}

uint64_t blk_sched_oldest_tsc(const struct blk_sched *sched)
{
	uint64_t oldest = UINT64_MAX;

	for (int d = 0; d < DIRECTION_COUNT; d++)
		for (uint32_t i = 0; i < sched->directions[d].count; i++)
			oldest = oldest_of(sched->directions[d].sorted[i], oldest);
	return sched->staged ? oldest_of(sched->staged, oldest) : oldest;
}
