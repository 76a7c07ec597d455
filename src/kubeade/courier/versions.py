"""An object's past: its versions, when each was written and what it changed. Pure.

An object does not carry when a version was written; the youngest date in it is that, to the second: every
write that changes a field dates its manager's entry.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kubeade.api.parts import part, parts, text
from kubeade.api.resource import Object

TEXT_LIMIT = 60
_UNTOLD = {"managedFields", "resourceVersion", "generation"}


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an object. `when` is RFC 3339 in UTC, as the object says it; "" where it does not."""

    revision: int
    when: str
    author: str
    object: Object


def version_of(answer: Object) -> Version:
    """As the API server answers it."""
    found = answer["object"]
    return Version(int(answer["resourceVersion"]), written_at(found), answer.get("author", ""), found)


def written_at(obj: Object) -> str:
    metadata = part(obj, "metadata")
    dates = [text(entry, "time") for entry in parts(metadata, "managedFields")]
    return max([*dates, text(metadata, "creationTimestamp")], default="")


def at_time(versions: Sequence[Version], moment: datetime) -> Version | None:
    """The version that was there at a moment; `versions` come newest first."""
    limit = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return next((each for each in versions if each.when and each.when <= limit), None)


def changes(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """What is different, a line each: `spec.replicas: 2 -> 3`, `+ metadata.labels.tier: web`, `- ...`."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys(), key=str):
            if path == "metadata" and key in _UNTOLD:
                continue
            yield from _entry(before, after, key, f"{path}.{key}" if path else str(key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from changes(old, new, f"{path}[{index}]")
    elif before != after:
        yield f"{path}: {_short(before)} -> {_short(after)}"


def _entry(before: dict[Any, Any], after: dict[Any, Any], key: Any, path: str) -> Iterator[str]:
    if key not in after:
        yield f"- {path}: {_short(before[key])}"
    elif key not in before:
        yield f"+ {path}: {_short(after[key])}"
    else:
        yield from changes(before[key], after[key], path)


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(map(str, value)) + "}"
    if isinstance(value, list):
        return f"[{len(value)}]"
    said = str(value)
    return said if len(said) <= TEXT_LIMIT else said[: TEXT_LIMIT - 1] + "…"
