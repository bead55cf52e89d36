"""The kernel against the real fio: the same job file on a disk and a file of one size."""

import pytest
from corpus import (DISK_BYTES, EXAMPLES_A, NOT_COMPARED, HostRun, class_a, sequence_digest,
                    text_of)

DIRECTIONS = ("read", "write", "trim")


def echoed(where, key, row):
    return {name: value for name, value in where.get(key, {}).items()
            if name not in NOT_COMPARED and name not in row.host}


def about(document, row):
    """What was run and how it ended."""
    return [{"jobname": job["jobname"], "groupid": job["groupid"], "error": job["error"],
             "desc": job.get("desc"), "job options": echoed(job, "job options", row)}
            for job in document["jobs"]]


def counts(document):
    return [{name: (job[name]["io_bytes"], job[name]["total_ios"]) for name in DIRECTIONS}
            for job in document["jobs"]]


def active(document):
    """Which directions did anything at all."""
    return [[name for name in DIRECTIONS if job[name]["total_ios"]] for job in document["jobs"]]


def host_digests(host, row):
    """Of what the jobs' generators gave: reads that verify writes do not belong to it."""
    sequences = host.sequences()
    if row.verifies:
        sequences = [[io for io in sequence if io[0]] for sequence in sequences]
    return [sequence_digest(sequence) for sequence in sequences]


def run_both(guest, row):
    image = guest.directory / "disk.img"
    guest.zeroes(image.name, DISK_BYTES)
    (guest.directory / "host").mkdir()
    host = HostRun(guest.directory / "host", row)
    try:
        ours = guest.run(f"--disk=backend=file,path={image}", "--smp=2", job=text_of(row))
        return ours, host.finish()
    finally:
        host.end()


@pytest.mark.parametrize("row", EXAMPLES_A, ids=[
    row.name + (f"-{row.variant}" if row.variant else "") for row in EXAMPLES_A])
def test_example_runs_as_in_fio(guest, row):
    ours, theirs = run_both(guest, row)
    assert ours.result, f"{ours.err}\n{ours.out}"
    assert ours.status == theirs.status, f"{ours.err}\n{ours.out}\n{theirs.output}"
    assert about(ours.result, row) == about(theirs.result, row)
    assert echoed(ours.result, "global options", row) == \
        echoed(theirs.result, "global options", row)
    if row.uncounted:
        assert active(ours.result) == active(theirs.result)
        return
    assert counts(ours.result) == counts(theirs.result)
    assert all(job["read"]["runtime"] >= row.at_least_ms for job in ours.result["jobs"])
    if row.unordered:
        return
    digests = [job["sequence_digest"] for job in ours.result["ringbolt"]["jobs"]]
    assert digests == host_digests(theirs, row)


def test_every_example_of_class_a_is_run():
    assert {row.name for row in EXAMPLES_A} == set(class_a())
