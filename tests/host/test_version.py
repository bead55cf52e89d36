# SPDX-License-Identifier: MIT
"""What the tool says of its own release and commit."""

import subprocess
from pathlib import Path

import host.guest.version as module
from host.cli import main

ROOT = Path(__file__).resolve().parents[2]


def test_the_tool_says_its_release_and_commit(capsys):
    assert main(["--version"]) == 0
    release = (ROOT / "VERSION").read_text().split()[0]
    commit = module.version()[1]
    assert capsys.readouterr().out == f"ringbolt {release} ({commit})\n"


def tree(tmp_path, monkeypatch, words):
    (tmp_path / "VERSION").write_text(words)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    return tmp_path


def test_an_archive_knows_its_commit(tmp_path, monkeypatch):
    tree(tmp_path, monkeypatch, "1.2.3 0123abc\n")
    assert module.version() == ("1.2.3", "0123abc")


def test_a_tree_without_a_history_says_so(tmp_path, monkeypatch):
    tree(tmp_path, monkeypatch, "1.2.3 $Format:%h$\n")
    assert module.version() == ("1.2.3", "unknown")


def test_a_checkout_is_described_by_its_own_history(tmp_path, monkeypatch):
    tree(tmp_path, monkeypatch, "1.2.3 $Format:%h$\n")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=n", "-c", "user.email=e@example.org"]
    for words in (["init", "-q"], ["add", "VERSION"], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *words], check=True)
    head = subprocess.run([*git, "rev-parse", "--short=12", "HEAD"], check=True,
                          capture_output=True, text=True).stdout.strip()
    assert module.version() == ("1.2.3", head)
    (tmp_path / "VERSION").write_text("1.2.4\n")
    assert module.version() == ("1.2.4", f"{head}-dirty")


def test_kernels_of_equal_sources_are_equal_but_for_their_commit(tmp_path):
    def kernel(name, commit, code=b"code"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "version").write_text(f"1.2.3 {commit}\n")
        path = tmp_path / name / "kernel.elf"
        path.write_bytes(b"ELF" + code + commit.encode().ljust(32, b"\0") + b"end")
        return module.unsigned(path)

    ours = kernel("ours", "0123456789ab-dirty")
    assert ours == kernel("theirs", "fedcba9")
    assert ours != kernel("other", "fedcba9", b"more")


def test_the_commit_has_the_same_room_in_every_kernel():
    header = (ROOT / "kernel" / "lib" / "version.h").read_text()
    assert f"#define VERSION_COMMIT_BYTES {module.COMMIT_BYTES} " in header
