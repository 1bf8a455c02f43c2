"""Logarithm, exponential, square root and normal distribution in integers, and Black's formula.

A platform's own may differ in the last digit, and then two runs do.  These are exact to some 1e-17:
every number is in parts of ONE, and every series is cut where its terms vanish.
"""

from typing import Final

BITS: Final = 64
ONE: Final = 1 << BITS
LN_2: Final = 12786308645202655660
"""log(2), in parts of ONE."""
DENSITY_AT_0: Final = 7359186146747302452
"""1 / sqrt(2 pi), in parts of ONE."""
FAR: Final = 9 * ONE
"""Beyond so many standard deviations lies less than a part of ONE."""


def square_root(number: int) -> int:
    """The whole part of the square root, by Newton's steps from above.

    >>> square_root(24), square_root(25)
    (4, 5)
    """
    if number < 2:  # noqa: PLR2004 (0 and 1 are their own roots)
        return number
    root = 1 << (number.bit_length() + 1) // 2
    while True:
        closer = (root + number // root) // 2
        if closer >= root:
            return root
        root = closer


def logarithm(numerator: int, denominator: int) -> int:
    """The natural logarithm of a ratio above 0.

    With z = (m - 1) / (m + 1), log(m) = 2 (z + z^3 / 3 + z^5 / 5 ...), once powers of two have
    brought m near 1.

    >>> logarithm(1, 1), logarithm(2, 1) == LN_2, logarithm(1, 8) == -3 * LN_2
    (0, True, True)
    """
    twos = numerator.bit_length() - denominator.bit_length()
    if twos > 0:
        denominator <<= twos
    else:
        numerator <<= -twos
    z = ((numerator - denominator) << BITS) // (numerator + denominator)
    square = z * z >> BITS
    total, power, odd = 0, z, 1
    while power > 0 or power < -1:
        total += power // odd
        power = power * square >> BITS
        odd += 2
    return 2 * total + twos * LN_2


def exponential(x: int) -> int:
    """E to the power x, by its Taylor series once powers of two have brought x near 0.

    >>> exponential(0) == ONE, exponential(LN_2) == 2 * ONE, exponential(-3 * LN_2) == ONE // 8
    (True, True, True)
    """
    twos, rest = divmod(x, LN_2)
    total, term, count = 0, ONE, 0
    while term > 0:
        total += term
        count += 1
        term = (term * rest >> BITS) // count
    return total << twos if twos >= 0 else total >> -twos


def power(numerator: int, denominator: int, exponent: int) -> int:
    """A ratio above 0 to the power `exponent`."""
    return exponential(logarithm(numerator, denominator) * exponent >> BITS)


def normal(x: int) -> int:
    """The chance that a standard normal number is below x.

    1/2 + (x + x^3 / 3 + x^5 / (3 * 5) + ...) / (sqrt(2 pi) * e^(x^2 / 2))

    >>> normal(0) == ONE // 2, normal(-FAR), normal(FAR) == ONE
    (True, 0, True)
    """
    if x < 0:
        return ONE - normal(-x)
    if x >= FAR:
        return ONE
    square = x * x >> BITS
    total, term, odd = 0, x, 1
    while term > 0:
        total += term
        odd += 2
        term = (term * square >> BITS) // odd
    # Divided by a large number rather than multiplied by a small one, which has fewer digits.
    return min(ONE, ONE // 2 + total * DENSITY_AT_0 // exponential(square // 2))


def option_value(forward: int, strike: int, deviation: int, *, call: bool) -> int:
    """What an option is worth, undiscounted, in parts of ONE of its forward price.

    Black (1976): forward * N(d) - strike * N(d - s) for a call, where s is the standard `deviation`
    of the logarithm of the price at expiry, sigma * sqrt(T), and d = log(forward / strike) / s +
    s / 2; a put is a call less the forward and more the strike.  Without deviation it is what
    exercise would bring.
    """
    ratio = (strike << BITS) // forward
    if deviation <= 0:
        gain = ONE - ratio if call else ratio - ONE
        return max(0, gain)
    d = (logarithm(forward, strike) << BITS) // deviation + deviation // 2
    if call:
        worth = normal(d) - (ratio * normal(d - deviation) >> BITS)
    else:
        worth = (ratio * normal(deviation - d) >> BITS) - normal(-d)
    return max(0, worth)
