# SPDX-License-Identifier: MIT
"""What README and docs/ say of this tree is there: files, functions, tests, settings, options."""

import functools
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MADE = {"settings.md", "jobs.md"}  # of tables: names in them are fio's
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md",
         *sorted(path for path in (ROOT / "docs").glob("*.md") if path.name not in MADE)]
FOLDERS = ("boot", "kernel", "bench", "tests", "docs", "configs", "findings")
SOURCES = (".c", ".h", ".asm", ".py", ".awk", "")
# `bench/run/fast.c`, `fast.c:step()`, `step()`; a path may be a glob.
WORD = re.compile(r"`([^`\n]+)`")
PATH = re.compile(rf"(?:{'|'.join(FOLDERS)})/[\w./*\[\]-]*")
PLACE = re.compile(r"([\w./-]+\.(?:c|h|asm|py)):(\w+)(?:\(\))?$")
CALL = re.compile(r"(\w+)\(\)$")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[\w-]+)?\)")


@functools.cache
def sources():
    """Path from the root -> text."""
    found = {}
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and path.suffix in SOURCES and "__pycache__" not in path.parts:
                found[str(path.relative_to(ROOT))] = path.read_text(errors="replace")
    return found


def defines(text, name):
    """A definition or a declaration: the name in a line that begins in the first column."""
    return re.search(rf"^(?:\w[\w *]*[ *])?{name}(?:\(|:)|^\s*def {name}\(|^#define {name}\b"
                     rf"|^\s*\w+ \(\*{name}\)\(", text, re.MULTILINE)


def untrue(text):
    """The words of a page that name what is not there."""
    for word in WORD.findall(text):
        place, call, path = PLACE.match(word), CALL.match(word), PATH.fullmatch(word)
        if place:
            files = [name for name in sources() if f"/{name}".endswith(f"/{place[1]}")]
            if not any(defines(sources()[name], place[2]) for name in files):
                yield word
        elif call and not any(defines(source, call[1]) for source in sources().values()):
            yield word
        elif path and not list(ROOT.glob(word.rstrip("/"))):
            yield word


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_file_and_function_that_a_page_names_exists(page):
    assert not list(untrue(page.read_text(encoding="utf-8")))


@pytest.mark.parametrize("word", ["bench/run/no.c", "bench/no/*.c", "fast.c:no_such_name()",
                                  "no.c:blk_submit()", "no_such_name()"])
def test_a_name_of_nothing_is_found(word):
    assert list(untrue(f"as `{word}` does")) == [word]


@pytest.mark.parametrize("word", ["bench/run/*.c", "kernel/blk/blk.h:blk_submit()", "blk_poll()",
                                  "blk.h:blk_submit()", "kernel/blk"])
def test_a_name_of_something_is_not(word):
    assert not list(untrue(f"as `{word}` does"))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_link_of_a_page_leads_somewhere(page):
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_pages_that_are_made_of_tables_are_what_the_tables_say():
    done = subprocess.run([ROOT / "docs" / "generate", "--check"], capture_output=True, text=True,
                          check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_a_page_that_is_not_what_its_table_says_is_found(tmp_path):
    for folder in ("docs", "bench/job", "kernel/lib"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    page = tmp_path / "docs" / "settings.md"
    page.write_text(page.read_text(encoding="utf-8").replace("`queue_size`", "`queue_sizes`"),
                    encoding="utf-8")
    done = subprocess.run([tmp_path / "docs" / "generate", "--check"], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 1
    assert "-| `queue_sizes`" in done.stdout and "+| `queue_size`" in done.stdout
