# SPDX-License-Identifier: MIT
"""The kernel against the real fio: the same job file on a disk and a file of one size."""

import re

import installed_fio
import pytest
from corpus import (DISK_BYTES, EXAMPLES_A, EXAMPLES_B, NOT_COMPARED, NOT_RUN, REFUSED,
                    Example, HostRun, listed, sequence_digest, text_of)

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
        ours = guest.run(installed_fio.followed(), f"--disk=backend=file,path={image}",
                         "--smp=2", job=text_of(row))
        return ours, host.finish()
    finally:
        host.end()


@pytest.mark.parametrize("row", EXAMPLES_A + EXAMPLES_B, ids=[
    row.name + (f"-{row.variant}" if row.variant else "") for row in EXAMPLES_A + EXAMPLES_B])
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


def test_every_example_that_is_accepted_is_run():
    assert {row.name for row in EXAMPLES_A + EXAMPLES_B} == \
        {name for name, _, outcome, _, _ in listed() if outcome == "accept"} - NOT_RUN


@pytest.mark.parametrize("name, reason", [(row[0], row[4]) for row in listed()
                                          if row[0] in REFUSED])
def test_other_examples_are_refused_with_their_reason(guest, name, reason):
    run = guest.run("--disk=backend=null", job=text_of(Example(name)))
    assert (run.status, run.result) == (2, None), run.out + run.err
    pattern = rf"ringbolt: job\.fio:\d+: {re.escape(reason)}.*"
    assert any(re.fullmatch(pattern, line) for line in run.err.splitlines()), run.err


@pytest.mark.parametrize("section, environment, found", [
    ("default", {}, ("default", "randread", "1", "4K")),
    ("override", {"FIO_RW": "write", "FIO_IODEPTH": "4", "FIO_BS": "8k"},
     ("override", "write", "4", "8k"))])
def test_an_example_runs_by_section_and_with_variables(guest, monkeypatch, section, environment,
                                                       found):
    """xnvme-compare.fio, as its own comments tell to use it."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    text = text_of(Example("xnvme-compare", {"size": "8m", "runtime": "200ms", "ramp_time": "0"}))
    run = guest.good("--disk=backend=null,size=16m", f"--section={section}", job=text)
    (job,), options = run.result["jobs"], run.result["global options"]
    options = {**options, **job.get("job options", {})}
    assert (job["jobname"], options["rw"], options["iodepth"], options["bs"]) == found
    assert job["write" if options["rw"] == "write" else "read"]["io_bytes"] > 0
