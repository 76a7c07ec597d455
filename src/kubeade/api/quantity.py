"""Amounts of resources, as manifests write them: `100m`, `1.5Gi`, `2e3`.

Amounts are exact integers of nano-units; smaller ones are rounded up (away from zero), as upstream. The
canonical text keeps the family of the suffix (decimal, binary or exponent) and has no fraction.
"""

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache, total_ordering
from typing import Self

_NANO = 10**9
_MILLI = 10**6
_LARGEST_BINARY = (2**63 - 1) * _NANO
_SHAPE = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_SUFFIX = {exponent: suffix for suffix, exponent in _DECIMAL.items()}
_BINARY_SUFFIX = {0: "", **{exponent: suffix for suffix, exponent in _BINARY.items()}}
_EXPONENT = re.compile(r"[eE]([+-]?[0-9]+)")
_LARGEST_EXPONENT = 1000  # beyond any amount that can be meant; keeps arithmetic small
_FORMAT_WRONG = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
_SUFFIX_WRONG = "unable to parse quantity's suffix"


class Format(Enum):
    """The family of suffixes that an amount is written with."""

    DECIMAL = "DecimalSI"
    BINARY = "BinarySI"
    EXPONENT = "DecimalExponent"


class QuantityError(ValueError):
    """The text is not a quantity; the words are upstream's."""


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """An exact amount and the way to write it. Quantities compare by amount alone."""

    nano: int
    format: Format = Format.DECIMAL

    @classmethod
    def parse(cls, text: str) -> "Quantity":
        """Read a quantity. Raises QuantityError."""
        return _parse(text)

    @classmethod
    def of(cls, value: int, format: Format = Format.DECIMAL) -> Self:
        """So many whole units."""
        return cls(value * _NANO, format)

    @classmethod
    def of_milli(cls, value: int, format: Format = Format.DECIMAL) -> Self:
        """So many thousandths of a unit."""
        return cls(value * _MILLI, format)

    def value(self) -> int:
        """Whole units, rounded up."""
        return _scaled(self.nano, _NANO)

    def milli_value(self) -> int:
        """Thousandths of a unit, rounded up."""
        return _scaled(self.nano, _MILLI)

    def __float__(self) -> float:
        return self.nano / _NANO

    def __bool__(self) -> bool:
        return self.nano != 0

    def __eq__(self, other: object) -> bool:
        return self.nano == other.nano if isinstance(other, Quantity) else NotImplemented

    def __lt__(self, other: "Quantity") -> bool:
        return self.nano < other.nano

    def __hash__(self) -> int:
        return hash(self.nano)

    def __add__(self, other: "Quantity") -> "Quantity":
        return Quantity(self.nano + other.nano, self.format if self.nano else other.format)

    def __sub__(self, other: "Quantity") -> "Quantity":
        return Quantity(self.nano - other.nano, self.format if self.nano else other.format)

    def __neg__(self) -> "Quantity":
        return Quantity(-self.nano, self.format)

    def __str__(self) -> str:
        """The canonical text: `1500m`, `1536Mi`, `12e6`."""
        if self.nano == 0:
            return "0"
        if self.format is Format.BINARY and abs(self.nano) >= 1024 * _NANO:
            mantissa, exponent = _reduce(_scaled(self.nano, _NANO), 1024, 0, 10, 60)
            return f"{mantissa}{_BINARY_SUFFIX[exponent]}"
        if self.format is Format.EXPONENT:
            mantissa, exponent = _reduce(self.nano, 1000, -9, 3, _LARGEST_EXPONENT)
            return f"{mantissa}e{exponent}" if exponent else str(mantissa)
        mantissa, exponent = _reduce(self.nano, 1000, -9, 3, 18)
        return f"{mantissa}{_DECIMAL_SUFFIX[exponent]}"


@lru_cache(maxsize=4096)
def canonical(text: str) -> str:
    """The canonical form of a quantity. Raises QuantityError."""
    return str(_parse(text))


@lru_cache(maxsize=4096)
def _parse(text: str) -> Quantity:
    match = _SHAPE.fullmatch(text)
    if match is None or not text:
        raise QuantityError(_FORMAT_WRONG)
    sign, whole, fraction, suffix = match.groups()
    power, exponent, family = _interpret(suffix)
    fraction = fraction or ""
    scale = exponent - len(fraction) if family is not Format.BINARY else -len(fraction)
    amount = int((whole + fraction) or "0") * power * _NANO
    nano = amount * 10**scale if scale >= 0 else -(-amount // 10**-scale)
    if family is Format.BINARY:
        nano = min(nano, _LARGEST_BINARY)
        if nano < _NANO:
            family = Format.DECIMAL
    return Quantity(-nano if sign == "-" else nano, family)


def _interpret(suffix: str) -> tuple[int, int, Format]:
    """What a suffix multiplies by: a factor, a power of ten, and its family."""
    if suffix in _DECIMAL:
        return 1, _DECIMAL[suffix], Format.DECIMAL
    if suffix in _BINARY:
        return 2 ** _BINARY[suffix], 0, Format.BINARY
    match = _EXPONENT.fullmatch(suffix)
    if match is None or abs(exponent := int(match[1])) > _LARGEST_EXPONENT:
        raise QuantityError(_SUFFIX_WRONG)
    return 1, exponent, Format.EXPONENT


def _scaled(nano: int, unit: int) -> int:
    """Divide, rounding away from zero."""
    return -(-nano // unit) if nano >= 0 else nano // unit


def _reduce(mantissa: int, base: int, exponent: int, step: int, limit: int) -> tuple[int, int]:
    """Move whole powers of `base` from the mantissa into the exponent."""
    while exponent < limit and mantissa % base == 0:
        mantissa //= base
        exponent += step
    return mantissa, exponent
