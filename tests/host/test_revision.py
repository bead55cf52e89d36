# SPDX-License-Identifier: MIT
"""Kernels of other commits, from a repository of two files."""

import subprocess

import pytest

from host.base.errors import UsageError
from host.compare import revision

MAKEFILE = "build/kernel.elf: source\n\tmkdir -p build && cp source build/kernel.elf\n"
BROKEN = "build/kernel.elf:\n\techo 'source:3: Error: no' >&2; false\n"


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """commit("TEXT") makes one; builds go beside it."""
    root = tmp_path / "tree"
    root.mkdir()

    def git(*words):
        subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@x", *words], cwd=root,
                       check=True, capture_output=True)

    def commit(text, makefile=MAKEFILE):
        (root / "Makefile").write_text(makefile)
        (root / "source").write_text(text)
        git("add", ".")
        git("commit", "-q", "-m", text)

    git("init", "-q")
    monkeypatch.setattr(revision, "ROOT", root)
    monkeypatch.setenv("RINGBOLT_BUILD", str(tmp_path / "build"))
    return commit


def test_a_tree_is_fresh_once_it_was_built(monkeypatch):
    """Of this very tree: nothing that make would do each time counts as work that is left."""
    monkeypatch.delenv("RINGBOLT_BUILD", raising=False)
    subprocess.run(["make", "-s", "-C", revision.ROOT, "build/kernel.elf"], check=True,
                   stdout=subprocess.DEVNULL)
    assert not revision.is_stale()


def test_the_kernel_is_the_commits_and_not_the_trees(repository):
    repository("old")
    repository("new")
    commit, kernel = revision.build_revision("HEAD~1")
    assert kernel.read_text() == "old"
    assert kernel.parts[-3] == commit[:12]
    (revision.ROOT / "source").write_text("changed")
    assert revision.build_revision("HEAD")[1].read_text() == "new"
    assert (revision.ROOT / "source").read_text() == "changed"


def test_a_commit_is_built_once(repository):
    repository("old")
    kernel = revision.build_revision("HEAD")[1]
    built_ns = kernel.stat().st_mtime_ns
    assert revision.build_revision("HEAD")[1].stat().st_mtime_ns == built_ns


def test_what_make_above_us_was_told_is_kept_away(repository, monkeypatch):
    repository("old")
    monkeypatch.setenv("MAKEFLAGS", "n")
    assert revision.build_revision("HEAD")[1].exists()


@pytest.mark.parametrize("ref", ["nowhere", "--help", "", "HEAD~5", "HEAD:source"])
def test_unknown_commits_are_named(repository, ref):
    repository("old")
    with pytest.raises(UsageError, match="no such commit") as caught:
        revision.build_revision(ref)
    assert str(caught.value).startswith(ref)


def test_a_commit_that_does_not_build_is_told_as_one(repository):
    repository("old", makefile=BROKEN)
    with pytest.raises(UsageError, match="^HEAD: [0-9a-f]{12} does not build: source:3: Error"):
        revision.build_revision("HEAD")
