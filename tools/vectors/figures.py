"""Figures as vectors write them: numbers, decimal text, sums over inputs, text with a remark."""

import ast
import operator
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import reduce
from math import gcd, lcm
from typing import Any

LEADING = re.compile(r"\s*([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*(\(|$|[A-Za-z]|%)")
OPERATORS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


class FigureError(ValueError):
    """Something that is no figure."""


def figure(value: Any, inputs: Mapping[str, Any] | None = None) -> Fraction:  # noqa: ANN401
    """Read a figure exactly: 0.1 is a tenth, "qty*entry/leverage" what the other inputs make of it.

    >>> figure("0.005 (tier 1, implied)"), figure("-0.05"), figure("5/6")
    (Fraction(1, 200), Fraction(-1, 20), Fraction(5, 6))
    >>> figure("0.5%"), figure("50x"), figure("10000 USD")
    (Fraction(1, 200), Fraction(50, 1), Fraction(10000, 1))
    >>> figure("qty*entry/leverage", {"qty": 1, "entry": "8", "leverage": 5})
    Fraction(8, 5)
    """
    if isinstance(value, bool) or value is None:
        raise FigureError(f"{value!r} is no figure")
    if isinstance(value, (int, Fraction)):
        return Fraction(value)
    if isinstance(value, float):
        return Fraction(repr(value))
    if isinstance(value, Mapping) and "exact" in value:
        return figure(value["exact"])
    if not isinstance(value, str):
        raise FigureError(f"{value!r} is no figure")
    text = value.replace(",", "").strip()
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        pass
    leading = LEADING.match(text)
    if leading is not None:
        return Fraction(leading.group(1)) / (100 if leading.group(2) == "%" else 1)
    return _reckoned(text, inputs or {})


def _reckoned(text: str, inputs: Mapping[str, Any]) -> Fraction:
    """The value of a sum over other inputs."""
    try:
        return _value(ast.parse(text, mode="eval").body, inputs)
    except (SyntaxError, KeyError, ZeroDivisionError):
        raise FigureError(f"{text!r} is no figure") from None


def _value(node: ast.expr, inputs: Mapping[str, Any]) -> Fraction:
    match node:
        case ast.BinOp() if type(node.op) in OPERATORS:
            left, right = _value(node.left, inputs), _value(node.right, inputs)
            return OPERATORS[type(node.op)](left, right)
        case ast.UnaryOp(op=ast.USub()):
            return -_value(node.operand, inputs)
        case ast.Constant(value=int() | float() as number):
            return figure(number)
        case ast.Name():
            return figure(inputs[node.id])
        case _:
            raise FigureError(f"{ast.unparse(node)} is no figure")


def step(*figures: Fraction) -> Fraction:
    """The largest step that every figure is a multiple of.

    >>> step(Fraction(5, 6), Fraction(10))
    Fraction(5, 6)
    """
    parts = [abs(one) for one in figures if one]
    if not parts:
        return Fraction(1)
    below = reduce(lcm, [part.denominator for part in parts])
    above = reduce(gcd, [int(part * below) for part in parts])
    return Fraction(above, below)


def text(value: Fraction) -> str:
    """A figure as the venue reads it: a decimal, or a ratio where it has no end."""
    below = value.denominator
    for prime in (2, 5):
        while below % prime == 0:
            below //= prime
    if below != 1:
        return f"{value.numerator}/{value.denominator}"
    places = 0
    while (value * 10**places).denominator != 1:
        places += 1
    digits = str(abs(int(value * 10**places))).rjust(places + 1, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[: len(digits) - places]}.{digits[len(digits) - places :]}".rstrip(".")


def rounded(value: Fraction, places: int = 8) -> Fraction:
    """To the nearest on a decimal grid: rates have one."""
    return Fraction(round(value * 10**places), 10**places)
