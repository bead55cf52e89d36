# SPDX-License-Identifier: MIT
"""What happens beside the jobs: a disk that is resized."""

import contextlib
import json
import socket
import threading
import time

import pytest


def connect(path):
    """QEMU listens there sooner or later."""
    for _ in range(1200):
        with contextlib.suppress(OSError):
            monitor = socket.socket(socket.AF_UNIX)
            monitor.connect(str(path))
            return monitor
        time.sleep(0.05)
    raise AssertionError(f"nobody listens at {path}")


def resize_while_read(path, node, size):
    """Has QEMU give a block node another size once the guest reads from it."""
    with connect(path) as monitor:
        stream = monitor.makefile("rw")

        def ask(name, **arguments):
            stream.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
            stream.flush()
            while True:
                answer = json.loads(stream.readline())
                if "return" in answer:
                    return answer["return"]

        ask("qmp_capabilities")
        while not any(disk["stats"]["rd_operations"] for disk in ask("query-blockstats")):
            time.sleep(0.05)
        ask("block_resize", **{"node-name": node, "size": size})


@pytest.mark.parametrize("vectors", [0, 1], ids=["by the line", "by the vector for everything"])
def test_resize_is_noticed_without_a_vector_for_it(guest, vectors):
    image = guest.zeroes("disk.img", 8 << 20)
    monitor = guest.directory / "monitor"
    thread = threading.Thread(target=resize_while_read, args=(monitor, "disk0", 16 << 20))
    thread.start()
    run = guest.good(f"--disk=backend=file,path={image},vectors={vectors}",
                     "--qemu-arg=-qmp", f"--qemu-arg=unix:{monitor},server=on,wait=off",
                     job="[long]\nfilename=/dev/vda\nrw=randread\nbs=4k\nsize=8m\n"
                         "time_based\nruntime=4\n")
    thread.join()
    assert "vda: resized from 16384 to 32768 sectors" in run.out + run.err
    assert run.device()["limits"]["capacity_sectors"] == 32768
