"""Fields that a document gives twice: decoders keep the last one and say nothing.

Upstream reads typed objects field by field: of two objects in one place the second is merged into the first.
What strict decoding has against a document is told in the order in which it is met there.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

MOST_DUPLICATES = 100


class Duplicates(Protocol):
    """What stands twice in a body, to be told together with the paths of unknown fields."""

    def strict(self, unknown: Sequence[str]) -> list[str]:
        """Reasons to refuse the body."""
        ...

    def warnings(self, unknown: Sequence[str]) -> list[str]:
        """The same, one warning for each."""
        ...


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as it was written, repeated names and all."""


@dataclass(frozen=True, slots=True)
class LineDuplicates:
    """Those of a YAML document: `line 9: key "foo" already set in map`."""

    lines: Sequence[str] = ()

    def strict(self, unknown: Sequence[str]) -> list[str]:
        found = unknown_fields(unknown)
        return ["\n  ".join(["yaml: unmarshal errors:", *self.lines]), *found] if self.lines else found

    def warnings(self, unknown: Sequence[str]) -> list[str]:
        return [*self.lines, *unknown_fields(unknown)]


NONE = LineDuplicates()


class PatchedObject:
    """What a patch has made: nothing stands twice, and upstream has written its fields in order."""

    def strict(self, unknown: Sequence[str]) -> list[str]:
        return unknown_fields(sorted(unknown))

    warnings = strict


PATCHED = PatchedObject()


@dataclass(frozen=True, slots=True)
class FieldDuplicates:
    """Those of a JSON document: the paths of repeated fields, such as `spec.replicas`, in order."""

    document: Any = None
    repeated: dict[str, int] = field(default_factory=dict)
    first: dict[str, int] = field(default_factory=dict)

    def strict(self, unknown: Sequence[str]) -> list[str]:
        if not self.repeated:
            return unknown_fields(unknown)
        known = [(path, at) for path, at in self.repeated.items() if path not in unknown]
        told = [(at, f'duplicate field "{path}"') for path, at in known]
        told += [(self.first.get(path, 0), f'unknown field "{path}"') for path in unknown]
        return [text for _, text in sorted(told)]

    warnings = strict

    def merged(self) -> Any:
        """The document as a typed decoder reads it."""
        return _merged(self.document)


def unknown_fields(paths: Sequence[str]) -> list[str]:
    """Each as it is told."""
    return [f'unknown field "{path}"' for path in paths]


def field_duplicates(body: bytes, decoded: object) -> FieldDuplicates | None:
    """None where nothing is repeated; `decoded` is what `body` decodes to.

    Nearly always there is none, which counting names tells without reading the body again.
    """
    if msgspec.json.encode(decoded).count(b'":') == body.count(b'":'):
        return None
    document = json.loads(body.decode("utf-8", "replace"), object_pairs_hook=_Pairs)
    found = FieldDuplicates(document)
    for position, (path, again) in enumerate(_walk(document, "")):
        found.first.setdefault(path, position)
        if again and len(found.repeated) < MOST_DUPLICATES:
            found.repeated.setdefault(path, position)
    return found if found.repeated else None


def _walk(value: object, path: str) -> Iterator[tuple[str, bool]]:
    """Every field's path as it is met, and whether its object has had the field before."""
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for name, each in value:
            here = f"{path}.{name}" if path else name
            yield here, name in seen
            seen.add(name)
            yield from _walk(each, here)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(item, f"{path}[{index}]")


def _merged(value: Any) -> Any:
    if isinstance(value, _Pairs):
        whole: dict[str, Any] = {}
        for name, each in value:
            before, new = whole.get(name), _merged(each)
            both = isinstance(before, dict) and isinstance(new, dict)
            whole[name] = {**before, **new} if both and before else new
        return whole
    return [_merged(item) for item in value] if isinstance(value, list) else value
