# SPDX-License-Identifier: MIT
"""tests/releases with steps that only pretend: what it says, and what it makes of failures."""

import os
from pathlib import Path

import pytest
from test_suite import program


@pytest.fixture
def releases(monkeypatch, capsys, tmp_path):
    """Runs it on releases, each step by script(words); (status, lines of the sum, all words)."""
    def run(script, *names):
        module, tried = program("releases", monkeypatch), []

        def pretend(command, log):
            tried.append(command)
            code, text = script(" ".join(command))
            log.write_text(text)
            return code
        monkeypatch.setattr(module, "run", pretend)
        monkeypatch.setattr(module, "FOLDER", tmp_path)
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        monkeypatch.setattr(module.sys, "argv", ["releases", *names])
        status = module.main()
        return status, capsys.readouterr().out.partition("--- sum\n")[2].splitlines(), tried
    return run


def well(words):
    if "make test" in words:
        return 0, "ok a\n12 passed, 0 failed\nproof: cannot run here: 2 proofs\n"
    return 0, "much\n"


def cells(lines):
    return [line.split() for line in lines]


def test_each_release_is_tried_by_root_and_a_user_but_sid(releases):
    status, lines, _ = releases(well, "trixie", "sid")
    assert status == 0
    assert [row[:2] for row in cells(lines)] == \
        [["trixie", "root"]] * 5 + [["trixie", "ordinary"]] * 3 + [["sid", "root"]] * 5
    assert [row[2] for row in cells(lines)[:5]] == \
        ["debootstrap", "prepare", "clone", "make", "make"]


def test_the_sum_has_the_counts_and_what_cannot_run(releases):
    _, lines, _ = releases(well, "trixie")
    assert lines[4].endswith("12 passed, 0 failed; proof: cannot run here: 2 proofs")
    assert lines[3].endswith(".make-bench.log  ")


def test_without_names_it_is_all_three(releases):
    _, lines, _ = releases(well)
    assert list(dict.fromkeys(row[0] for row in cells(lines))) == ["bookworm", "trixie", "sid"]


def test_a_step_that_others_need_ends_its_release_and_no_other(releases):
    def script(words):
        if "apt-get" in words and "trixie" in words:
            return 100, "Reading\nE: no such package\n"
        return well(words)
    status, lines, _ = releases(script, "trixie", "sid")
    assert status == 1
    assert len(lines) == 2 + 5
    assert "FAILED" in lines[1] and lines[1].endswith("E: no such package")


def test_a_command_that_fails_does_not_keep_the_next_from_running(releases):
    def script(words):
        return (2, "make: *** [bench] Error 3\n") if "make bench" in words else well(words)
    status, lines, _ = releases(script, "sid")
    assert status == 1
    assert [("FAILED" in line) for line in lines] == [False, False, False, True, False]


def test_a_user_has_the_path_of_a_login_and_a_clone_of_his_own(releases):
    _, _, tried = releases(well, "bookworm")
    clone, bench, _ = tried[-3:]
    assert clone[-1].endswith("/bookworm/home/ordinary") and "chown" in clone[2]
    assert bench[-5:] == ["su", "-", "ordinary", "-c", "cd ~/ringbolt && make bench"]


def test_only_root_can(releases, monkeypatch, capsys):
    module = program("releases", monkeypatch)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert module.main() == 2
    assert capsys.readouterr().err == "test-releases: only root can make trees of Debian\n"
