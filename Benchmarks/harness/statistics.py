"""Medians and intervals, in one place."""

import math
from statistics import median

def spread(values):
    """How far the values are apart, as a share of their median."""
    return (max(values) - min(values)) / median(values) if median(values) else 0.0


def interval(values, confidence):
    """Where the median of all such values lies, whatever their distribution: from the k-th lowest
    to the k-th highest, the sign test's interval. Of too few values for that, all of them."""
    ordered, count = sorted(values), len(values)
    outside, depth = 2 / 2 ** count, 1
    while depth < count // 2:
        outside += 2 * math.comb(count, depth) / 2 ** count
        if outside > 1 - confidence:
            break
        depth += 1
    return ordered[depth - 1], ordered[-depth]
