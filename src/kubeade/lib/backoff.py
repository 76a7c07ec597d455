"""Exponential back-off as a value: how long to wait after the n-th failure in a row."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """`initial_seconds` after the first failure, times `factor` after each, up to `limit_seconds`."""

    initial_seconds: float
    limit_seconds: float
    factor: float = 2.0

    def delay_seconds(self, failures: int) -> float:
        """The wait after `failures` failures in a row (1 or more)."""
        exponent = min(failures - 1, 64)
        return float(min(self.limit_seconds, self.initial_seconds * self.factor**exponent))
