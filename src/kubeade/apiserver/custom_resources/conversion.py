"""Conversion webhooks: custom objects in another version, as only their author can say it (upstream:
apiextensions-apiserver/pkg/apiserver/conversion).

All objects of an answer are converted with one question. What comes back keeps the metadata that it had, but
for labels and annotations, and is held to the schema of its new version.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kubeade.api.errors import ApiError
from kubeade.api.parts import part, values
from kubeade.api.resource import Object, Resource
from kubeade.apiserver.custom_resources.objects import refreshed
from kubeade.apiserver.webhooks.client import CallError, WebhookClient
from kubeade.lib.ids import Ids

if TYPE_CHECKING:
    from kubeade.api.crd.custom_resource import CustomResource

_GROUP = "apiextensions.k8s.io"
_SPOKEN = ("v1", "v1beta1")
_PATIENCE_SECONDS = 30.0
_IDENTITY = ("name", "namespace", "uid")


class ConversionFailed(ApiError):
    """A conversion webhook did not convert: 500, without a reason, in upstream's words."""

    code, reason = 500, ""


@dataclass(frozen=True, slots=True)
class Conversions:
    """Asks the webhooks of definitions."""

    client: WebhookClient
    ids: Ids

    async def convert(
        self, webhook: Object, objects: Sequence[Object], target: Resource, custom: "CustomResource | None"
    ) -> list[Object]:
        """The objects, none of which is in the target's version yet, in it. `custom` are the rules of that
        version, where it is served. Raises ConversionFailed."""
        first = objects[0]
        group, _, version = str(first["apiVersion"]).rpartition("/")
        whose = f"conversion webhook for {group}/{version}, Kind={first['kind']}"
        found = await self._ask(whose, webhook, objects, target.api_version)
        if len(found) != len(objects):
            raise ConversionFailed(f"{whose} returned {len(found)} objects, expected {len(objects)}")
        checked = []
        for index, (before, after) in enumerate(zip(objects, found, strict=True)):
            problem = _problem(before, after, target)
            if problem:
                raise ConversionFailed(
                    f"{whose} returned invalid converted object at index {index}: {problem}"
                )
            whole = {**after, "metadata": _metadata(before["metadata"], after["metadata"])}
            checked.append(whole if custom is None else refreshed(custom, whole))
        return checked

    async def _ask(self, whose: str, webhook: Object, objects: Sequence[Object], wanted: str) -> list[Any]:
        uid = self.ids.uid()
        versions = values(webhook, "conversionReviewVersions")
        version = next((each for each in versions if each in _SPOKEN), "v1")
        request = {"uid": uid, "desiredAPIVersion": wanted, "objects": list(objects)}
        review = {"kind": "ConversionReview", "apiVersion": f"{_GROUP}/{version}", "request": request}
        try:
            answer = await self.client.ask(part(webhook, "clientConfig"), review, _PATIENCE_SECONDS)
        except CallError as error:
            raise ConversionFailed(f"{whose} failed: {error}") from None
        problem = _answer_problem(answer, version, uid)
        if problem:
            raise ConversionFailed(f"{whose} failed: {problem}")
        return values(answer, "response", "convertedObjects")


def _answer_problem(answer: Any, version: str, uid: str) -> str:
    response = part(answer, "response")
    kind, api_version = part(answer).get("kind"), part(answer).get("apiVersion")
    if version == "v1" and (kind, api_version) != ("ConversionReview", f"{_GROUP}/v1"):
        got = f"{api_version}, Kind={kind}"
        return f"expected webhook response of {_GROUP}/v1, Kind=ConversionReview, got {got}"
    if not response:
        return "no response provided"
    if version == "v1" and response.get("uid") != uid:
        return f'expected response.uid="{uid}", got "{response.get("uid") or ""}"'
    status = part(response, "result").get("status") or ""
    if status == "Success":
        return ""
    message = part(response, "result").get("message")
    return str(message) if message else f"response.result.status was '{status}', not 'Success'"


def _problem(before: Object, after: Any, target: Resource) -> str:
    """What is wrong with a converted object; "" where nothing is."""
    if not isinstance(after, dict):
        return "it is no object"
    if after.get("apiVersion") != target.api_version:
        return f"invalid groupVersion (expected {target.api_version}, received {after.get('apiVersion')})"
    if after.get("kind") != before["kind"]:
        return f"invalid kind (expected {before['kind']}, received {after.get('kind')})"
    if not isinstance(after.get("metadata"), dict):
        return "missing metadata in converted object"
    for name in _IDENTITY:
        was, became = before["metadata"].get(name) or "", after["metadata"].get(name) or ""
        if was != became:
            return f"must have the same {name if name != 'uid' else 'UID'}: {was} != {became}"
    return ""


def _metadata(before: Object, after: Object) -> Object:
    """The object's own, with labels and annotations as converted."""
    kept = {name: value for name, value in before.items() if name not in ("labels", "annotations")}
    changed = {name: after[name] for name in ("labels", "annotations") if after.get(name)}
    return {**kept, **changed}
