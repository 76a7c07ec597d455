"""Finds fields that a JSON document gives twice: decoders keep the last one and say nothing."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec

MOST_DUPLICATES = 100


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as it was written, repeated names and all."""


def duplicate_fields(body: bytes, decoded: object) -> list[str]:
    """The paths of repeated fields, such as `spec.replicas`; `decoded` is what `body` decodes to.

    Nearly always there are none, which counting names tells without reading the body again.
    """
    if msgspec.json.encode(decoded).count(b'":') == body.count(b'":'):
        return []
    document = json.loads(body.decode("utf-8", "replace"), object_pairs_hook=_Pairs)
    found = _walk(document, "")
    return [path for path, _ in zip(found, range(MOST_DUPLICATES), strict=False)]


def _walk(value: object, path: str) -> Iterator[str]:
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for name, field in value:
            here = f"{path}.{name}" if path else name
            if name in seen:
                yield here
            seen.add(name)
            yield from _walk(field, here)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(item, f"{path}[{index}]")
