"""`<`, `<=`, `>` and `>=`, as they are declared: numbers of any two types have an order."""

from itertools import product

from kubeade.api.cel.operators import BINARY
from kubeade.api.cel.overload import Overload, plain_function

_NUMBERS = ("int", "uint", "double")
_OTHERS = ("bool", "string", "bytes", "timestamp", "duration")
_PAIRS = (*product(_NUMBERS, _NUMBERS), *((each, each) for each in _OTHERS))

COMPARISONS: tuple[Overload, ...] = tuple(
    plain_function(name, "bool", f"{left} {right}", BINARY[name])
    for name in ("_<_", "_<=_", "_>_", "_>=_")
    for left, right in _PAIRS
)
