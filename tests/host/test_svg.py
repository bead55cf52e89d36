# SPDX-License-Identifier: MIT
"""Scales, ticks, labels, shapes."""

import re
import xml.etree.ElementTree as ElementTree

import pytest

from host.base import svg


@pytest.mark.parametrize("scale, values", [
    (svg.Linear(0, 100, 10, 60), [(0, 10), (50, 35), (100, 60)]),
    (svg.Linear(0, 10, 60, 10), [(0, 60), (10, 10)]),
    (svg.Log(1, 1000, 0, 300), [(1, 0), (10, 100), (1000, 300)])])
def test_a_scale_puts_its_ends_where_it_was_told(scale, values):
    for value, pixel in values:
        assert scale(value) == pytest.approx(pixel)


@pytest.mark.parametrize("low, high, ticks", [
    (0, 500, [0, 100, 200, 300, 400, 500]), (0, 100, [0, 20, 40, 60, 80, 100]),
    (0, 7, [0, 2, 4, 6]), (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0])])
def test_ticks_are_round_and_few(low, high, ticks):
    assert svg.Linear(low, high, 0, 1).ticks() == pytest.approx(ticks)


@pytest.mark.parametrize("values, low, high", [
    ([30, 4000], 10, 10000), ([10, 100], 10, 100), ([10], 10, 100), ([7, 7], 1, 10)])
def test_logarithmic_axes_end_at_powers_of_ten(values, low, high):
    scale = svg.log_scale(values, 0, 1)
    assert (scale.low, scale.high) == pytest.approx((low, high))
    assert scale.ticks()[0] == scale.low and scale.ticks()[-1] == pytest.approx(scale.high)


@pytest.mark.parametrize("value, words", [(100, "100"), (1000, "1 k"), (1e6, "1 M"), (1, "1")])
def test_numbers_are_short(value, words):
    assert svg.number(value) == words


@pytest.mark.parametrize("value, words", [(100, "100 ns"), (1500, "1.5 µs"), (1e7, "10 ms"),
                                          (2e9, "2 s")])
def test_times_have_units(value, words):
    assert svg.time(value) == words


@pytest.mark.parametrize("positions", [[50, 50, 50], [10, 12, 90], [100, 100, 100, 100], [5]])
def test_labels_keep_apart_in_their_order_and_inside(positions):
    placed = svg.spread_apart(positions, 0, 100, 13)
    assert all(0 <= place <= 100 for place in placed)
    order = sorted(range(len(positions)), key=lambda index: positions[index])
    for lower, upper in zip(order, order[1:]):
        assert placed[upper] - placed[lower] >= 13 - 0.1


def test_a_label_with_room_stays():
    assert svg.spread_apart([20, 60], 0, 100) == [20, 60]


def test_a_panel_is_sound_and_says_what_it_shows():
    panel = svg.Panel("p", "a < b", "text & more", 100, 50)
    panel.text(1, 2, "<&>", class_="x", data_value=0.5)
    panel.mark("circle", 3, 4, data_side="a@one")
    panel.path([(1, 2), (3, 4)])
    root = ElementTree.fromstring(panel.svg())
    assert (root.find("title").text, root.find("desc").text) == ("a < b", "text & more")
    assert root.get("aria-labelledby").split() == [root.find("title").get("id"),
                                                   root.find("desc").get("id")]
    assert root.find("text").text == "<&>" and root.find("text").get("data-value") == "0.5"
    assert root.find("path").get("data-side") == "a@one"
    assert root.find("polyline").get("points") == "1.0,2.0 3.0,4.0"


def test_identifiers_are_of_plain_letters_and_differ_where_words_do():
    words = ["QD1", "a b", "a_b", "a|b", "a<b", "a_20_b", "ü", "u"]
    found = [svg.identifier(word) for word in words]
    assert len(set(found)) == len(words) and found[0] == "QD1"
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", key) for key in found)


@pytest.mark.parametrize("words, room, shown", [
    ("irq", 78, "irq"), ("floor adaptive", 78, "floor adaptive"), ("M" * 9, 60, "MMMM…"),
    ("漢字漢字漢字", 60, "漢字漢字…"), ("a b c d e f", 40, "a b c…"), ("x", 1, "…")])
def test_a_text_is_cut_where_the_room_ends(words, room, shown):
    assert svg.fitted(words, room) == shown
