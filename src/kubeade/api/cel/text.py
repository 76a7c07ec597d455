"""find and findAll (upstream: cel/library/regex.go); jsonpatch.escapeKey (library/jsonpatch.go)."""

from kubeade.api.cel.overload import Overload, method, plain_function
from kubeade.api.crd.patterns import compile_pattern


def _find(text: str, pattern: str) -> str:
    found = compile_pattern(pattern).search(text)
    return found[0] if found else ""


def _find_all(text: str, pattern: str) -> list[str]:
    return [found[0] for found in compile_pattern(pattern).finditer(text)]


def _find_some(text: str, pattern: str, limit: int) -> list[str]:
    found = _find_all(text, pattern)
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
