"""serviceaccounts/token: a token for a service account, bound to a pod, a secret, a node or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from kubeade.api.errors import BadRequest, Conflict, FieldError, Invalid, NotFound
from kubeade.api.resource import Object, Resource, split_api_version
from kubeade.api.resources import NODES, PODS, SECRETS, SERVICE_ACCOUNTS
from kubeade.apiserver.authentication.claims import Binding, Issue, Validity, token_claims
from kubeade.apiserver.authentication.jws import ServiceAccountKeys
from kubeade.apiserver.authorization.forbidden import forbidden_because
from kubeade.apiserver.authorization.node import NODES_GROUP, node_name
from kubeade.apiserver.seams import Question, Reader, User
from kubeade.lib.clock import Clock
from kubeade.lib.ids import Ids
from kubeade.lib.timestamps import format_time

GROUP = "authentication.k8s.io"
DEFAULT_SECONDS = 3600
MIN_SECONDS = 600
MAX_SECONDS = 1 << 32
POD_TOKEN_SECONDS = 3607
"""What the projected volume of every pod asks for. Such tokens get a year, and a date from which they are
counted as stale: clients that never read their token again go on working (upstream's default)."""
EXTENDED_SECONDS = 365 * 24 * 3600

_BOUND_RESOURCES = {"Pod": PODS, "Secret": SECRETS, "Node": NODES}


@dataclass(frozen=True, slots=True)
class TokenIssuer:
    """Answers TokenRequests. `audiences` are the API server's own, the first issuer is the issuer."""

    keys: ServiceAccountKeys
    reader: Reader
    clock: Clock
    ids: Ids
    issuer: str
    audiences: Sequence[str]

    async def answer(self, question: Question) -> Object:
        """A `Responder`. Raises NotFound, BadRequest, Conflict, Invalid."""
        metadata, spec = question.body.get("metadata") or {}, dict(question.body.get("spec") or {})
        _check_names(question, metadata)
        account = self.reader.read(SERVICE_ACCOUNTS, question.name, question.namespace)
        if account is None:
            raise NotFound.of(SERVICE_ACCOUNTS.plural, question.name)
        _check_uid(metadata.get("uid", ""), account)
        spec["audiences"] = spec.get("audiences") or list(self.audiences)
        spec["expirationSeconds"] = seconds = spec.get("expirationSeconds") or DEFAULT_SECONDS
        _check_seconds(seconds)
        binding = self._binding(spec.get("boundObjectRef"), account)
        _check_node(question.user, spec.get("boundObjectRef") or {}, binding)
        now = self.clock.now()
        claims = token_claims(
            account,
            binding,
            self._validity(int(now.timestamp()), seconds, binding, spec["audiences"]),
            Issue(self.issuer, spec["audiences"], self.ids.uid()),
        )
        names = {key: account["metadata"][key] for key in ("name", "namespace", "uid")}
        owners = {key: value for key, value in metadata.items() if key == "managedFields"}
        status = {
            "token": self.keys.sign(claims),
            "expirationTimestamp": format_time(now + timedelta(seconds=seconds)),
        }
        return {
            "kind": "TokenRequest",
            "apiVersion": f"{GROUP}/v1",
            "metadata": {**names, "creationTimestamp": format_time(now), **owners},
            "spec": spec,
            "status": status,
        }

    def _validity(self, now: int, seconds: int, binding: Binding, audiences: Sequence[str]) -> Validity:
        for_us = set(audiences) <= set(self.audiences)
        if binding.pod is not None and seconds == POD_TOKEN_SECONDS and for_us:
            return Validity(now, now + EXTENDED_SECONDS, now + seconds)
        return Validity(now, now + seconds)

    def _binding(self, reference: Object | None, account: Object) -> Binding:
        if reference is None:
            return Binding()
        group, version = split_api_version(reference.get("apiVersion", ""))
        kind, name = reference.get("kind", ""), reference.get("name", "")
        resource = _BOUND_RESOURCES.get(kind)
        if resource is None or group:
            shown = f"{group}/{version}, Kind={kind}"
            raise BadRequest(f"cannot bind token to object of type {shown}")
        namespace = account["metadata"]["namespace"] if resource.namespaced else ""
        bound = self.reader.read(resource, name, namespace)
        if bound is None:
            raise NotFound.of(resource.plural, name)
        if kind == "Pod":
            _check_account(bound, account["metadata"]["name"])
        _check_bound_uid(resource, reference, bound)
        match kind:
            case "Pod":
                return Binding(pod=bound, node=self._node_of(bound))
            case "Secret":
                return Binding(secret=bound)
        return Binding(node=bound)

    def _node_of(self, pod: Object) -> Object | None:
        name = pod["spec"].get("nodeName")
        if not name:
            return None
        # A node that is not registered (yet) is still told by name.
        return self.reader.read(NODES, name) or {"metadata": {"name": name}}


def _check_names(question: Question, metadata: Object) -> None:
    for field, actual in (("name", question.name), ("namespace", question.namespace)):
        given = metadata.get(field) or actual
        if given != actual:
            why = f'Invalid value: "{given}": must match the service account {field} if specified'
            error = FieldError(f"metadata.{field}", "FieldValueInvalid", why)
            raise Invalid.of("TokenRequest", question.name, [error], GROUP)


def _check_uid(uid: str, account: Object) -> None:
    actual = account["metadata"]["uid"]
    if uid and uid != actual:
        name = account["metadata"]["name"]
        why = f"the UID in the token request ({uid}) does not match the UID of the service account ({actual})"
        raise Conflict.of("TokenRequest", name, why, GROUP)


def _check_seconds(seconds: int) -> None:
    why = ""
    if seconds < MIN_SECONDS:
        why = "may not specify a duration less than 10 minutes"
    elif seconds > MAX_SECONDS:
        why = "may not specify a duration larger than 2^32 seconds"
    if why:
        error = FieldError("spec.expirationSeconds", "FieldValueInvalid", f"Invalid value: {seconds}: {why}")
        raise Invalid.of("TokenRequest", "", [error], GROUP)


def _check_node(user: User, reference: Object, binding: Binding) -> None:
    """A node asks for the tokens of its own pods only (upstream: NodeRestriction)."""
    if NODES_GROUP not in user.groups:
        return
    why = ""
    if binding.pod is None:
        why = "node requested token not bound to a pod"
    elif not reference.get("uid"):
        why = "node requested token with a pod binding without a uid"
    elif binding.pod["spec"].get("nodeName") != node_name(user):
        why = "node requested token bound to a pod scheduled on a different node"
    if why:
        raise forbidden_because("", SERVICE_ACCOUNTS.plural, "", why)


def _check_account(pod: Object, account_name: str) -> None:
    if (pod["spec"].get("serviceAccountName") or "default") != account_name:
        raise BadRequest(
            f'cannot bind token for serviceaccount "{account_name}" to pod running with different '
            "serviceaccount name."
        )


def _check_bound_uid(resource: Resource, reference: Object, bound: Object) -> None:
    wanted, actual = reference.get("uid"), bound["metadata"]["uid"]
    if wanted and wanted != actual:
        why = (
            f"the UID in the bound object reference ({wanted}) does not match the UID in record. "
            "The object might have been deleted and then recreated"
        )
        raise Conflict.of(resource.kind, reference.get("name", ""), why)
