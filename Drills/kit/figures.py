"""Figures of a drill."""


def quantile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def p99(values):
    return quantile(values, 0.99)


def jain(shares):
    """Jain's fairness index (DEC-TR-301, 1984): 1 where all get the same, 1/n where one gets all."""
    total = sum(shares)
    return total * total / (len(shares) * sum(one * one for one in shares)) if total else 0.0


def micro(seconds):
    return f"{seconds * 1e6:.0f} µs" if seconds < 0.01 else f"{seconds * 1e3:.0f} ms"
