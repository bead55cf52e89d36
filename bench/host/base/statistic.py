# SPDX-License-Identifier: MIT
"""What may be said of noisy rounds: ratios with confidence intervals, and tests.

A shared host drifts by half within a minute and now and then stalls a whole round. So nothing
here assumes a distribution, and an outlier weighs as much as its rank:

ratio of two sides   Hodges and Lehmann's estimate on logarithms. Rounds in which both sides took
                     turns are pairs: what the host did to a round it did to both, and the
                     quotient is rid of it. The estimate is the median of the Walsh averages (the
                     means of every two of the n logarithms, each with itself too); two of them,
                     equally far from both ends, are the interval, and the exact distribution of
                     Wilcoxon's signed-rank statistic says which.
is there a ratio?    The same statistic as a test. Its distribution is counted, not approximated,
                     and ties get midranks, so a p-value holds for five rounds too.

A bootstrap would need no table, but from so few rounds its intervals are too narrow: it cannot
imagine a round worse than the worst that it saw. These intervals are never narrower than they
claim; from too few rounds for a level they are the whole range, and `confidence` says how little
that is worth (n pairs reach 1 - 2^(1-n): six are needed for 95 %).

The signed-rank statistic assumes that the logarithms are symmetric about their centre. For two
sides of equal speed that is so by exchange; it is nearly so where the noise of both is alike.
"""

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import accumulate
from statistics import median

CONFIDENCE = 0.95

@dataclass(frozen=True)
class Interval:
    """`confidence` is what the interval has, at least CONFIDENCE unless there were too few
    samples for that."""

    estimate: float
    low: float
    high: float
    confidence: float


def _logarithms(values):
    if not values or not all(value > 0 and math.isfinite(value) for value in values):
        raise ValueError("a ratio needs samples, all of them above zero")
    return [math.log(value) for value in values]


def _doubled_ranks(values):
    """Twice the midrank of each value, so that it is whole with ties too."""
    order = sorted(values)
    return [bisect_left(order, value) + 1 + bisect_right(order, value) for value in values]


def _subset_sums(ranks):
    """counts[s]: how many subsets of the ranks add up to s."""
    counts = [1] + [0] * sum(ranks)
    for rank in ranks:
        for total in range(len(counts) - 1, rank - 1, -1):
            counts[total] += counts[total - rank]
    return counts


def signed_rank_p(values):
    """Wilcoxon's exact test that paired differences do not lie above 0: a small p says that they
    do. Differences of 0 say nothing and are left out."""
    values = [value for value in values if value != 0]
    ranks = _doubled_ranks([abs(value) for value in values])
    positive = sum(rank for rank, value in zip(ranks, values) if value > 0)
    counts = _subset_sums(ranks)  # all subsets are equally likely
    return sum(counts[positive:]) / sum(counts)


def _log_ratios(first, second):
    """Of paired rounds."""
    return [a - b for a, b in zip(_logarithms(first), _logarithms(second), strict=True)]


def paired_p(first, second):
    """signed_rank_p() of the ratios of paired rounds: small where the first is the greater."""
    return signed_rank_p(_log_ratios(first, second))


def paired_ratio(first, second):
    """first / second, from rounds in which both took part: the median of the Walsh averages, and
    the k-th of them from both ends, k as large as the level lets.

    The chance that the true value lies below the k-th smallest average is that of a statistic
    below k.
    """
    ratios = _log_ratios(first, second)
    walsh = sorted((a + b) / 2 for i, a in enumerate(ratios) for b in ratios[i:])
    counts = _subset_sums(range(1, len(ratios) + 1))
    below = [count / sum(counts) for count in accumulate(counts)]  # below[k - 1]: statistic < k
    k = max(1, bisect_right(below, (1 - CONFIDENCE) / 2 * (1 + 1e-12)))
    return Interval(math.exp(median(walsh)), math.exp(walsh[k - 1]), math.exp(walsh[-k]),
                    max(0.0, 1 - 2 * below[k - 1]))
