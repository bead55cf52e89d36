"""The peer does the same work in the same machine, and its result says what happened."""

import pytest

JOB = ("[read]\nfilename=/dev/vda\nrw=randread\nbs=4k\nnumber_ios=500\n"
       "ioengine={engine}\niodepth={depth}\n")
DISK = "--disk=backend=null,size=1G"

# guest, engine, depth, does it interrupt?
CASES = [
    ("linux", "psync", 1, True),
    ("linux", "libaio", 8, True),
    ("linux", "io_uring", 8, True),
    ("linux-poll", "io_uring", 8, False),
]


@pytest.mark.parametrize("kind, engine, depth, interrupts", CASES)
def test_fio_runs_the_job_in_linux(guest, kind, engine, depth, interrupts):
    run = guest.good(f"--guest={kind}", DISK, job=JOB.format(engine=engine, depth=depth))
    job, = run.result["jobs"]
    assert job["read"]["total_ios"] == 500
    assert (run.total("interrupts") > 0) is interrupts
    facts = run.result["ringbolt"]
    assert facts["host"]["guest"] == kind
    assert run.result["fio version"] == "fio-3.33"
    assert 0 <= facts["peer"]["idle_ns"] < facts["peer"]["elapsed_ns"]
