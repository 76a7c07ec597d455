"""Says in a ValidatingAdmissionPolicy's status what its expressions get wrong about the types they are for.

Upstream: pkg/controller/validatingadmissionpolicystatus. Types come from the API server's own discovery and
OpenAPI documents, so kinds of one's own are looked at, too. What a rule leaves open ("*") is not.
"""

from collections.abc import AsyncIterator

import msgspec

from kubeade.api.cel.requests import Variables
from kubeade.api.cel.type_check import type_problem
from kubeade.api.parts import part, parts, text, values
from kubeade.api.resource import Object, Resource
from kubeade.client.client import read_body
from kubeade.reconcile.controller import Controller
from kubeade.reconcile.environment import Environment

POLICIES = Resource(
    "admissionregistration.k8s.io",
    "v1",
    "validatingadmissionpolicies",
    "ValidatingAdmissionPolicy",
    namespaced=False,
)
_MOST_TYPES = 10


class PolicyStatusController:
    """One key is one policy."""

    def __init__(self, environment: Environment) -> None:
        self._client = environment.client
        self._policies = environment.informers.of(POLICIES)
        self.controller = Controller("validatingadmissionpolicy-status", self)
        self._policies.add_handler(self._changed)

    async def reconcile(self, key: str) -> float | None:
        policy = self._policies.get(key)
        if policy is None:
            return None
        generation = policy["metadata"].get("generation", 0)
        if part(policy, "status").get("observedGeneration") == generation:
            return None
        warnings = await self._warnings(policy)
        checking = {"expressionWarnings": warnings} if warnings else {}
        status = {"observedGeneration": generation, "typeChecking": checking}
        patch: Object = {"metadata": {"uid": policy["metadata"]["uid"]}, "status": status}
        await self._client.patch(POLICIES, key, patch, subresource="status")
        return None

    async def _warnings(self, policy: Object) -> list[Object]:
        spec = part(policy, "spec")
        variables = tuple((text(each, "name"), text(each, "expression")) for each in parts(spec, "variables"))
        kinds = [found async for found in self._kinds(spec)]
        found = []
        for index, validation in enumerate(parts(spec, "validations")):
            for key in ("expression", "messageExpression"):
                warning = _warning(text(validation, key), variables, kinds)
                if warning:
                    found.append({"fieldRef": f"spec.validations[{index}].{key}", "warning": warning})
        return found

    async def _kinds(self, spec: Object) -> AsyncIterator[tuple[str, Object, Object]]:
        """What the policy's rules name: how it is called, its schema, and all schemas of its group."""
        seen: set[tuple[str, str, str]] = set()
        for rule in parts(spec, "matchConstraints", "resourceRules"):
            for group in sorted(values(rule, "apiGroups")):
                for version in sorted(values(rule, "apiVersions")):
                    for resource in sorted(values(rule, "resources")):
                        place = (group, version, resource)
                        if "*" in "".join(place) or place in seen or len(seen) == _MOST_TYPES:
                            continue
                        seen.add(place)
                        found = await self._kind(*place)
                        if found is not None:
                            yield found

    async def _kind(self, group: str, version: str, resource: str) -> tuple[str, Object, Object] | None:
        """None for what is not served (yet), or has no schema."""
        path = f"apis/{group}/{version}" if group else f"api/{version}"
        served, document = await self._read(f"/{path}"), await self._read(f"/openapi/v3/{path}")
        kinds = [each["kind"] for each in parts(served, "resources") if each.get("name") == resource]
        schemas = part(document, "components", "schemas")
        for schema in schemas.values():
            for each in parts(schema, "x-kubernetes-group-version-kind"):
                if kinds and _kind_of(each) == (group, version, kinds[0]):
                    name = f"{group}/{version}" if group else f"/{version}"
                    return f"{name}, Kind={kinds[0]}", schema, schemas
        return None

    async def _read(self, path: str) -> Object:
        """A document of the server's; {} for one that it does not have."""
        response = await self._client.raw("GET", path)
        body = await read_body(response)
        return msgspec.json.decode(body, type=dict) if response.status == 200 else {}

    def _changed(self, old: Object | None, new: Object | None) -> None:
        if new is not None:
            self.controller.queue.add(new["metadata"]["name"])


def _kind_of(found: Object) -> tuple[str, str, str]:
    return text(found, "group"), text(found, "version"), text(found, "kind")


def _warning(expression: str, variables: Variables, kinds: list[tuple[str, Object, Object]]) -> str:
    """One line for each kind that the expression does not fit."""
    if not expression:
        return ""
    problems = [
        f"{name}: {problem}\n"
        for name, schema, schemas in kinds
        if (problem := type_problem(expression, variables, schema, schemas))
    ]
    return "\n".join(problems)
