# SPDX-License-Identifier: MIT
"""What tests/run and tests/proof/run make of a part that cannot run on a Debian release."""

import os
import platform
import shutil
import subprocess
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]


def program(path, monkeypatch):
    """One of our programs as a module."""
    monkeypatch.syspath_prepend(str((TESTS / path).parent))
    loader = SourceFileLoader(path.replace("/", "_"), str(TESTS / path))
    module = module_from_spec(spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


@pytest.fixture
def proofs_on(monkeypatch, capsys):
    """Runs the proofs as if on a release, without Frama-C: (status, lines, what was tried)."""
    def run(codename):
        module, tried = program("proof/run", monkeypatch), []

        def check(row):
            proof = getattr(row, "proof", row)
            tried.append(proof)
            return not module.is_for_eva(proof), row.name, ""
        monkeypatch.setattr(module, "check_proof", check)
        monkeypatch.setattr(module, "check_mutant", check)
        monkeypatch.setattr(shutil, "which", lambda name: None)
        monkeypatch.setattr(platform, "freedesktop_os_release",
                            lambda: {"VERSION_CODENAME": codename})
        status = module.main()
        return status, capsys.readouterr().out.splitlines(), tried, module
    return run


def test_proofs_fail_without_frama_c_where_debian_has_it(proofs_on):
    status, lines, tried, module = proofs_on("bookworm")
    eva = [proof for proof in tried if module.is_for_eva(proof)]
    assert status == 1 and len(eva) > len(tried) / 2
    assert lines[-1] == f"{len(tried) - len(eva)} passed, {len(eva)} failed"
    assert not any(line.startswith("cannot run here") for line in lines)


@pytest.mark.parametrize("codename, name", [("trixie", "Debian 13"), ("forky", "Debian sid")])
def test_proofs_that_cannot_run_are_neither_passed_nor_failed(proofs_on, codename, name):
    status, lines, tried, module = proofs_on(codename)
    assert status == 0 and tried and not any(map(module.is_for_eva, tried))
    assert lines[-1] == f"{len(tried)} passed, 0 failed"
    tables = (module.proofs.PROOFS, module.proofs.MUTANTS)
    here = [sum(getattr(row, "proof", row) in tried for row in table) for table in tables]
    left = [len(table) - count for table, count in zip(tables, here)]
    assert lines[-2] == (f"cannot run here: {left[0]} proofs and {left[1]} mutants: "
                         f"no Frama-C in {name}")


def test_what_cannot_run_has_a_line_of_its_own_in_the_sum(monkeypatch, capsys, tmp_path):
    suite = program("run", monkeypatch)
    script = "printf 'ok one\\ncannot run here: 2 proofs: no Frama-C in Debian 13\\n"
    script += "3 passed, 0 failed\\n'"
    monkeypatch.setattr(suite, "REPORTS", tmp_path)
    monkeypatch.setattr(suite, "SUITES", [("style", lambda: (2, 0)),
                                          ("proof", lambda: suite.summed_up(["sh", "-c", script]))])
    assert suite.main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == ["proof: cannot run here: 2 proofs: no Frama-C in Debian 13",
                          "5 passed, 0 failed"]


# A unit test as a script: what it does between saying that it runs and that it is well; the status
# that the script ends with is timeout's own 124 only where the clock ended it.
ENDS = {"waits for longer than it may compute": ("sleep 2", "60", "ok"),
        "computes for ever": ("while :; do :; done", "60", "by its own use"),
        "waits for ever": ("sleep 600", "2", "by the clock")}


@pytest.mark.parametrize("name", ENDS)
def test_a_unit_test_is_ended_by_what_it_computes_not_by_a_busy_host(tmp_path, name):
    does, wall_s, end = ENDS[name]
    script = tmp_path / "test"
    script.write_text(f"#!/bin/sh\necho '[ RUN      ] a'\n{does}\necho '[       OK ] a'\n")
    script.chmod(0o755)
    done = subprocess.run([TESTS / "unit" / "run", script], capture_output=True, text=True,
                          env={**os.environ, "UNIT_CPU_S": "1", "UNIT_WALL_S": wall_s},
                          check=False)
    said = "1 passed, 0 failed" if end == "ok" else "0 passed, 1 failed"
    assert (done.returncode, done.stdout.splitlines()[-1]) == (end != "ok", said), done.stdout
    assert ("(status 124)" in done.stdout) == (end == "by the clock")
