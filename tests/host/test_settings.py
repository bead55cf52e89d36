# SPDX-License-Identifier: MIT
"""The kernel's settings and the options of a run, as people are shown them."""

import re
import shlex

import pytest

from fakes import ROOT
from host.cli import main
from host.guest import settings
from host.guest.arguments import expand, run_parser
from host.trace.trace import parse_trace

ROW = re.compile(r'^\t(?:WORDS|NUMBERS?(?:_OR_ZERO)?)\((\w+),[^"]*"([^"]*)"', re.MULTILINE)


def shown(words, capsys):
    """What a command prints, in one line and with single blanks."""
    assert main(words) == 0
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("words", [["settings"], ["run", "--help"], ["trace", "--help"]])
def test_every_setting_is_shown_with_its_help(words, capsys):
    text = shown(words, capsys)
    rows = ROW.findall((ROOT / "kernel" / "lib" / "settings.c").read_text())
    assert len(rows) == len(settings.all_settings()) > 20
    for key, said in rows:
        line = rf"\b{key}: [^()]+ \(default: [\w.]+\) {re.escape(said.strip())}"
        assert re.search(line, text), key


def test_a_setting_is_shown_with_its_range_and_default(capsys):
    text = shown(["settings"], capsys)
    assert "completion: irq, poll, adaptive (default: irq) how a CPU" in text
    assert "request_timeout_ms: 0 to 3600000 (default: 10000) a request that" in text


def test_the_command_settings_takes_no_words(capsys):
    assert main(["settings", "completion"]) == 2
    assert capsys.readouterr().err == "ringbolt: unrecognized arguments: completion\n"


def test_without_its_page_the_table_is_missed_in_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(settings, "PAGE", tmp_path / "none.md")
    assert main(["settings"]) == 2
    assert capsys.readouterr().err == f"ringbolt: {tmp_path}/none.md: No such file or directory\n"


def options_of(text):
    """Option -> its help, as a --help lists them."""
    listed = text.partition("\noptions:\n")[2].partition("\n\n")[0]
    parts = re.split(r"^  (?:-\w, )?(--[a-z-]+)", listed, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


@pytest.mark.parametrize("command", ["run", "trace"])
def test_every_option_of_a_run_is_shown_with_its_default(command, capsys):
    assert main([command, "--help"]) == 0
    found = options_of(capsys.readouterr().out)
    del found["--help"]
    assert len(found) > 12
    assert not [option for option, said in found.items() if not re.search(r"\(default:\s", said)]


def examples_of(command, capsys):
    assert main([command, "--help"]) == 0
    lines = re.findall(rf"^  bench/ringbolt {command} (.*)$", capsys.readouterr().out,
                       re.MULTILINE)
    return [shlex.split(line) for line in lines]


def test_three_examples_are_shown_that_can_be_typed(capsys):
    examples = examples_of("run", capsys)
    assert len(examples) == 3
    for words in examples:
        job = run_parser().parse_args(expand(words)).job
        assert job == "my.fio" or (ROOT / job).is_file()


def test_the_examples_of_trace_are_its_own(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    examples = examples_of("trace", capsys)
    assert examples and all(map(parse_trace, examples))


@pytest.mark.parametrize("key, meant", [("completoin", "completion"), ("event-idx", "event_idx"),
                                        ("queue_sizes", "queue_size")])
def test_a_key_that_the_kernel_does_not_know_gets_the_nearest_suggested(bench, key, meant):
    conf = bench.directory / "my.conf"
    conf.write_text(f"# mine\n{key}=1\n")
    bench.plan(console=f"[    0.1] opt/ringbolt/config:2: {key}: unknown key\n"
                       "ringbolt: exit status 2\n", code=5, result="")
    run = bench.run(f"--set={conf}")
    assert (run.returncode, run.stderr) == (
        2, f'ringbolt: {conf}:2: {key}: unknown key (did you mean "{meant}"?)\n')


@pytest.mark.parametrize("said", ["opt/ringbolt/config:1: frobnicate: unknown key",
                                  "opt/ringbolt/job:1: completoin: unknown option",
                                  "opt/ringbolt/config:1: queues: must be from 1 to 64"])
def test_where_nothing_is_near_nothing_is_suggested(said):
    assert settings.suggested(said) == said
