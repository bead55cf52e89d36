# SPDX-License-Identifier: MIT
"""What README and docs/ say of this tree is there: files, functions, tests, settings, options."""

import functools
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MADE = {"settings.md", "jobs.md"}  # of tables: names in them are fio's
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md",
         ROOT / "tests" / "README.md",
         *sorted(path for path in (ROOT / "docs").glob("*.md") if path.name not in MADE)]
FOLDERS = ("boot", "kernel", "bench", "tests", "docs", "configs", "findings")
SOURCES = (".c", ".h", ".asm", ".py", ".awk", "")
# `bench/run/fast.c`, `fast.c:step()`, `step()`; a path may be a glob.
WORD = re.compile(r"`([^`\n]+)`")
PATH = re.compile(rf"(?<![\w/.-])(?:{'|'.join(FOLDERS)})/[\w./*-]*")
PLACE = re.compile(r"([\w./-]+\.(?:c|h|asm|py)):(\w+)\(\)")  # also where it is no code
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
    for file, function in PLACE.findall(text):
        found = [name for name in sources() if f"/{name}".endswith(f"/{file}")]
        if not any(defines(sources()[name], function) for name in found):
            yield f"{file}:{function}()"
    for word in WORD.findall(text):
        call = CALL.match(word)
        if call and not any(defines(source, call[1]) for source in sources().values()):
            yield word
    for path in PATH.findall(text):
        if not list(ROOT.glob(path.rstrip("/."))):
            yield path


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


def proof_exists(word):
    """A test, a file of tests, a case, a model, a proof, a fuzz target, a target of make."""
    if word.startswith("make "):
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        return re.search(rf"^{word.removeprefix('make ')}:", makefile, re.MULTILINE)
    if "/" in word or "." in word:
        return list((ROOT / "tests").rglob(Path(word).name))
    tests = {name: text for name, text in sources().items() if name.startswith("tests/")}
    if any(Path(name).stem == word for name in tests):
        return True
    return any(defines(text, word) or re.search(rf"^static void {word}\(", text, re.MULTILINE)
               for text in tests.values())


def claims():
    """(what, limit, proofs) of each row."""
    text = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("| ") and not line.startswith("| what |"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def test_each_claim_has_a_proof_that_exists():
    rows = list(claims())
    assert len(rows) >= 50
    assert not [what for what, _, proofs in rows if not WORD.findall(proofs)]
    assert not [word for _, _, proofs in rows for word in WORD.findall(proofs)
                if not proof_exists(word)]


@pytest.mark.parametrize("word", ["test_no_such_thing", "no_such_test", "test_no.py", "no.pml",
                                  "make nothing"])
def test_a_proof_that_is_not_there_is_found(word):
    assert not proof_exists(word)


def test_every_folder_has_its_line_in_the_readme():
    paths = [path.relative_to(ROOT) for top in FOLDERS for path in (ROOT / top).rglob("*.*")
             if "__pycache__" not in path.parts]
    # Below a suite there is what it mirrors, or its own parts.
    folders = {Path(*path.parts[:2]) if path.parts[0] == "tests" else path.parent
               for path in paths}
    folders = {folder for folder in folders if (ROOT / folder).is_dir()}
    tree = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Read the code")[2]
    names = re.findall(r"(?:^ {4}| {2,})([\w./-]*\w)/ ", tree, re.MULTILINE)
    listed = set(map(Path, names))
    assert not sorted(folders - listed)
    assert not sorted(folder for folder in listed if not (ROOT / folder).is_dir())


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_setting_that_a_page_gives_exists(page):
    table = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    known = re.findall(r"^\| `(\w+)`", table, re.MULTILINE)
    text = page.read_text(encoding="utf-8")
    assert not set(re.findall(r"--set (\w+)=", text)) - {*known, "key"}
    assert not set(re.findall(r"^\s*make ([\w-]+)\b", text, re.MULTILINE)) - set(
        re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def cells_of(page):
    """The cells of each row of all tables of a page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [[cell.strip() for cell in line.strip("|").split("|")]
            for line in text.splitlines() if line.startswith("| ")]


def test_the_readmes_figures_are_those_of_the_results():
    rows = [row for row in cells_of("README.md") if row[1:2] and row[1].startswith("QD")]
    results = cells_of("docs/results.md")
    assert len(rows) == 6
    for row in rows:
        full = next(found for found in results if found[:2] == row[:2])
        assert all(any(cell == whole or whole.startswith(f"{cell} [") for whole in full)
                   for cell in row), row
    prose = (ROOT / "README.md").read_text(encoding="utf-8").partition("Beside Linux")[2]
    cells = {cell for row in results for cell in row}
    for figure in re.findall(r"(?<!depth )\b[\d,]{3,}\b", prose.partition("[docs/results.md]")[0]):
        assert figure in cells, figure


def options_of(command):
    """As its --help lists them."""
    done = subprocess.run([ROOT / "bench" / "ringbolt", command, "--help"], check=True,
                          capture_output=True, text=True, env={**os.environ, "COLUMNS": "200"})
    return set(re.findall(r"^ +(?:-\w, )?(--[a-z][\w-]*)", done.stdout, re.MULTILINE)) - {"--help"}


def test_the_man_page_has_the_options_that_the_tool_has():
    page = (ROOT / "docs" / "ringbolt.1").read_text(encoding="utf-8").replace("\\-", "-")
    named = set(re.findall(r"--[a-z][\w-]*", page)) - {"--help", "--version"}
    commands = re.findall(r"^\.B ringbolt (\w+)$", page, re.MULTILINE)
    usage = subprocess.run([ROOT / "bench" / "ringbolt", "--help"], check=True,
                           capture_output=True, text=True).stdout
    assert set(commands) == set(re.findall(r"^(?:usage:)? +bench/ringbolt (\w+)", usage,
                                           re.MULTILINE))
    assert named == set().union(*map(options_of, commands))


def test_every_folder_of_tests_has_its_row_in_their_readme():
    page = (ROOT / "tests" / "README.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| `tests/(\w+)/`", page, re.MULTILINE))
    folders = {name.split("/")[1] for name in sources() if name.count("/") > 1
               and name.startswith("tests/")}
    assert rows == folders | {"data"}
