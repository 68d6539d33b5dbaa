#!/usr/bin/env python3
"""Prints the table `cases` of tests/unit/test_moments.c: sums of bytes with the correctly rounded mean
and standard deviation, worked out with big integers. Usage: python3 moments_cases.py"""
import random
from fractions import Fraction
from math import isqrt


def nearest_double(floor, is_exact, shift):
    """The double nearest to floor * 2^-shift, or to a value just above it; ties to even."""
    drop = floor.bit_length() - 53
    mantissa, rest, half = floor >> drop, floor & ((1 << drop) - 1), 1 << (drop - 1)
    if rest > half or (rest == half and (not is_exact or mantissa & 1)):
        mantissa += 1
    return float(Fraction(mantissa) * Fraction(2) ** (drop - shift))


def std(n, s1, s2):
    d, shift = n * s2 - s1 * s1, 200
    root = isqrt(d << 2 * shift) // n
    return nearest_double(root, (root * n) ** 2 == d << 2 * shift, shift) if d else 0.0


def random_sums(bits):
    n = random.randrange(1 << (bits - 1), 1 << bits)
    s1 = random.randrange(0, 255 * n + 1)
    return n, s1, random.randrange(-(-s1 * s1 // n), 255 * s1 + 1)


def near_tie(bits):
    """Sums whose deviation lies close to the middle of two doubles."""
    n = random.randrange(1 << (bits - 1), 1 << bits)
    middle = Fraction(random.randrange(2**53, 2**54) | 1, 2 ** random.randrange(47, 52))
    best = None
    for _ in range(20000):
        s1 = random.randrange(0, 255 * n)
        wanted = int((n * middle) ** 2)
        s2 = -(-(s1 * s1 + wanted) // n)
        off = n * s2 - s1 * s1 - wanted
        best = min(filter(None, [best, (off, s1, s2), (n - off, s1, s2 - 1)]))
    return n, best[1], best[2]


random.seed(1)
cases = [
    (47040000, 1567298545, 342590800147),  # MNIST train, test; Fashion-MNIST train, test
    (7840000, 264923200, 58095386156),
    (47040000, 3431114169, 631470052347),
    (7840000, 573469082, 105272563536),
    (784, 27525, 5940005),  # the first MNIST image
    (1, 0, 0), (1, 255, 65025), (2, 255, 65025), (3, 1, 1), (3, 2, 2), (3, 510, 130050),
    (1 << 40, 1, 1), (1 << 40, (1 << 40) - 1, (1 << 40) - 1), (1 << 40, 255 << 40, 65025 << 40),
    (1 << 48, 255 << 48, 65025 << 48), ((1 << 48) - 1, 127 << 48, 25000 << 48),
]
cases += [random_sums(bits) for bits in range(1, 49, 3)]
cases += [near_tie(bits) for bits in range(34, 49, 2)]
for n, s1, s2 in cases:
    mean = float(Fraction(s1, n))
    print("    {%d, %d, %du, %s, %s}," % (n, s1, s2, mean.hex(), std(n, s1, s2).hex()))
