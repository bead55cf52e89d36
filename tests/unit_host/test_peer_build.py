"""Building the peer where that cannot work, and the archive the kernel unpacks."""

import importlib.machinery
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

BUILD = Path(__file__).resolve().parents[1] / "peer" / "build"


def builder():
    """tests/peer/build is a program; its functions all the same."""
    loader = importlib.machinery.SourceFileLoader("peer_build", str(BUILD))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("peer_build", loader))
    loader.exec_module(module)
    return module


def test_without_apts_lists_one_line_says_so_and_nothing_is_left(tmp_path):
    for name in ("apt-get", "apt-cache"):
        (tmp_path / name).write_text("#!/bin/sh\necho 'W: hm' >&2\n"
                                     "echo 'E: No packages found' >&2\nexit 100\n")
        (tmp_path / name).chmod(0o755)
    environment = dict(os.environ, PATH=f"{tmp_path}:{os.environ['PATH']}")
    done = subprocess.run([sys.executable, str(BUILD), str(tmp_path / "out")], env=environment,
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("peer: apt-") and "E: No packages found" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_archive_is_what_the_kernel_documents(tmp_path):
    """Fields of eight hexadecimal digits; name and content end on multiples of four."""
    builder().pack([("bin", 0o40755, b""), ("bin/a", 0o100755, b"12345")], tmp_path / "archive")
    data, found = (tmp_path / "archive").read_bytes(), []
    while data:
        assert data[:6] == b"070701"
        mode, size, name_size = (int(data[at:at + 8], 16) for at in (14, 54, 94))
        begin = 110 + name_size + -(110 + name_size) % 4
        found.append((data[110:110 + name_size], mode, data[begin:begin + size]))
        data = data[begin + size + -(begin + size) % 4:]
    assert found == [(b"bin\0", 0o40755, b""), (b"bin/a\0", 0o100755, b"12345"),
                     (b"TRAILER!!!\0", 0, b"")]


def test_modules_come_behind_those_they_need(tmp_path):
    build = builder()
    needs = {"virtio": "virtio_ring", "virtio_ring": "", "virtio_pci": "virtio_ring,virtio",
             "virtio_blk": "virtio,virtio_ring", "qemu_fw_cfg": "", "other": ""}
    for name, depends in needs.items():
        (tmp_path / f"{name}.ko").write_bytes(b"\0license=GPL\0depends=%b\0" % depends.encode())
    assert [path.stem for path in build.module_order(tmp_path)] == [
        "virtio_ring", "virtio", "virtio_pci", "virtio_blk", "qemu_fw_cfg"]
