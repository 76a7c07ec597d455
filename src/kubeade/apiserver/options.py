"""A request's query parameters as values (upstream: meta/v1 ListOptions, CreateOptions, ...).

Parameters that no verb knows are ignored, as upstream does; known ones with bad values are refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from kubeade.api.errors import BadRequest, FieldError, Invalid, go_quoted
from kubeade.api.resource import Object
from kubeade.apiserver.seams import Operation

_BOOLEANS = {"true": True, "1": True, "t": True, "false": False, "0": False, "f": False, "": True}
_FIELD_VALIDATION = ("Ignore", "Strict", "Warn")
_MANAGER_LENGTH = 128
_MOST_REVISIONS = 2**64 - 1


@dataclass(slots=True)
class Options:
    """All parameters of all verbs; each verb reads its own."""

    dry_run: bool = False
    field_manager: str = ""
    field_validation: str = "Warn"
    force: bool | None = None
    pretty: bool = False
    label_selector: str = ""
    field_selector: str = ""
    limit: int = 0
    continue_token: str = ""
    resource_version: str = ""
    resource_version_match: str = ""
    timeout_seconds: int | None = None
    watch: bool = False
    bookmarks: bool = False
    send_initial_events: bool | None = None
    include_object: str = ""


def read_options(query_string: str, kind: str) -> Options:
    """`kind` (CreateOptions, ...) is named in the error of an unsupported value."""
    if not query_string:
        return Options()
    query: dict[str, list[str]] = {}
    for key, value in parse_qsl(query_string, keep_blank_values=True):
        query.setdefault(key, []).append(value)
    first = {key: values[0] for key, values in query.items()}
    return Options(
        dry_run=read_dry_run(query.get("dryRun", ()), kind),
        field_manager=_field_manager(first.get("fieldManager", ""), kind),
        field_validation=_field_validation(first.get("fieldValidation", ""), kind),
        force=_boolean(first, "force"),
        pretty=_boolean(first, "pretty") or False,
        label_selector=first.get("labelSelector", ""),
        field_selector=first.get("fieldSelector", ""),
        limit=_integer(first, "limit") or 0,
        continue_token=first.get("continue", ""),
        resource_version=first.get("resourceVersion", ""),
        resource_version_match=first.get("resourceVersionMatch", ""),
        timeout_seconds=_integer(first, "timeoutSeconds"),
        watch=_boolean(first, "watch") or False,
        bookmarks=_boolean(first, "allowWatchBookmarks") or False,
        send_initial_events=_boolean(first, "sendInitialEvents"),
        include_object=first.get("includeObject", ""),
    )


def operation_options(operation: Operation, verb: str, options: Options) -> Object:
    """A change's options as the object that webhooks are shown (CreateOptions, UpdateOptions, PatchOptions).
    Those of a deletion are what was sent."""
    if operation is Operation.CONNECT or operation is Operation.DELETE:
        return {}
    kind = "PatchOptions" if verb == "patch" else "CreateOptions" if verb == "create" else "UpdateOptions"
    found: Object = {"kind": kind, "apiVersion": "meta.k8s.io/v1"}
    if options.dry_run:
        found["dryRun"] = ["All"]
    if options.force is not None:
        found["force"] = options.force
    if options.field_manager:
        found["fieldManager"] = options.field_manager
    if options.field_validation != "Warn":
        found["fieldValidation"] = options.field_validation
    return found


def read_dry_run(values: Sequence[str], kind: str) -> bool:
    """`All` is the only stage there is."""
    if any(value != "All" for value in values):
        raise _unsupported(kind, "dryRun", list(values), ("All",))
    return bool(values)


def read_revision(text: str) -> int:
    """A resourceVersion as the number it is to us."""
    why = "" if text.isascii() and text.isdigit() else "invalid syntax"
    if not why and int(text) > _MOST_REVISIONS:
        why = "value out of range"
    if why:
        parsing = f'Invalid value: "{text}": strconv.ParseUint: parsing "{text}": {why}'
        raise BadRequest(f"invalid resource version: resourceVersion: {parsing}")
    return int(text)


def parsed_integer(text: str) -> int:
    """Raises BadRequest."""
    digits = text.removeprefix("-") if text.startswith("-") else text.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        raise BadRequest(f"strconv.ParseInt: parsing {go_quoted(text)}: invalid syntax")
    if len(digits) > 19 or not -(2**63) <= int(text) < 2**63:
        raise BadRequest(f'strconv.ParseInt: parsing "{text}": value out of range')
    return int(text)


def _integer(query: dict[str, str], name: str) -> int | None:
    text = query.get(name)
    return None if text is None else parsed_integer(text)


def _boolean(query: dict[str, str], name: str) -> bool | None:
    """Anything that is not a way to say no is yes, as upstream's query conversion has it."""
    text = query.get(name)
    if text is None:
        return None
    return _BOOLEANS.get(text.lower(), True)


def _field_validation(text: str, kind: str) -> str:
    if text and text not in _FIELD_VALIDATION:
        raise _unsupported(kind, "fieldValidation", text, ("", *_FIELD_VALIDATION))
    return text or "Warn"


def _field_manager(text: str, kind: str) -> str:
    if len(text) > _MANAGER_LENGTH:
        message = f"Too long: may not be more than {_MANAGER_LENGTH} bytes"
        raise _invalid(kind, FieldError("fieldManager", "FieldValueTooLong", message))
    if not text.isprintable():
        at, char = next((at, char) for at, char in enumerate(text) if not char.isprintable())
        message = f"Invalid value: {go_quoted(text)}: invalid character U+{ord(char):04X} (at position {at})"
        raise _invalid(kind, FieldError("fieldManager", "FieldValueInvalid", message))
    return text


def _unsupported(kind: str, field: str, value: str | list[str], supported: Sequence[str]) -> Invalid:
    listed = ", ".join(f'"{choice}"' for choice in supported)
    shown = ",".join(map(go_quoted, value)) if isinstance(value, list) else go_quoted(value)
    shown = f"[{shown}]" if isinstance(value, list) else shown
    message = f"Unsupported value: {shown}: supported values: {listed}"
    return _invalid(kind, FieldError(field, "FieldValueNotSupported", message))


def _invalid(kind: str, error: FieldError) -> Invalid:
    return Invalid.of(kind, "", [error], "meta.k8s.io")
