"""Sizes and costs that are sure to be no more than so much; sums and products stop at `MOST`."""

import math
from dataclasses import dataclass

MOST = (1 << 64) - 1
PER_CHARACTER = 0.1
PER_PATTERN_CHARACTER = 0.25


@dataclass(frozen=True, slots=True)
class Size:
    """Elements of a container, characters of a string."""

    least: int
    most: int

    def union(self, other: "Size") -> "Size":
        return Size(min(self.least, other.least), max(self.most, other.most))

    def plus(self, other: "Size") -> "Size":
        return Size(total(self.least, other.least), total(self.most, other.most))

    def times(self, other: "Size") -> "Size":
        return Size(product(self.least, other.least), product(self.most, other.most))


def total(*costs: int) -> int:
    return min(sum(costs), MOST)


def product(left: int, right: int) -> int:
    return min(left * right, MOST)


def scaled(size: int, factor: float) -> int:
    """Rounded up."""
    return min(math.ceil(size * factor), MOST)
