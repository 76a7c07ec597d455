"""Every error that the API can answer with, drawn once.

ApiError                     status, reason, message, details: what becomes a `Status` object
 ├── BadRequest              400 BadRequest
 ├── Unauthorized            401 Unauthorized
 ├── Forbidden               403 Forbidden
 ├── NotFound                404 NotFound
 ├── MethodNotAllowed        405 MethodNotAllowed
 ├── NotAcceptable           406 NotAcceptable
 ├── AlreadyExists           409 AlreadyExists
 ├── Conflict                409 Conflict
 ├── Expired                 410 Expired
 ├── Gone                    410 Gone
 ├── RequestEntityTooLarge   413 RequestEntityTooLarge
 ├── UnsupportedMediaType    415 UnsupportedMediaType
 ├── Invalid                 422 Invalid
 ├── TooManyRequests         429 TooManyRequests
 ├── InternalError           500 InternalError
 ├── ServiceUnavailable      503 ServiceUnavailable
 └── Timeout                 504 Timeout

Codes, reasons and messages are those of upstream's apimachinery/pkg/api/errors. The API server raises
these; `client` raises the same classes from the `Status` it receives, so a caller handles one tree.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Cause:
    """One entry of `details.causes`: reason (FieldValueInvalid, ...), message, and the field's path."""

    reason: str
    message: str
    field: str = ""

    def to_dict(self) -> dict[str, str]:
        cause = {"reason": self.reason, "message": self.message}
        return {**cause, "field": self.field} if self.field else cause


class ApiError(Exception):
    """An answer other than success. `details` is the `StatusDetails` object (given but empty, it is shown
    empty, as in upstream's generic answers), `metadata` the ListMeta, `warnings` what the answer's headers
    say besides."""

    code: ClassVar[int] = 500
    reason: ClassVar[str] = ""

    def __init__(
        self, message: str, *, details: Mapping[str, Any] | None = None, code: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.details = dict(details or {})
        self._detailed = details is not None
        self.metadata: dict[str, Any] = {}
        self.warnings: list[str] = []
        self.status_code = self.code if code is None else code

    def to_status(self) -> dict[str, Any]:
        """The `Status` object (meta/v1) that goes on the wire."""
        status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.metadata,
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "details": self.details,
            "code": self.status_code,
        }
        shown = {"metadata", "details"} if self._detailed else {"metadata"}
        return {key: value for key, value in status.items() if value or key in shown}


class BadRequest(ApiError):
    code, reason = 400, "BadRequest"


class Unauthorized(ApiError):
    code, reason = 401, "Unauthorized"


class Forbidden(ApiError):
    code, reason = 403, "Forbidden"


class NotFound(ApiError):
    code, reason = 404, "NotFound"

    @classmethod
    def of(cls, resource: str, name: str, group: str = "") -> "NotFound":
        message = f"{qualified(resource, group)} {go_quoted(name)} not found"
        return cls(message, details=_about(resource, name, group))


class MethodNotAllowed(ApiError):
    code, reason = 405, "MethodNotAllowed"


class NotAcceptable(ApiError):
    code, reason = 406, "NotAcceptable"


class AlreadyExists(ApiError):
    code, reason = 409, "AlreadyExists"

    @classmethod
    def of(cls, resource: str, name: str, group: str = "") -> "AlreadyExists":
        message = f"{qualified(resource, group)} {go_quoted(name)} already exists"
        return cls(message, details=_about(resource, name, group))


class Conflict(ApiError):
    code, reason = 409, "Conflict"

    @classmethod
    def of(cls, resource: str, name: str, why: str, group: str = "") -> "Conflict":
        message = f"Operation cannot be fulfilled on {qualified(resource, group)} {go_quoted(name)}: {why}"
        return cls(message, details=_about(resource, name, group))


class Expired(ApiError):
    code, reason = 410, "Expired"


class Gone(ApiError):
    code, reason = 410, "Gone"


class RequestEntityTooLarge(ApiError):
    code, reason = 413, "RequestEntityTooLarge"


class UnsupportedMediaType(ApiError):
    code, reason = 415, "UnsupportedMediaType"


class Invalid(ApiError):
    """A well-formed object that breaks a rule. Each `FieldError` becomes a cause."""

    code, reason = 422, "Invalid"

    @classmethod
    def of(cls, kind: str, name: str, errors: Iterable["FieldError"], group: str = "") -> "Invalid":
        errors = list(errors)
        texts = list(dict.fromkeys(error.text() for error in errors))
        joined = texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"
        causes = [error.cause().to_dict() for error in errors]
        details = {**_about(kind, name, group), "causes": causes}
        return cls(f"{qualified(kind, group)} {go_quoted(name)} is invalid: {joined}", details=details)


class TooManyRequests(ApiError):
    code, reason = 429, "TooManyRequests"


class InternalError(ApiError):
    code, reason = 500, "InternalError"


class ServiceUnavailable(ApiError):
    code, reason = 503, "ServiceUnavailable"


class Timeout(ApiError):
    code, reason = 504, "Timeout"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One broken rule at one field (upstream: apimachinery field.Error).

    `reason` is FieldValueInvalid, FieldValueRequired, FieldValueNotSupported, FieldValueForbidden,
    FieldValueDuplicate, FieldValueTooLong, FieldValueTooMany, FieldValueNotFound or FieldValueTypeInvalid.
    `message` is what follows the path, with the bad value where the reason shows one:
    `Invalid value: "x": must be ...`.
    """

    path: str
    reason: str
    message: str

    def text(self) -> str:
        return f"{self.path}: {self.message}"

    def cause(self) -> Cause:
        return Cause(self.reason, self.message, self.path)


_ESCAPES = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}


def go_quoted(text: str) -> str:
    """The text in quotes as Go's %q has it: what cannot be printed is escaped."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return '"' + "".join(_escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    code = ord(char)
    if code in _ESCAPES or char.isprintable():
        return _ESCAPES.get(code, char)
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def qualified(resource: str, group: str) -> str:
    """`deployments.apps`, or `pods` for the core group."""
    return f"{resource}.{group}" if group else resource


def _about(kind: str, name: str, group: str) -> dict[str, str]:
    about = {"name": name, "group": group, "kind": kind}
    return {key: value for key, value in about.items() if value}


def from_status(status: Mapping[str, Any], http_status: int) -> ApiError:
    """The error that a server's answer stands for; by reason, else by code."""
    code = int(status.get("code") or http_status)
    message = str(status.get("message") or f"the server answered {code}")
    subclasses = ApiError.__subclasses__()
    by_reason = [c for c in subclasses if c.reason == status.get("reason")]
    by_code = [c for c in subclasses if c.code == code]
    chosen = (by_reason or by_code or [ApiError])[0]
    return chosen(message, details=status.get("details"), code=code)
