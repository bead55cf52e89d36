/* SPDX-License-Identifier: MIT */
/*
 * Two ends that both formats of a ring know: that of the list of free chains,
 * and that of a ring whose device broke the rules. Needs nothing of the rest.
 */
#include "kernel/virtio/virtqueue_impl.h"

const struct virtqueue_chain virtqueue_no_chain;

NOINLINE void virtqueue_break(struct virtqueue *vq, const char *reason)
{
	if (!vq->broken_reason)
		vq->broken_reason = reason;
	vq->id_limit = 0; /* so that the hot path needs no check of its own */
}
