# SPDX-License-Identifier: MIT
"""The example of a CI job: it parses, and what it names exists."""

import re
import shlex
from pathlib import Path

import yaml

from host.regress.regress import parse_regress

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "configs" / "ci" / "github-actions.yml"


def steps():
    return yaml.safe_load(EXAMPLE.read_text())["jobs"]["regress"]["steps"]


def commands(step):
    return [shlex.split(line) for line in step.get("run", "").split("&&") if line]


def test_it_is_a_workflow_of_one_job():
    document = yaml.safe_load(EXAMPLE.read_text())
    assert list(document["jobs"]) == ["regress"]
    # YAML 1.1 reads the key `on` as a truth value.
    assert document.get("on", document.get(True)) == ["pull_request"]
    assert all(("uses" in step) != ("run" in step) for step in steps())


def test_it_runs_on_the_releases_that_the_readme_names():
    job = yaml.safe_load(EXAMPLE.read_text())["jobs"]["regress"]
    assert job["container"] == "debian:${{ matrix.debian }}"
    assert job["strategy"]["matrix"]["debian"] == ["bookworm", "trixie"]
    assert "Debian 12 or 13" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_it_installs_packages_that_the_makefile_wants():
    (words,) = [words for step in steps() for words in commands(step) if "install" in words]
    wanted = re.search(r"^PACKAGES := (.*?[^\\])$", (ROOT / "Makefile").read_text(),
                       re.MULTILINE | re.DOTALL)[1].split()
    packages = [word for word in words[2:] if not word.startswith("-")]
    assert len(packages) > 3 and set(packages) <= set(wanted)


def test_its_make_target_exists():
    makefile = (ROOT / "Makefile").read_text()
    (words,) = [words for step in steps() for words in commands(step) if words[0] == "make"]
    target = words[-1].replace("build/", "$(B)/")
    assert re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE)


def test_its_gate_is_one_that_we_understand(tmp_path, monkeypatch):
    monkeypatch.setenv("RINGBOLT_BUILD", str(tmp_path))
    (gate,) = [words for step in steps() for words in commands(step) if "regress" in words]
    assert gate[0] == "ringbolt/bench/ringbolt" and (ROOT / "bench" / "ringbolt").exists()
    plan = parse_regress(gate[2:])
    assert plan.device and plan.counted and plan.timed
    assert plan.reports["junit"] in [step["with"]["path"] for step in steps()
                                     if "upload" in step.get("uses", "")]
