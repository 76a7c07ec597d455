"""Which function a call means: by its name, and among those of one name by the values it is called on."""

from collections.abc import Callable
from functools import cache
from typing import Any

from kubeade.api.cel.errors import EvaluationError, no_such_overload
from kubeade.api.cel.overload import Overload
from kubeade.api.cel.values import kind_of

_ANY = "dyn"


@cache
def function(name: str, count: int, *, member: bool) -> Callable[..., Any]:
    """Raises EvaluationError for values of other types when it is called."""
    found = [each for each in _named().get(name, ()) if _fits(each, count, member)]
    if len(found) == 1 and all(each == _ANY for each in found[0].kinds):
        return _safe(found[0].function)
    return _chosen([(each.kinds, _safe(each.function)) for each in found])


def _fits(overload: Overload, count: int, member: bool) -> bool:
    return len(overload.parameters) == count and overload.member is member


def _chosen(overloads: list[tuple[tuple[str, ...], Callable[..., Any]]]) -> Callable[..., Any]:
    def choose(*values: Any) -> Any:
        for kinds, compute in overloads:
            for kind, value in zip(kinds, values, strict=True):
                if kind != _ANY and kind != kind_of(value):
                    break
            else:
                return compute(*values)
        raise no_such_overload()

    return choose


def _safe(compute: Callable[..., Any]) -> Callable[..., Any]:
    """With what the library's functions raise as the expression's error."""

    def safe(*values: Any) -> Any:
        try:
            return compute(*values)
        except EvaluationError:
            raise
        except (ValueError, OverflowError, TypeError) as error:
            raise EvaluationError(str(error)) from None

    return safe


@cache
def _named() -> dict[str, list[Overload]]:
    from kubeade.api.cel.library import LIBRARY
    from kubeade.api.cel.standard import STANDARD

    found: dict[str, list[Overload]] = {}
    for each in (*STANDARD, *LIBRARY):
        found.setdefault(each.name, []).append(each)
    return found
