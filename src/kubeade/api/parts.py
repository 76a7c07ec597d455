"""Reading the parts of an object that may be absent, null or of another shape than hoped.

Every reader answers with an empty value of the right type instead of raising, so that rules can be
written straight down. Nothing here changes an object.

The same loop stands in each of them: rules read a pod some hundred times, and a call within each would
cost more than the reading.
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
    for key in keys:
        obj = obj.get(key) if isinstance(obj, dict) else None
    if not obj or not isinstance(obj, list):
        return []
    return [entry for entry in obj if isinstance(entry, dict)]


def values(obj: object, *keys: str) -> list[Any]:
    """The list at a path, or an empty one (not attached to the object)."""
    for key in keys:
        obj = obj.get(key) if isinstance(obj, dict) else None
    return obj if isinstance(obj, list) else []


def text(obj: object, *keys: str) -> str:
    """The string at a path, or an empty one."""
    for key in keys:
        obj = obj.get(key) if isinstance(obj, dict) else None
    return obj if isinstance(obj, str) else ""


def number(obj: object, *keys: str) -> int:
    """The integer at a path, or 0."""
    for key in keys:
        obj = obj.get(key) if isinstance(obj, dict) else None
    return int(obj) if isinstance(obj, int | float) and not isinstance(obj, bool) else 0
