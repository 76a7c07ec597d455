"""`Object{spec: Object.spec{replicas: 2}}` and `JSONPatch{op: "add", ...}`: the values that mutating
policies build.

The engine takes no types from Python, so such a value is written as the map that it stands for:
`{"spec": {"replicas": 2}}`.
"""

from kubeade.api.cel.tokens import tokens

_ROOTS = frozenset({"Object", "JSONPatch"})
_UNESCAPED = {
    "__underscores__": "__",
    "__dot__": ".",
    "__dash__": "-",
    "__slash__": "/",
}


def structs_as_maps(text: str) -> str:
    """The expression with maps in place of struct literals; as it is where there are none."""
    if not any(root in text for root in _ROOTS):
        return text
    return "".join(_rewritten(tokens(text)))


def _rewritten(found: list[str]) -> list[str]:
    """`struct` says for each open bracket whether it is a struct's: there the names of fields are quoted."""
    result: list[str] = []
    struct: list[bool] = []
    at = 0
    while at < len(found):
        token = found[at]
        end = _type_end(found, at) if token in _ROOTS and not _follows_dot(result) else at
        if end > at:
            result.append("{")
            struct.append(True)
            at = end
            continue
        if token in ("{", "(", "["):
            struct.append(False)
        elif token in ("}", ")", "]") and struct:
            struct.pop()
        elif struct and struct[-1] and _is_field(found, at, result):
            token = f'"{_field_name(token)}"'
        result.append(token)
        at += 1
    return result


def _type_end(found: list[str], start: int) -> int:
    """Where the literal's `{` ends that a type name at `start` belongs to; `start` where it has none."""
    at = start + 1
    while at + 1 < len(found) and found[at] == "." and _is_name(found[at + 1]):
        at += 2
    while at < len(found) and found[at].isspace():
        at += 1
    return at + 1 if at < len(found) and found[at] == "{" else start


def _is_field(found: list[str], at: int, before: list[str]) -> bool:
    """A name behind `{` or `,` (or its `?`) and before `:`."""
    if not _is_name(found[at]):
        return False
    previous = next((token for token in reversed(before) if not token.isspace()), "")
    following = next((token for token in found[at + 1 :] if not token.isspace()), "")
    return previous in ("{", ",", "?") and following == ":"


def _is_name(token: str) -> bool:
    return token[:1].isalpha() or token[:1] in ("_", "`")


def _follows_dot(before: list[str]) -> bool:
    return bool(before) and before[-1] == "."


def _field_name(token: str) -> str:
    name = token.strip("`")
    for escape, text in _UNESCAPED.items():
        name = name.replace(escape, text)
    if name.startswith("__") and name.endswith("__") and len(name) > 4:
        return name[2:-2]
    return name
