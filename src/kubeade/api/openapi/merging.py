"""OpenAPI v2 documents of other servers, put into ours.

Two servers may call different things by the same name: then the other's gets a name of its own, `Name_v2`, as
upstream gives it. What is the same in both (ObjectMeta, Status) stays one.
"""

from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]
_REFERENCE = "#/definitions/"


def merged(own: Json, foreign: Sequence[Json]) -> Json:
    """Ours with the paths and definitions of the others; a path that is ours stays ours."""
    paths, definitions = dict(own["paths"]), dict(own["definitions"])
    for document in foreign:
        theirs: Json = document["definitions"]
        needed = _needed(document["paths"], theirs)
        names = {name: _free_name(name, theirs[name], definitions) for name in needed}
        for name in needed:
            definitions.setdefault(names[name], _renamed(theirs[name], names))
        for path, item in document["paths"].items():
            paths.setdefault(path, _renamed(item, names))
    return {**own, "paths": dict(sorted(paths.items())), "definitions": dict(sorted(definitions.items()))}


def _needed(paths: Json, definitions: Json) -> list[str]:
    """The definitions that the paths lead to."""
    found: dict[str, None] = {}
    wanted = _references(paths)
    while wanted:
        name = wanted.pop()
        if name not in found and name in definitions:
            found[name] = None
            wanted += _references(definitions[name])
    return list(found)


def _references(value: Any) -> list[str]:
    found: list[str] = []
    pending = [value]
    while pending:
        each = pending.pop()
        if isinstance(each, dict):
            reference = each.get("$ref")
            if isinstance(reference, str):
                found.append(reference.removeprefix(_REFERENCE))
            pending.extend(each.values())
        elif isinstance(each, list):
            pending.extend(each)
    return found


def _free_name(name: str, definition: Any, taken: Json) -> str:
    """Its own name unless something else has it; only what is described in other words is the same."""
    candidate, number = name, 2
    while candidate in taken and not _same(taken[candidate], definition):
        candidate, number = f"{name}_v{number}", number + 1
    return candidate


def _same(one: Any, other: Any) -> bool:
    return bool(_shape(one) == _shape(other))


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shape(each) for key, each in value.items() if key != "description"}
    return [_shape(each) for each in value] if isinstance(value, list) else value


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _renamed_item(key, each, names) for key, each in value.items()}
    return [_renamed(each, names) for each in value] if isinstance(value, list) else value


def _renamed_item(key: str, value: Any, names: dict[str, str]) -> Any:
    if key == "$ref" and isinstance(value, str):
        name = value.removeprefix(_REFERENCE)
        return f"{_REFERENCE}{names.get(name, name)}"
    return _renamed(value, names)
