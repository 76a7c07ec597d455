"""Audit events as bytes: rendered, encoded, and cut where they are too large (upstream:
plugin/audit/truncate).

Runs in a thread; nothing here waits.
"""

from collections.abc import Sequence

import msgspec

from kubeade.api.protobuf import ProtobufCodec
from kubeade.api.resource import Object
from kubeade.api.schema import Schema
from kubeade.apiserver.audit.delivery import Truncation
from kubeade.apiserver.audit.event import Rendering
from kubeade.apiserver.audit.trail import AuditEvent

_TRUNCATED = "audit.k8s.io/truncated"
_encode = msgspec.json.Encoder().encode


class Lines:
    """Of one thread at a time; the schema (for bodies in protobuf) is there from the first event on."""

    def __init__(self, kubernetes_version: str, truncation: Truncation | None = None) -> None:
        self._version = kubernetes_version
        self._truncation = truncation
        self._rendering: Rendering | None = None

    def encode(self, events: Sequence[AuditEvent]) -> list[bytes]:
        """One JSON object for each that is not left out."""
        if self._rendering is None:
            self._rendering = Rendering(ProtobufCodec(Schema.load(self._version)))
        lines = (self._line(self._rendering.render(event)) for event in events)
        return [line for line in lines if line]

    def batches(self, lines: Sequence[bytes]) -> list[list[bytes]]:
        """As they may be sent together."""
        if self._truncation is None:
            return [list(lines)] if lines else []
        found: list[list[bytes]] = []
        size = 0
        for line in lines:
            if not found or size + len(line) > self._truncation.batch_bytes:
                found.append([])
                size = 0
            found[-1].append(line)
            size += len(line)
        return found

    def _line(self, event: Object) -> bytes:
        line = _encode(event)
        limits = self._truncation
        if limits is None or len(line) <= limits.event_bytes:
            return line
        if event["level"] in ("Request", "RequestResponse"):
            kept = {key: event[key] for key in event if key not in ("requestObject", "responseObject")}
            annotations = {**(event.get("annotations") or {}), _TRUNCATED: "true"}
            line = _encode({**kept, "annotations": annotations})
        return line if len(line) <= limits.event_bytes else b""
