"""YAML request bodies, read as JSON values: the one place that needs a YAML parser.

Kept apart because the parser is only loaded when somebody sends YAML. As upstream (sigs.k8s.io/yaml): the
first document counts; aliases and merge keys are resolved, unless a small text would stand for a huge
object; keys are text; y, yes and on are true.

The parser's C code recurses without a limit of its own, down to the end of the process: how deep a text is
nested is counted on its events, which come without recursion, before anything is built.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from kubeade.api.decoding.json_text import DEEPEST
from kubeade.api.errors import BadRequest

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BOOLEAN, _TIMESTAMP = "tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp"
_FREE_ALIASED_NODES, _FEW_NODES, _MANY_NODES = 1000, 400_000, 4_000_000
_MOST_ALIASED_OF_FEW, _MOST_ALIASED_OF_MANY = 0.99, 0.10


class _Loader(_Base):  # type: ignore[misc]
    """Dates are not JSON: they stay text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
    for first, resolvers in _Base.yaml_implicit_resolvers.items()
}
_Loader.bool_values = {**_Base.bool_values, "y": True, "n": False}
_Loader.add_implicit_resolver(_BOOLEAN, re.compile("^[yYnN]$"), list("yYnN"))


def load_yaml(data: bytes) -> Any:
    """The first document's value. Raises ValueError."""
    try:
        _check_depth(data)
        loader = _Loader(data)
        try:
            node = loader.get_node() if loader.check_node() else None
            if node is None:
                return None
            _check_aliases(node)
            return _jsonable(loader.construct_document(node))
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        raise ValueError(f"yaml: {_place(error)}{error.problem}") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"yaml: {str(error).splitlines()[0] if str(error) else 'malformed'}") from None


def read_yaml(data: bytes) -> Any:
    """For what has no shape of its own to complain about. Raises BadRequest."""
    try:
        return load_yaml(data)
    except ValueError as error:
        raise BadRequest(f"error decoding YAML: error converting YAML to JSON: {error}") from None


def repeated_keys(data: bytes) -> list[str]:
    """The keys that stand twice in a mapping of a document that `load_yaml` has read, in go-yaml's words."""
    loader = _Loader(data)
    try:
        node = loader.get_node() if loader.check_node() else None
        return [] if node is None else list(_repeated(node, set()))
    finally:
        loader.dispose()


def _repeated(node: Any, seen: set[int]) -> Iterator[str]:
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in keys:
                    yield f'line {key.start_mark.line + 1}: key "{key.value}" already set in map'
                keys.add(key.value)
            yield from _repeated(value, seen)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _repeated(item, seen)


def dump_yaml(value: Any) -> bytes:
    """A JSON value as YAML, keys in order."""
    dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump(value, Dumper=dumper, sort_keys=False, allow_unicode=True, width=2**30)
    return text.encode()


def _check_depth(data: bytes) -> None:
    depth = 0
    for event in yaml.parse(data, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise ValueError(f"yaml: exceeded max depth of {DEEPEST}")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.DocumentEndEvent):
            return


def _check_aliases(root: Any) -> None:
    """How much of the document, written out, would be repetition: as much as go-yaml allows, no more."""
    written: set[int] = set()
    whole = _size(root, {}, written, set())
    span = min(max(whole - _FEW_NODES, 0) / (_MANY_NODES - _FEW_NODES), 1)
    allowed = _MOST_ALIASED_OF_FEW - span * (_MOST_ALIASED_OF_FEW - _MOST_ALIASED_OF_MANY)
    repeated = whole - len(written)
    if repeated > _FREE_ALIASED_NODES and repeated / whole > allowed:
        raise ValueError("yaml: document contains excessive aliasing")


def _size(node: Any, sizes: dict[int, int], written: set[int], within: set[int]) -> int:
    """How many nodes there are when every alias is written out. A node that contains itself is refused."""
    found = sizes.get(id(node))
    if found is not None:
        return found
    if id(node) in within:
        raise ValueError("yaml: an anchor's value contains itself")
    within.add(id(node))
    children = node.value if isinstance(node, yaml.CollectionNode) else ()
    size = 1
    for child in children:
        for each in child if isinstance(child, tuple) else (child,):
            size += _size(each, sizes, written, within)
    within.discard(id(node))
    written.add(id(node))
    sizes[id(node)] = size
    return size


def _place(error: yaml.MarkedYAMLError) -> str:
    """`line 3: `, counted as go-yaml counts; nothing for the first line."""
    for mark in (error.problem_mark, error.context_mark):
        if mark is not None and mark.line:
            return f"line {mark.line + isinstance(error, yaml.scanner.ScannerError)}: "
    return ""


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {_key(key): _jsonable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_jsonable(item) for item in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        raise ValueError(f"json: unsupported value: {value}")
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _key(key: Any) -> str:
    if isinstance(key, bool):
        return "true" if key else "false"
    return "null" if key is None else str(key)
