/* SPDX-License-Identifier: MIT */
/*
 * virtqueue_need_event() for all 2^48 inputs, in two steps:
 *
 *   It does not change when all three indices move on by the same count. This is
 *   algebra, and the compiler's: were there an input for which it could not show
 *   it, the call of `moved` would stay, and that is an error.
 *
 *   Hence old_index may be 0: the index took the values 0 .. new_index - 1, and
 *   passed an event that is one of them. All 2^32 such inputs are tried.
 */
#include <stdio.h>

#include "kernel/virtio/virtqueue_impl.h"

void moved(void) __attribute__((error("the compiler sees no invariance")));
void is_invariant(uint16_t event, uint16_t new_index, uint16_t old_index, uint16_t by);

void is_invariant(uint16_t event, uint16_t new_index, uint16_t old_index, uint16_t by)
{
	if (virtqueue_need_event(event, new_index, old_index) !=
	    virtqueue_need_event((uint16_t)(event + by), (uint16_t)(new_index + by),
				 (uint16_t)(old_index + by)))
		moved();
}

int main(void)
{
	uint64_t wrong = 0;
	for (uint32_t event = 0; event <= UINT16_MAX; event++) {
		uint32_t wrong_here = 0;
		for (uint32_t new_index = 0; new_index <= UINT16_MAX; new_index++)
			wrong_here += virtqueue_need_event((uint16_t)event, (uint16_t)new_index,
							   0) != (event < new_index);
		wrong += wrong_here;
	}
	printf("need_event: %lu of 2^32 inputs wrong\n", wrong);
	return wrong != 0;
}
