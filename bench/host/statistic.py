"""What may be said of noisy rounds: ratios with confidence intervals, and tests.

A shared host drifts by half within a minute and now and then stalls a whole round. So nothing
here assumes a distribution, and an outlier weighs as much as its rank:

ratio of two sides   Hodges and Lehmann's estimate on logarithms. Rounds in which both sides took
                     turns are pairs: what the host did to a round it did to both, and the
                     quotient is rid of it. The estimate is the median of the Walsh averages (the
                     means of every two of the n logarithms, each with itself too); two of them,
                     equally far from both ends, are the interval, and the exact distribution of
                     Wilcoxon's signed-rank statistic says which. Unpaired samples take all
                     quotients a/b, and the Mann-Whitney distribution.
is there a ratio?    The same two statistics as tests. The distributions are counted, not
                     approximated, and ties get midranks, so a p-value holds for five rounds too.

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

ALTERNATIVES = ("two-sided", "greater", "less")


@dataclass(frozen=True)
class Interval:
    """`confidence` is what the interval has, at least what was asked for unless there were
    too few samples for that."""

    estimate: float
    low: float
    high: float
    confidence: float

    def covers(self, value):
        return self.low <= value <= self.high


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


def _sums_of_size(ranks, size):
    """counts[s]: how many subsets of `size` ranks add up to s."""
    counts = [[0] * (sum(ranks) + 1) for _ in range(size + 1)]
    counts[0][0] = 1
    for rank in ranks:
        for fewer, more in zip(reversed(counts[:-1]), reversed(counts[1:])):
            for total in range(rank, len(more)):
                more[total] += fewer[total - rank]
    return counts[size]


def _p_value(counts, statistic, alternative):
    """Of a statistic whose every value s is counts[s] times possible, all equally likely."""
    whole = sum(counts)
    less = sum(counts[:statistic + 1]) / whole
    greater = sum(counts[statistic:]) / whole
    return {"less": less, "greater": greater,
            "two-sided": min(1.0, 2 * min(less, greater))}[alternative]


def signed_rank_p(values, alternative="two-sided"):
    """Wilcoxon's exact test that paired differences lie around 0 and not beside it.

    `greater`: they lie above. Differences of 0 say nothing and are left out.
    """
    values = [value for value in values if value != 0]
    ranks = _doubled_ranks([abs(value) for value in values])
    positive = sum(rank for rank, value in zip(ranks, values) if value > 0)
    return _p_value(_subset_sums(ranks), positive, alternative)


def paired_p(first, second, alternative="two-sided"):
    """signed_rank_p() of the ratios of paired rounds; `greater`: the first is."""
    logarithms = zip(_logarithms(first), _logarithms(second), strict=True)
    return signed_rank_p([a - b for a, b in logarithms], alternative)


def rank_sum_p(first, second, alternative="two-sided"):
    """Mann and Whitney's exact test that two unpaired samples are of one distribution."""
    if not first or not second:
        raise ValueError("both sides need samples")
    ranks = _doubled_ranks([*first, *second])
    counts = _sums_of_size(ranks, len(first))
    return _p_value(counts, sum(ranks[:len(first)]), alternative)


def _interval(candidates, counts, confidence):
    """The median of the candidates; the k-th from both ends, k as large as the level lets.

    The chance that the true value lies below the k-th smallest candidate is that of a
    statistic below k, whose distribution `counts` is.
    """
    whole = sum(counts)
    below = [count / whole for count in accumulate(counts)]  # below[k - 1]: statistic < k
    k = max(1, bisect_right(below, (1 - confidence) / 2 * (1 + 1e-12)))
    order = sorted(candidates)
    return Interval(math.exp(median(order)), math.exp(order[k - 1]), math.exp(order[-k]),
                    max(0.0, 1 - 2 * below[k - 1]))


def paired_ratio(first, second, confidence=0.95):
    """first / second, from rounds in which both took part."""
    logarithms = zip(_logarithms(first), _logarithms(second), strict=True)
    ratios = [a - b for a, b in logarithms]
    walsh = [(a + b) / 2 for i, a in enumerate(ratios) for b in ratios[i:]]
    return _interval(walsh, _subset_sums(range(1, len(ratios) + 1)), confidence)


def unpaired_ratio(first, second, confidence=0.95):
    """first / second, from samples that have nothing to do with each other."""
    above, below = _logarithms(first), _logarithms(second)
    quotients = [a - b for a in above for b in below]
    counts = _sums_of_size(range(1, len(above) + len(below) + 1), len(above))
    smallest = len(above) * (len(above) + 1) // 2
    return _interval(quotients, counts[smallest:], confidence)
