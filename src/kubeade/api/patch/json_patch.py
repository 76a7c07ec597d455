"""JSON patch (RFC 6902), with the departures that upstream's server has and its clients rely on.

`replace` of an absent member adds it, and a negative index counts from the end of the list. What makes a
patch malformed is a BadRequest; an operation that does not apply to this document is an Invalid whose
message names no operation, as upstream's does not.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from kubeade.api.errors import ApiError, BadRequest, Invalid, RequestEntityTooLarge
from kubeade.api.patch.json_value import copied, json_type, same

MAX_OPERATIONS = 10_000
MAX_COPIED_BYTES = 3 * 1024 * 1024
"""`copy` can double a document with each operation, so what it adds is counted."""

_REJECTED = "the server rejected our request due to an error in our request"


def json_patch(doc: dict[str, Any], operations: Any) -> Any:
    """`doc` after all operations. Raises BadRequest, RequestEntityTooLarge or Invalid."""
    if type(operations) is not list:
        raise _undecodable(operations, "value of type []handlers.jsonPatchOp")
    for operation in operations:
        if type(operation) is not dict:
            raise _undecodable(operation, "value of type handlers.jsonPatchOp")
    if len(operations) > MAX_OPERATIONS:
        limit = f"The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}"
        raise RequestEntityTooLarge(f"Request entity too large: {limit}, got {len(operations)}")
    for operation in operations:
        _check_types(operation)
    document = _Document(copied(doc))
    for operation in operations:
        document.apply(operation)
    return document.root


def _check_types(operation: dict[str, Any]) -> None:
    for field in ("op", "path", "from"):
        value = operation.get(field)
        if value is not None and not isinstance(value, str):
            raise _undecodable(value, f"struct field jsonPatchOp.{field} of type string")


def _undecodable(value: Any, wanted: str) -> ApiError:
    return BadRequest(f"error decoding patch: json: cannot unmarshal {json_type(value)} into Go {wanted}")


def _rejected() -> ApiError:
    return Invalid(_REJECTED, details={})


class _Document:
    """A document that operations are applied to, in place."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self._copied_bytes = 0
        self._operations: dict[str, Callable[[dict[str, Any]], None]] = {
            "add": self._add,
            "remove": self._remove,
            "replace": self._replace,
            "move": self._move,
            "copy": self._copy,
            "test": self._test,
        }

    def apply(self, operation: dict[str, Any]) -> None:
        perform = self._operations.get(str(operation.get("op")))
        if perform is None:
            raise _rejected()
        perform(operation)

    def _add(self, operation: dict[str, Any]) -> None:
        _insert(*self._locate(operation, "path"), copied(operation.get("value")))

    def _remove(self, operation: dict[str, Any]) -> None:
        container, key = self._locate(operation, "path")
        _take(container, key)

    def _replace(self, operation: dict[str, Any]) -> None:
        value = copied(operation.get("value"))
        if operation.get("path") == "":
            if type(value) not in (dict, list):
                raise _rejected()
            self.root = value
            return
        container, key = self._locate(operation, "path")
        container[key if type(container) is dict else _index(container, key)] = value

    def _move(self, operation: dict[str, Any]) -> None:
        value = _take(*self._locate(operation, "from"))
        _insert(*self._locate(operation, "path"), value)

    def _copy(self, operation: dict[str, Any]) -> None:
        value = _read(*self._locate(operation, "from"))
        self._copied_bytes += len(msgspec.json.encode(value))
        if self._copied_bytes > MAX_COPIED_BYTES:
            raise _rejected()
        _insert(*self._locate(operation, "path"), copied(value))

    def _test(self, operation: dict[str, Any]) -> None:
        whole = operation.get("path") == ""
        actual = self.root if whole else _read(*self._locate(operation, "path"))
        if not same(actual, operation.get("value")):
            raise _rejected()

    def _locate(self, operation: dict[str, Any], pointer: str) -> tuple[Any, str]:
        """The container that a pointer's last token is a key of, and that key."""
        path = operation.get(pointer)
        if type(path) is not str or not path.startswith("/"):
            raise _rejected()
        *parents, key = [_unescaped(token) for token in path.split("/")[1:]]
        container = self.root
        for token in parents:
            container = _read(container, token)
            if type(container) not in (dict, list):
                raise _rejected()
        return container, key


def _unescaped(token: str) -> str:
    return token.replace("~1", "/").replace("~0", "~") if "~" in token else token


def _index(container: list[Any], key: str, size: int | None = None) -> int:
    """A list index; `size` is one more than the list's where the index is for an insertion."""
    size = len(container) if size is None else size
    digits = key.removeprefix("-").removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        raise _rejected()
    index = int(key)
    if not -size <= index < size:
        raise _rejected()
    return index + size if index < 0 else index


def _read(container: Any, key: str) -> Any:
    """A member of an object (null where absent) or an item of a list."""
    return container.get(key) if type(container) is dict else container[_index(container, key)]


def _take(container: Any, key: str) -> Any:
    if type(container) is list:
        return container.pop(_index(container, key))
    if key not in container:
        raise _rejected()
    return container.pop(key)


def _insert(container: Any, key: str, value: Any) -> None:
    if type(container) is dict:
        container[key] = value
    elif key == "-":
        container.append(value)
    else:
        container.insert(_index(container, key, len(container) + 1), value)
