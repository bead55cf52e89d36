# SPDX-License-Identifier: MIT
"""Building the peer where that cannot work, and the archive the kernel unpacks."""

import gzip
import importlib.machinery
import importlib.util
import lzma
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fakes import HANG_S

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
                          capture_output=True, text=True, timeout=HANG_S, check=False)
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


NEEDS = {"virtio": "virtio_ring", "virtio_ring": "", "virtio_pci": "virtio_ring,virtio",
         "virtio_blk": "virtio,virtio_ring", "qemu_fw_cfg": "", "other": ""}


def modules(root, needs, suffix="", pack=bytes, builtin=()):
    """As a kernel's package unpacks them."""
    directory = root / "lib" / "modules" / "6.9"
    directory.mkdir(parents=True)
    (directory / "modules.builtin").write_text(
        "".join(f"kernel/drivers/{name}.ko\n" for name in builtin))
    for name, depends in needs.items():
        (directory / f"{name}.ko{suffix}").write_bytes(
            pack(b"\0license=GPL\0depends=%b\0" % depends.encode()))
    return root


def test_modules_come_behind_those_they_need(tmp_path):
    assert [name for name, _ in builder().module_order(modules(tmp_path, NEEDS))] == [
        "virtio_ring", "virtio", "virtio_pci", "virtio_blk", "qemu_fw_cfg"]


@pytest.mark.parametrize("suffix, pack", [(".xz", lzma.compress), (".gz", gzip.compress)])
def test_compressed_modules_are_packed_as_busybox_loads_them(tmp_path, suffix, pack):
    """Below usr/lib, too, which is where newer releases have them."""
    found = builder().module_order(modules(tmp_path / "usr", NEEDS, suffix, pack))
    assert len(found) == 5 and all(b"license=GPL" in data for _, data in found)


def test_modules_that_are_built_in_are_not_looked_for(tmp_path):
    there = {name: NEEDS[name] for name in ("virtio_blk", "qemu_fw_cfg")}
    root = modules(tmp_path, there, builtin=("virtio", "virtio_ring", "virtio_pci"))
    assert [name for name, _ in builder().module_order(root)] == ["virtio_blk", "qemu_fw_cfg"]


@pytest.mark.parametrize("needs, suffix, complaint", [
    ({"virtio_pci": ""}, "", "the kernel has no module virtio_blk"),
    (NEEDS, ".brotli", "virtio_pci.ko.brotli: unknown compression")])
def test_modules_that_cannot_be_had_are_named(tmp_path, needs, suffix, complaint):
    build = builder()
    with pytest.raises(build.BuildError, match=complaint):
        build.module_order(modules(tmp_path, needs, suffix))


def programs(directory, **texts):
    """Shell scripts in front of the PATH."""
    for name, text in texts.items():
        (directory / name).write_text("#!/bin/sh\n" + text)
        (directory / name).chmod(0o755)
    return f"{directory}:{os.environ['PATH']}"


def test_a_kernel_in_several_packages_is_had_as_a_whole(tmp_path, monkeypatch):
    texts = {"linux-image-cloud-amd64": "linux-base-cloud-amd64 linux-image-7.2-cloud-amd64",
             "linux-base-cloud-amd64": "linux-base-7.2", "linux-base-7.2": "",
             "linux-image-7.2-cloud-amd64": "initramfs-tools kmod linux-base-7.2 linux-binary-7.2 "
                                            "linux-modules-7.2",
             "linux-binary-7.2": "linux-base-7.2", "linux-modules-7.2": "kmod linux-base-7.2"}
    for name, needed in texts.items():
        (tmp_path / f"{name}.txt").write_text(
            name + "\n" + "".join(f"  Depends: {other}\n" for other in needed.split()))
    path = programs(tmp_path, **{"apt-cache": f'cat "{tmp_path}/$2.txt"\n'})
    monkeypatch.setenv("PATH", path)
    assert sorted(builder().kernel_packages()) == [
        "linux-base-7.2", "linux-base-cloud-amd64", "linux-binary-7.2",
        "linux-image-7.2-cloud-amd64", "linux-modules-7.2"]


def test_versions_are_of_packages_and_not_of_diversions(tmp_path, monkeypatch):
    """Debian 13 diverts the dynamic linker's name at /lib64."""
    path = programs(tmp_path, **{"dpkg-query": """\
if [ "$1" = -S ]; then
	echo "diversion by libc6 from: /lib64/ld-linux-x86-64.so.2"
	echo "diversion by libc6 to: /lib64/ld-linux-x86-64.so.2.usr-is-merged"
	echo "libc6:amd64, libc6:i386: /usr/lib64/ld-linux-x86-64.so.2"
	echo "fio: /usr/bin/fio"
	echo "dpkg-query: no path found matching pattern /x" >&2
	exit 1
fi
shift 3
for name; do
	case "$name" in fio | libc6:amd64 | libc6:i386) echo "$name 1" ;; *) exit 1 ;; esac
done
"""})
    monkeypatch.setenv("PATH", path)
    assert builder().owners(["/usr/bin/fio"]) == "fio 1\nlibc6:amd64 1\nlibc6:i386 1\n"
