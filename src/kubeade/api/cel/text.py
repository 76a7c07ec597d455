"""find and findAll (upstream: cel/library/regex.go); jsonpatch.escapeKey (library/jsonpatch.go)."""

from kubeade.api.cel.overload import Overload, method, plain_function
from kubeade.api.linear_patterns import find_all


def _find(text: str, pattern: str) -> str:
    found = find_all(pattern, text)
    return found[0] if found else ""


def _find_all(text: str, pattern: str) -> list[str]:
    return find_all(pattern, text)


def _find_some(text: str, pattern: str, limit: int) -> list[str]:
    found = find_all(pattern, text)
    return found if limit < 0 else found[:limit]


TEXT: tuple[Overload, ...] = (
    method("find", "string", "string string", _find),
    method("findAll", "list<string>", "string string", _find_all),
    method("findAll", "list<string>", "string string int", _find_some),
    plain_function(
        "jsonpatch.escapeKey",
        "string",
        "string",
        lambda key: key.replace("~", "~0").replace("/", "~1"),
    ),
)
