"""An integer or a percentage, as in maxSurge and minAvailable (upstream: apimachinery/util/intstr)."""

import math
from typing import Any


def scaled_value(value: Any, total: int, *, round_up: bool) -> int:
    """`3` is 3, `"25%"` is that share of `total`. Raises ValueError for any other text."""
    if isinstance(value, int):
        return value
    text = str(value)
    if not text.endswith("%"):
        raise ValueError(f"invalid value for IntOrString: {text!r} is not a percentage")
    share = int(text[:-1]) * total
    return math.ceil(share / 100) if round_up else share // 100
