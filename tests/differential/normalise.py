"""Answers without what may differ between two runs of the same server: uids, times, revisions, made-up names.

A value that the request itself named is not replaced: there it must come back as it was sent.
"""

import json
import re
from typing import Any

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_GO_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [+-]\d{4} \w+( m=[+-][\d.]+)?")
_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_ADDRESS = re.compile(r"\b10\.(0|96|200)\.\d+\.\d+\b(?!/)")
_MADE_NAME = re.compile(r"\b([Mm]ade[-_])[a-z0-9]{5}\b")
_REVISION = re.compile(r"(ResourceVersion in record \()\d+")
_PATCHED = re.compile(r'(patch: Invalid value: |^Invalid value: )"(\{|map\[).*[}\]]": ', re.DOTALL)
_POINTER = re.compile(r"0x[0-9a-f]{6,}")
_STORAGE = re.compile(
    r"StorageError: invalid object, Code: 4, Key: \S+, ResourceVersion: 0, AdditionalErrorMsg: "
)
"""Where upstream's storage has its objects is nobody's business."""
_MINUTES = re.compile(r"^(\d+[smhd])+$|^<unknown>$|^<invalid>$")
_PORT_FIELDS = ("nodePort", "healthCheckNodePort")
_REVISION_FIELDS = ("resourceVersion", "continue")
_VOLATILE_HEADERS = ("warning",)


def answer(status: int, headers: dict[str, list[str]], body: bytes, sent: str) -> dict[str, Any]:
    """An answer as it is kept and compared: code, warnings, body."""
    try:
        found = json.loads(body) if body else None
    except ValueError:
        found = body.decode("utf-8", "replace")
    kept: dict[str, Any] = {"code": status, "body": _normal(found, sent, "")}
    warnings = sorted({_text(each, sent) for each in headers.get("warning", [])})
    if warnings:
        kept["warnings"] = warnings
    return kept


def _normal(value: Any, sent: str, name: str) -> Any:
    if isinstance(value, dict):
        if value.get("kind") == "Table":
            value = {
                **value,
                "columnDefinitions": [
                    [c["name"], c["type"], c["priority"]] for c in value["columnDefinitions"]
                ],
            }
        if (
            isinstance(value.get("items"), list)
            and str(value.get("apiVersion", "")).partition("/")[0] != "example.com"
        ):
            # Lists of built-in kinds: whether items say what they are depends on the encoder, upstream's do not.
            value = {**value, "items": [_untyped(item) for item in value["items"]]}
        found = {_text(key, sent): _normal(each, sent, key) for key, each in value.items()}
        return {key: each for key, each in found.items() if each is not None}
    if name == "causes":
        # How often upstream repeats a cause says how often its code looks at metadata.
        value = [each for index, each in enumerate(value) if each not in value[:index]]
    if isinstance(value, list):
        cells = name == "cells"
        return [_cell(each) if cells else _normal(each, sent, "") for each in value]
    if name in _REVISION_FIELDS and isinstance(value, str):
        return "<revision>" if value else ""
    if name in _PORT_FIELDS and isinstance(value, int) and str(value) not in sent:
        return "<port>" if value else 0
    if name == "token" and isinstance(value, str) and value not in sent:
        return "<token>"
    return _text(value, sent) if isinstance(value, str) else value


def _untyped(item: Any) -> Any:
    if not isinstance(item, dict):
        return item
    return {key: each for key, each in item.items() if key not in ("kind", "apiVersion")}


def _cell(value: Any) -> Any:
    return (
        "<age>"
        if isinstance(value, str) and _MINUTES.match(value)
        else _text(value, "")
        if isinstance(value, str)
        else value
    )


def _text(text: str, sent: str) -> str:
    text = _ADDRESS.sub(lambda match: match[0] if f'"{match[0]}"' in sent else "<address>", text)
    for pattern, instead in (
        (_TIME, "<time>"),
        (_GO_TIME, "<time>"),
        (_UID, "<uid>"),
        (_POINTER, "<pointer>"),
    ):
        text = pattern.sub(lambda match, instead=instead: match[0] if match[0] in sent else instead, text)
    text = _REVISION.sub(r"\1<revision>", _PATCHED.sub(r'\1"<patched>": ', text))
    text = _STORAGE.sub("", text)
    return _MADE_NAME.sub(r"\1<made>", text)
