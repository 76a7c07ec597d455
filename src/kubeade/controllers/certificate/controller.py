"""Approves by rule, signs what is approved, deletes what is old. One key is one CertificateSigningRequest.

Crash anywhere: the same request leads to the same next step. Without a signing key nothing is signed, and
others may do it.
"""

from base64 import b64encode

from kubeade.api.errors import Forbidden, NotFound
from kubeade.api.parts import number, part, parts, text, values
from kubeade.api.resource import Object, Resource
from kubeade.api.resources import NODES
from kubeade.controllers.certificate import plan
from kubeade.controllers.certificate.signer import SigningKey
from kubeade.reconcile.controller import Controller
from kubeade.reconcile.environment import Environment

GROUP = "certificates.k8s.io"
REQUESTS = Resource(GROUP, "v1", "certificatesigningrequests", "CertificateSigningRequest", namespaced=False)
REVIEWS = Resource(
    "authorization.k8s.io", "v1", "subjectaccessreviews", "SubjectAccessReview", namespaced=False
)
NODE_CLIENT_APPROVAL = "Auto approving kubelet client certificate after SubjectAccessReview."
SELF_APPROVAL = "Auto approving self kubelet client certificate after SubjectAccessReview."
SERVING_APPROVAL = "Auto approving kubelet serving certificate for the addresses of its node."


class CertificateController:
    def __init__(self, environment: Environment, key: SigningKey | None) -> None:
        self._client, self._clock = environment.client, environment.clock
        self._key = key
        self._requests = environment.informers.of(REQUESTS)
        self.controller = Controller("certificate", self)
        self._requests.add_handler(self._changed)

    async def reconcile(self, key: str) -> float | None:
        request = self._requests.get(key)
        if request is None:
            return None
        left = (plan.ends_at(request) - self._clock.now()).total_seconds()
        if left <= 0:
            await self._client.delete(REQUESTS, key)
            return None
        if not plan.has_condition(request, "Approved", "Denied", "Failed"):
            await self._approve(request)
        elif plan.has_condition(request, "Approved") and not plan.has_condition(request, "Denied", "Failed"):
            await self._sign(request)
        return left

    async def _approve(self, request: Object) -> None:
        try:
            asked = plan.wanted(plan.load(request))
        except ValueError:
            return  # whoever approves it by hand learns from the signer what is wrong
        message = await self._reason_to_approve(request, asked)
        if message:
            approved = _condition("Approved", "AutoApproved", message)
            await self._client.update(REQUESTS, _with(request, approved), subresource="approval")

    async def _reason_to_approve(self, request: Object, asked: plan.Wanted) -> str:
        for permission in plan.permissions(request, asked):
            if await self._may(request, permission):
                return SELF_APPROVAL if permission == "selfnodeclient" else NODE_CLIENT_APPROVAL
        if text(request, "spec", "signerName") == plan.KUBELET_SERVING:
            node = await self._node(asked.common_name.removeprefix(plan.NODE_PREFIX))
            return SERVING_APPROVAL if plan.serves_own_node(request, asked, node) else ""
        return ""

    async def _node(self, name: str) -> Object | None:
        """Where nodes may not be read, as by upstream's default roles, such requests are left to people."""
        try:
            return await self._client.get(NODES, name) if name else None
        except (NotFound, Forbidden):
            return None

    async def _may(self, request: Object, permission: str) -> bool:
        spec = part(request, "spec")
        attributes = {
            "group": GROUP,
            "resource": "certificatesigningrequests",
            "subresource": permission,
            "verb": "create",
        }
        asked = {key: spec[name] for key, name in _USER_FIELDS.items() if spec.get(name)}
        review = {
            "apiVersion": REVIEWS.api_version,
            "kind": REVIEWS.kind,
            "spec": {**asked, "resourceAttributes": attributes},
        }
        return bool(part(await self._client.create(REVIEWS, review), "status").get("allowed"))

    async def _sign(self, request: Object) -> None:
        signer = text(request, "spec", "signerName")
        if self._key is None or signer not in plan.SIGNERS or text(request, "status", "certificate"):
            return
        try:
            loaded = plan.load(request)
            fault = plan.fault(request, plan.wanted(loaded))
        except ValueError as error:
            fault = str(error)
        if fault:
            failed = _condition("Failed", "SignerValidationFailure", fault)
            await self._client.update(REQUESTS, _with(request, failed), subresource="status")
            return
        seconds = number(request, "spec", "expirationSeconds") or None
        usages = list(values(request, "spec", "usages"))
        pem = self._key.sign(loaded, usages, seconds, self._clock.now())
        status = {**part(request, "status"), "certificate": b64encode(pem).decode()}
        await self._client.update(REQUESTS, {**request, "status": status}, subresource="status")

    def _changed(self, old: Object | None, new: Object | None) -> None:
        if new is not None:
            self.controller.queue.add(new["metadata"]["name"])


_USER_FIELDS = {"user": "username", "uid": "uid", "groups": "groups", "extra": "extra"}


def _condition(kind: str, reason: str, message: str) -> Object:
    return {"type": kind, "status": "True", "reason": reason, "message": message}


def _with(request: Object, condition: Object) -> Object:
    conditions = [*parts(request, "status", "conditions"), condition]
    return {**request, "status": {**part(request, "status"), "conditions": conditions}}
