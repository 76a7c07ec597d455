"""AdmissionReview: what a webhook is asked, and what it may answer (upstream: webhook/request,
webhook/errors)."""

import base64
import binascii
from dataclasses import dataclass, field
from typing import Any

import msgspec

from kubeade.api.errors import BadRequest
from kubeade.api.parts import part
from kubeade.api.resource import Object

GROUP = "admission.k8s.io"


class InvalidAnswer(Exception):
    """What a webhook answered is no answer."""


class Refused(BadRequest):
    """A refusal, with code, reason and details of the webhook's own."""

    def __init__(self, status: Object) -> None:
        super().__init__(status["message"], details=status.get("details"), code=status["code"])
        self._status = status

    def to_status(self) -> Object:
        return self._status


@dataclass(frozen=True, slots=True)
class Answer:
    """`patch` is a JSON patch, or None."""

    allowed: bool
    status: Object
    patch: list[Any] | None = None
    warnings: list[str] = field(default_factory=list)
    audit_annotations: dict[str, str] = field(default_factory=dict)


def review(version: str, request: Object, obj: Object | None, old: Object | None) -> Object:
    request = {**request, "object": obj, "oldObject": old}
    return {"kind": "AdmissionReview", "apiVersion": f"{GROUP}/{version}", "request": request}


def read_answer(found: Any, version: str, uid: str, mutating: bool) -> Answer:
    """Raises InvalidAnswer."""
    response = found.get("response") if isinstance(found, dict) else None
    if not isinstance(response, dict):
        raise InvalidAnswer("webhook response was absent")
    patch, patch_type = response.get("patch") or "", response.get("patchType")
    if version == "v1":
        _check(found, response, uid)
        _check_patch(patch, patch_type, mutating)
    return Answer(
        response.get("allowed") is True,
        part(response, "status"),
        _patch(patch) if patch and mutating else None,
        [str(each) for each in response.get("warnings") or ()],
        {str(key): str(value) for key, value in part(response, "auditAnnotations").items()},
    )


def _check(found: Object, response: Object, uid: str) -> None:
    if response.get("uid") != uid:
        raise InvalidAnswer(f'expected response.uid="{uid}", got "{response.get("uid") or ""}"')
    kind, api_version = found.get("kind") or "", found.get("apiVersion") or ""
    if kind != "AdmissionReview" or api_version != f"{GROUP}/v1":
        got = f"{api_version}, Kind={kind}"
        raise InvalidAnswer(f"expected webhook response of {GROUP}/v1, Kind=AdmissionReview, got {got}")


def _check_patch(patch: Any, patch_type: Any, mutating: bool) -> None:
    if not mutating and patch:
        raise InvalidAnswer("validating webhook may not return response.patch")
    if not mutating and patch_type is not None:
        raise InvalidAnswer("validating webhook may not return response.patchType")
    if patch and patch_type is None:
        raise InvalidAnswer("webhook returned response.patch but not response.patchType")
    if not patch and patch_type is not None:
        raise InvalidAnswer("webhook returned response.patchType but not response.patch")
    if patch_type == "":
        raise InvalidAnswer('webhook returned invalid response.patchType of ""')
    if patch and patch_type != "JSONPatch":
        raise InvalidAnswer(f'unsupported patch type "{patch_type}"')


def _patch(patch: Any) -> list[Any]:
    try:
        found = msgspec.json.decode(base64.b64decode(patch))
    except (TypeError, ValueError, binascii.Error, msgspec.DecodeError) as error:
        raise InvalidAnswer(f"received undecodable patch in webhook response: {error}") from None
    if not isinstance(found, list):
        raise InvalidAnswer("received undecodable patch in webhook response: it is no list")
    return found


def refusal(name: str, status: Object) -> Refused:
    """A webhook's refusal as the client is told it (upstream: ToStatusErr)."""
    code = status.get("code")
    denied = f'admission webhook "{name}" denied the request'
    said = status.get("message") or status.get("reason")
    found = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": part(status, "metadata"),
        "status": status.get("status") if status.get("status") not in (None, "", "Success") else "Failure",
        "message": f"{denied}: {said}" if said else f"{denied} without explanation",
        "reason": status.get("reason"),
        "details": status.get("details"),
        "code": code if isinstance(code, int) and code >= 400 else 400,
    }
    return Refused({key: value for key, value in found.items() if value or key == "metadata"})
