"""Reading the parts of an object that may be absent, null or of another shape than hoped.

Every reader answers with an empty value of the right type instead of raising, so that rules can be
written straight down. Nothing here changes an object.
"""

from typing import Any

from kubeade.api.resource import Object


def part(obj: object, *keys: str) -> Object:
    """The mapping at a path, or an empty one (not attached to the object)."""
    for key in keys:
        obj = obj.get(key) if isinstance(obj, dict) else None
    return obj if isinstance(obj, dict) else {}


def parts(obj: object, *keys: str) -> list[Object]:
    """The mappings in the list at a path; entries that are not mappings are left out."""
    return [entry for entry in values(obj, *keys) if isinstance(entry, dict)]


def values(obj: object, *keys: str) -> list[Any]:
    """The list at a path, or an empty one (not attached to the object)."""
    found = part(obj, *keys[:-1]).get(keys[-1])
    return found if isinstance(found, list) else []


def text(obj: object, *keys: str) -> str:
    """The string at a path, or an empty one."""
    found = part(obj, *keys[:-1]).get(keys[-1])
    return found if isinstance(found, str) else ""


def number(obj: object, *keys: str) -> int:
    """The integer at a path, or 0."""
    found = part(obj, *keys[:-1]).get(keys[-1])
    return int(found) if isinstance(found, int | float) and not isinstance(found, bool) else 0
