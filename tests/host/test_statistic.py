# SPDX-License-Identifier: MIT
"""Intervals and tests against published examples, critical values and simulated hosts."""

import math
import random

import pytest

from host.base.statistic import Interval, paired_p, paired_ratio, signed_rank_p

# Hollander and Wolfe, Nonparametric Statistical Methods: depression scale at two visits.
FIRST_VISIT = (1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30)
SECOND_VISIT = (0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29)


def test_signed_rank_test_gives_the_published_p():
    differences = [a - b for a, b in zip(FIRST_VISIT, SECOND_VISIT)]
    assert signed_rank_p(differences) == pytest.approx(10 / 512)  # 0.01953
    assert signed_rank_p([-value for value in differences]) > 0.98


def test_published_interval_of_the_paired_difference():
    # As a ratio of exponentials, so that its logarithms are the published differences.
    interval = paired_ratio([math.exp(value) for value in FIRST_VISIT],
                            [math.exp(value) for value in SECOND_VISIT])
    assert math.log(interval.estimate) == pytest.approx(0.46)
    assert math.log(interval.low) == pytest.approx(0.010)
    assert math.log(interval.high) == pytest.approx(0.786)
    assert interval.confidence == pytest.approx(1 - 20 / 512)


# n pairs -> the largest rank sum that is significant at 5 %, two-sided (any printed table)
SIGNED_RANK_TABLE = [(6, 0), (7, 2), (8, 3), (9, 5), (10, 8), (11, 10), (12, 13), (15, 25),
                     (20, 52), (25, 89)]


@pytest.mark.parametrize("n, critical", SIGNED_RANK_TABLE)
def test_signed_rank_agrees_with_the_printed_table(n, critical):
    def p_of(rank_sum):
        """Of n differences whose negative ranks add up to rank_sum."""
        values = []
        for rank in range(n, 0, -1):
            negative = rank <= rank_sum
            rank_sum -= rank if negative else 0
            values.append(-rank if negative else rank)
        assert rank_sum == 0
        return signed_rank_p(values)

    assert p_of(critical) <= 0.05 / 2 < p_of(critical + 1)


def test_ties_share_their_ranks():
    # |d| = 1, 1, 2: ranks 1.5, 1.5, 3; W+ = 4.5 or more in 3 of 8 cases.
    assert signed_rank_p([1, -1, 2]) == pytest.approx(3 / 8)


def test_differences_of_zero_say_nothing():
    assert signed_rank_p([0, 0, 1, 2, 3]) == signed_rank_p([1, 2, 3])
    assert signed_rank_p([0, 0]) == 1.0


@pytest.mark.parametrize("rounds, confidence", [(1, 0.0), (2, 0.5), (3, 0.75), (5, 0.9375)])
def test_too_few_rounds_give_their_range_and_say_what_it_is_worth(rounds, confidence):
    values = [2.0 + i for i in range(rounds)]
    interval = paired_ratio(values, [1.0] * rounds)
    assert (interval.low, interval.high) == pytest.approx((values[0], values[-1]))
    assert interval.confidence == pytest.approx(confidence)


def test_six_rounds_are_enough_for_95_percent():
    assert paired_ratio([1.0] * 6, [2.0] * 6) == Interval(0.5, 0.5, 0.5, 1 - 2 / 64)


def test_one_stalled_round_moves_neither_estimate_nor_interval_far():
    stalled = [100, 102, 98, 101, 99, 103, 97, 100, 102, 98, 101, 99, 100, 101 / 50]
    interval = paired_ratio(stalled, [50] * len(stalled))
    assert interval.estimate == pytest.approx(2.0, rel=0.03)
    assert interval.low > 1.9


def test_turns_take_the_hosts_drift_out():
    drift = [1.0, 1.5, 0.6, 2.0, 0.8, 1.2, 0.5, 1.7]
    interval = paired_ratio([300 * d for d in drift], [100 * d for d in drift])
    assert (interval.low, interval.high) == pytest.approx((3.0, 3.0))


@pytest.mark.parametrize("first, second", [([], []), ([1, 0], [1, 1]), ([1], [-1]),
                                           ([math.inf], [1]), ([math.nan], [1])])
def test_a_ratio_of_nothing_is_refused(first, second):
    with pytest.raises(ValueError):
        paired_ratio(first, second)


def test_pairs_have_to_be_pairs():
    with pytest.raises(ValueError):
        paired_ratio([1, 2], [1])
    with pytest.raises(ValueError):
        paired_p([1, 2], [1])


class Host:
    """Drifts from round to round, and every now and then stalls one measurement."""

    def __init__(self, seed):
        self._random = random.Random(seed)

    def rounds(self, count, ratio):
        first, second = [], []
        for _ in range(count):
            drift = self._random.lognormvariate(0, 0.5)
            first.append(ratio * drift * self._measurement())
            second.append(drift * self._measurement())
        return first, second

    def _measurement(self):
        stall = 0.2 if self._random.random() < 0.05 else 1.0
        return stall * self._random.lognormvariate(0, 0.1)


TRIALS = 1500
SLACK = 3 * math.sqrt(0.05 * 0.95 / TRIALS)  # three deviations of the share itself


@pytest.mark.parametrize("count", [6, 10])
@pytest.mark.parametrize("ratio", [1.0, 12.5])
def test_intervals_cover_the_truth_as_often_as_they_claim(ratio, count):
    host = Host(seed=count)
    intervals = [paired_ratio(*host.rounds(count, ratio)) for _ in range(TRIALS)]
    hits = sum(interval.low <= ratio <= interval.high for interval in intervals)
    assert hits / TRIALS >= 0.95 - SLACK


def test_equal_sides_are_rarely_told_apart():
    host = Host(seed=1)
    alarms = sum(paired_p(*host.rounds(8, 1.0)) <= 0.05 for _ in range(TRIALS))
    assert alarms / TRIALS <= 0.05 + SLACK


def test_a_tenth_is_seen_through_a_drift_of_half():
    host = Host(seed=2)
    assert paired_p(*host.rounds(40, 1.1)) < 0.01
