# SPDX-License-Identifier: MIT
"""Differing jobs, with every option left out that the difference does not need."""

import copy

import draw
import packs

KEPT = {"ioengine", "filename", "size"}
JOBS_AT_ONCE = 120


def with_head(job, head):
    """The job with what [global] said in it."""
    whole = copy.deepcopy(job)
    whole.options = {**head.options, **job.options}
    return whole


def differing(jobs, like, directory, is_known):
    """Those that differ, and how; jobs: {name: job}"""
    found = {}
    names = list(jobs)
    for begin in range(0, len(names), JOBS_AT_ONCE):
        some = names[begin:begin + JOBS_AT_ONCE]
        pack = packs.Pack(like.kind, "", 0, draw.Job("global", 0), [jobs[name] for name in some],
                          like.disks, [])
        ours, theirs = packs.run_both(pack, directory)
        if ours and ours.status in (0, 1):
            pack.differences += packs.compare(pack, ours, theirs)
        for difference in pack.differences:
            if not is_known(difference):
                found.setdefault(difference.job.name, difference)
    return found


def shrink(pack, directory, is_known):
    """[Difference]: of each job that differs, as few options as show it."""
    left = {}
    for difference in pack.differences:
        whole = with_head(difference.job, pack.head)
        left.setdefault(whole.name, whole)
    found = differing(left, pack, directory, is_known)
    # Not any more: with another number of its thread, or without its neighbours, it is alike.
    done = [difference for difference in pack.differences if difference.job.name not in found]
    left = {name: job for name, job in left.items() if name in found}
    while left:
        variants = {}
        for job in left.values():
            for option in job.options.keys() - KEPT:
                variant = copy.deepcopy(job)
                del variant.options[option]
                variant.name = f"{job.name}-{option}"
                variants[variant.name] = variant
        still = differing(variants, pack, directory, is_known)
        following = {}
        for name, job in left.items():
            smaller = [difference for variant, difference in still.items()
                       if variant.rpartition("-")[0] == name
                       and difference.what == found[name].what]
            if not smaller:
                done.append(found[name])
                continue
            found[name] = smaller[0]
            following[name] = smaller[0].job
            following[name].name = name
        left = following
    return done
