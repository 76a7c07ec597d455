"""Which policies a request meets, with which parameters: what both kinds of policies share."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from kubeade.api.errors import NotFound
from kubeade.api.resource import Object, Resource
from kubeade.api.resources import NAMESPACES
from kubeade.apiserver.admission.dynamic.expressions import Scope
from kubeade.apiserver.admission.dynamic.matching import is_namespace
from kubeade.apiserver.admission.dynamic.view import Views, admission_request
from kubeade.apiserver.admission.policies.params import ParamError, param_resource, params_of
from kubeade.apiserver.admission.policies.policy import Binding, Policy
from kubeade.apiserver.derived import ObjectIndex
from kubeade.apiserver.seams import AdmissionAttributes, Authorizer, Reader

_IDENTITY = ("name", "generateName", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp")
_ENDING = ("deletionTimestamp", "deletionGracePeriodSeconds", "finalizers")
_METADATA = frozenset((*_IDENTITY, *_ENDING, "labels", "annotations"))


@dataclass(frozen=True, slots=True)
class Invocation:
    """A policy to evaluate, or `error`: why its configuration does not allow that."""

    policy: Policy
    binding: Binding | None
    resource: Resource
    param: Object | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Invocations:
    """What both plugins find out about a request with."""

    reader: Reader
    namespaces: ObjectIndex
    authorizer: Authorizer

    async def of(
        self, bound: list[tuple[Policy, list[Binding]]], attributes: AdmissionAttributes, views: Views
    ) -> AsyncIterator[Invocation]:
        """Raises NotFound for a namespace that is gone."""
        kinds, namespace = views.kinds, namespace_of(attributes)
        for policy, bindings in bound:
            resource = policy.matcher.match(attributes, kinds, self.namespaces)
            if resource is None:
                continue
            try:
                param_kind = param_resource(policy, kinds)
            except ParamError as error:
                yield Invocation(policy, None, resource, error=f"failed to configure policy: {error}")
                continue
            for binding in bindings:
                if binding.matcher.match(attributes, kinds, self.namespaces) is None:
                    continue
                try:
                    params = await params_of(binding, param_kind, namespace, self.reader, kinds)
                except ParamError as error:
                    yield Invocation(policy, binding, resource, error=f"failed to configure binding: {error}")
                    continue
                for param in params:
                    yield Invocation(policy, binding, resource, param)

    async def scope(self, invocation: Invocation, attributes: AdmissionAttributes, views: Views) -> Scope:
        """The variables of the invocation's expressions."""
        view = await views.of(invocation.resource)
        request = admission_request(attributes, view, "", views.kinds)
        scope = Scope.of(attributes, self.authorizer, view, request)
        namespace = self._namespace_object(namespace_of(attributes))
        return scope.also(params=invocation.param, namespaceObject=namespace)

    def _namespace_object(self, name: str) -> Object | None:
        """The fields that upstream shows (CreateNamespaceObject); None for what lies in no namespace."""
        if not name:
            return None
        found = self.namespaces.get(name)
        if found is None:
            raise NotFound.of(NAMESPACES.plural, name)
        metadata = {key: value for key, value in found["metadata"].items() if key in _METADATA}
        shown = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
        return {**shown, **{key: found[key] for key in ("spec", "status") if key in found}}


def namespace_of(attributes: AdmissionAttributes) -> str:
    return "" if is_namespace(attributes) else attributes.namespace
