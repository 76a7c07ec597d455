"""The functions of the language itself and of its extensions (cel-go: common/stdlib, ext).

The engine declares them; here they are computed.
"""

from typing import Any

from kubeade.api.cel import operators
from kubeade.api.cel.conversions import CONVERSIONS
from kubeade.api.cel.list_functions import LIST_FUNCTIONS
from kubeade.api.cel.overload import Overload, method, plain_function
from kubeade.api.cel.text_functions import TEXT_FUNCTIONS
from kubeade.api.cel.times import TIMES
from kubeade.api.cel.values import NOTHING, Optional, type_of


def _nonzero(value: Any) -> Optional:
    zero = value is None or value == 0 if not isinstance(value, str | bytes | list | dict) else not value
    return NOTHING if zero else Optional((value,))


def _value(optional: Optional) -> Any:
    if not optional.values:
        raise ValueError("optional.none() dereference")
    return optional.values[0]


OPTIONALS: tuple[Overload, ...] = (
    plain_function("optional.of", "dyn", "dyn", lambda value: Optional((value,))),
    plain_function("optional.ofNonZeroValue", "dyn", "dyn", _nonzero),
    plain_function("optional.none", "dyn", "", lambda: NOTHING),
    method("hasValue", "bool", "optional", lambda optional: bool(optional.values)),
    method("value", "dyn", "optional", _value),
    method("orValue", "dyn", "optional dyn", lambda left, other: left.values[0] if left.values else other),
    method("or", "dyn", "optional optional", lambda left, other: left if left.values else other),
)

STANDARD: tuple[Overload, ...] = (
    plain_function("-_", "dyn", "dyn", operators.negate),
    plain_function("!_", "bool", "dyn", operators.invert),
    plain_function("type", "type", "dyn", type_of),
    *(
        each
        for kind in ("string", "bytes", "list", "map")
        for each in (plain_function("size", "int", kind, len), method("size", "int", kind, len))
    ),
    *OPTIONALS,
    *CONVERSIONS,
    *TEXT_FUNCTIONS,
    *LIST_FUNCTIONS,
    *TIMES,
)
