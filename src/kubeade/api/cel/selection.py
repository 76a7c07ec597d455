"""Fields and elements: `a.b`, `a[0]`, `has(a.b)`, `a.?b`, `a[?0]` (cel-go: interpreter/attributes.go)."""

from typing import Any

from kubeade.api.cel.errors import EvaluationError, no_such_overload
from kubeade.api.cel.values import NOTHING, NUMBERS, Optional, find


def field(holder: Any, name: str) -> Any:
    if isinstance(holder, Optional):
        return optional_field(holder, name)
    if not isinstance(holder, dict) or name not in holder:
        raise EvaluationError(f"no such key: {name}")
    return holder[name]


def has_field(holder: Any, name: str) -> bool:
    if isinstance(holder, Optional):
        return bool(holder.values) and has_field(holder.values[0], name)
    return isinstance(holder, dict) and name in holder


def index(holder: Any, at: Any) -> Any:
    if isinstance(holder, Optional):
        return optional_index(holder, at)
    if isinstance(holder, dict):
        found = find(holder, at)
        if not found:
            raise EvaluationError(f"no such key: {_shown(at)}")
        return found[0]
    if not isinstance(holder, list | tuple):
        raise EvaluationError(f"no such key: {_shown(at)}")
    number = _number(at)
    if not 0 <= number < len(holder):
        raise EvaluationError(f"index out of bounds: {number}")
    return holder[number]


def optional_field(holder: Any, name: str) -> Optional:
    """An optional value stays one, however deep one goes into it."""
    if isinstance(holder, Optional):
        return optional_field(holder.values[0], name) if holder.values else NOTHING
    return Optional((holder[name],)) if isinstance(holder, dict) and name in holder else NOTHING


def optional_index(holder: Any, at: Any) -> Optional:
    if isinstance(holder, Optional):
        return optional_index(holder.values[0], at) if holder.values else NOTHING
    if isinstance(holder, dict):
        return Optional(find(holder, at))
    if isinstance(holder, list | tuple):
        number = _number(at)
        return Optional((holder[number],)) if 0 <= number < len(holder) else NOTHING
    return NOTHING


def _number(at: Any) -> int:
    if type(at) not in NUMBERS:
        raise no_such_overload()
    if int(at) != at:
        raise EvaluationError(f"unsupported index value: {at}")
    return int(at)


def _shown(key: Any) -> str:
    return {True: "true", False: "false"}.get(key, str(key)) if isinstance(key, bool) else str(key)
