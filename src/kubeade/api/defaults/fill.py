"""How a default is set: only where the order says nothing.

Absent, null and the empty string all mean "says nothing", as they do for the upstream types.
"""

from typing import Any

from kubeade.api.resource import Object


def fill(obj: Object, key: str, value: Any) -> None:
    """Set `key` where nothing is said."""
    found = obj.get(key)
    if found is None or found == "":
        obj[key] = value


def fill_absent(obj: Object, key: str, value: Any) -> None:
    """Set `key` where it is absent or null (upstream fields that can be said to be empty)."""
    if obj.get(key) is None:
        obj[key] = value


def fill_number(obj: Object, key: str, value: int) -> None:
    """Set `key` where nothing or zero is said (upstream fields that cannot tell the two apart)."""
    if not obj.get(key):
        obj[key] = value


def attached(obj: Object, key: str) -> Object:
    """The mapping at `key`, created when absent, for defaults inside it."""
    found = obj.get(key)
    if not isinstance(found, dict):
        found = obj[key] = {}
    return found
