# SPDX-License-Identifier: MIT
"""`make install` and `make release`: the tool finds its kernel, its image and its files there."""

import json
import os
import subprocess
import tarfile

import pytest
from guests import BUILD, ROOT, TIMEOUT_S

JOB = "[a]\nfilename=/dev/vda\nrw=randread\nbs=4k\nnumber_ios=100\n"
ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "RINGBOLT_BUILD"}


def make(*words):
    subprocess.run(["make", "-s", f"B={BUILD}", *words], cwd=ROOT, check=True)


def run(tool, directory, *words):
    return subprocess.run([tool, *words], cwd=directory, env=ENVIRONMENT, capture_output=True,
                          text=True, timeout=TIMEOUT_S, check=False)


def check_tool(tool, directory, boots):
    """It says its commit, and boots what it was installed with."""
    release, commit = (BUILD / "version").read_text().split()
    said = run(tool, directory, "--version")
    assert (said.returncode, said.stdout) == (0, f"ringbolt {release} ({commit})\n")
    (directory / "my.fio").write_text(JOB)
    for boot in boots:
        done = run(tool, directory, "run", f"--boot={boot}", "--accel=tcg", "--placement=none",
                   "--disk=backend=null,size=1G", "--json=result.json", "my.fio")
        assert done.returncode == 0, done.stderr
        result = json.loads((directory / "result.json").read_text())
        assert result["ringbolt"]["commit"] == commit
        assert result["ringbolt"]["host"]["boot"] == boot
        assert result["jobs"][0]["read"]["total_ios"] == 100


@pytest.fixture
def elsewhere(tmp_path):
    path = tmp_path / "elsewhere"
    path.mkdir()
    return path


def test_what_is_installed_runs_and_can_be_removed(tmp_path, elsewhere):
    target = tmp_path / "target"
    make("install", f"DESTDIR={target}", "PREFIX=/opt/it")
    check_tool(target / "opt" / "it" / "bin" / "ringbolt", elsewhere, ("pvh",))
    assert (target / "opt/it/share/man/man1/ringbolt.1").exists()
    make("uninstall", f"DESTDIR={target}", "PREFIX=/opt/it")
    assert not [path for path in target.rglob("*") if not path.is_dir()]


def test_a_release_holds_all_that_it_needs_and_says_what_it_is(tmp_path, elsewhere):
    make("release", f"OUT={tmp_path}")
    release = (BUILD / "version").read_text().split()[0]
    name = f"ringbolt-{release}"
    for words in (["sha256sum", "-c", f"{name}.tar.gz.sha256"],
                  ["tar", "-C", elsewhere, "-xzf", f"{name}.tar.gz"]):
        subprocess.run(words, cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    unpacked = elsewhere / name
    subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=unpacked, check=True)
    sums = {line.split("  ./")[1] for line in (unpacked / "SHA256SUMS").read_text().splitlines()}
    assert sums == {str(path.relative_to(unpacked)) for path in unpacked.rglob("*")
                    if path.is_file() and path.name != "SHA256SUMS"}
    assert {"build/kernel.elf", "build/ringbolt.img", "bench/ringbolt", "VERSION", "LICENSE",
            "docs/ringbolt.1", "configs/jobs/bench.fio"} <= sums
    check_tool(unpacked / "bench" / "ringbolt", elsewhere, ("pvh", "uefi"))


def test_a_release_is_made_of_equal_bytes_each_time(tmp_path):
    found = []
    for part in ("one", "two"):
        (tmp_path / part).mkdir()
        make("release", f"OUT={tmp_path / part}")
        archive, = (tmp_path / part).glob("*.tar.gz")
        with tarfile.open(archive) as tar:
            assert {entry.uid for entry in tar} == {0}
        found.append(archive.read_bytes())
    assert found[0] == found[1]
