# SPDX-License-Identifier: MIT
"""What the TSC is calibrated by, and that it is said where nothing confirms it."""

import pytest
from test_machines import jobs_on


def clock_of(guest, *words):
    """(the result's clock, its warnings, the console)"""
    run = guest.good("--disk=backend=null", *words, job=jobs_on("vda"))
    ours = run.result["ringbolt"]
    return ours["clock"], ours["warnings"], run.out


@pytest.mark.parametrize("words, confirmed_by", [
    (["--machine=q35"], "hpet"), (["--machine=pc"], "hpet"), (["--boot=uefi"], "hpet"),
    (["--qemu-arg=-machine", "--qemu-arg=hpet=off"], "pit")])
def test_a_second_clock_confirms_the_rate(guest, words, confirmed_by):
    clock, warnings, _ = clock_of(guest, *words)
    assert (clock["calibrated_by"], clock["confirmed_by"]) == ("pm-timer", confirmed_by)
    assert clock["contradicted_by"] == "none"
    assert clock["uncertainty_ppm"] <= 1000
    assert warnings == []


@pytest.mark.parametrize("words", [["--machine=pc"], ["--boot=uefi"]], ids=["pvh", "uefi"])
def test_a_machine_without_acpi_says_so_and_that_nothing_confirms_its_clock(guest, words):
    """Nor does the 8259 interrupt, which no MADT speaks of and firmware left live."""
    clock, warnings, console = clock_of(guest, *words, "--qemu-arg=-machine",
                                        "--qemu-arg=acpi=off")
    assert (clock["calibrated_by"], clock["confirmed_by"]) == ("pit", "none")
    assert [text.partition(":")[0] for text in warnings] == ["acpi", "clock"]
    assert "NO ACPI TABLES" in warnings[0] and "NO SECOND CLOCK" in warnings[1]
    for text in warnings:
        assert text in console


def test_whatever_tells_the_rate_tells_the_same(guest):
    well, _, _ = clock_of(guest)
    alone, _, _ = clock_of(guest, "--machine=pc", "--qemu-arg=-machine", "--qemu-arg=acpi=off")
    assert well["tsc_hz"] == pytest.approx(alone["tsc_hz"], rel=0.003)
