"""The parameters that a binding hands to its policy (upstream: policy/generic CollectParams)."""

from kubeade.api.parts import text
from kubeade.api.resource import Object, Resource
from kubeade.api.selectors import LabelSelector
from kubeade.apiserver.admission.policies.policy import Binding, Policy
from kubeade.apiserver.seams import Kinds, Reader


class ParamError(Exception):
    """The policy or the binding asks for parameters that cannot be had."""


def param_resource(policy: Policy, kinds: Kinds) -> Resource | None:
    """The resource of the policy's paramKind; None where it has none. Raises ParamError."""
    kind = policy.param_kind
    if kind is None:
        return None
    api_version, name = text(kind, "apiVersion"), text(kind, "kind")
    found = kinds.by_kind(api_version, name)
    if found is None:
        group, _, version = api_version.rpartition("/")
        shown = f"{group}/{version}, Kind={name}"
        raise ParamError(f"failed to find resource referenced by paramKind: '{shown}'")
    return found


async def params_of(
    binding: Binding, resource: Resource | None, namespace: str, reader: Reader, kinds: Kinds
) -> list[Object | None]:
    """The objects to evaluate with, one after the other; [None] for a policy without parameters. Raises
    ParamError."""
    reference = binding.param_ref
    if resource is None or reference is None:
        return [None]
    place = _namespace(reference, resource, namespace)
    found = [await kinds.convert(each, resource) for each in _chosen(reference, resource, place, reader)]
    if not found and text(reference, "parameterNotFoundAction") != "Allow":
        raise ParamError("no params found for policy binding with `Deny` parameterNotFoundAction")
    return list(found)


def _namespace(reference: Object, resource: Resource, namespace: str) -> str:
    named = text(reference, "namespace")
    if not resource.namespaced:
        if named:
            raise ParamError("paramRef.namespace must not be provided for a cluster-scoped `paramKind`")
        return ""
    if not named and not namespace:
        raise ParamError(
            "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources"
        )
    return named or namespace


def _chosen(reference: Object, resource: Resource, namespace: str, reader: Reader) -> list[Object]:
    name = text(reference, "name")
    if name:
        found = reader.read(resource, name, namespace)
        return [] if found is None else [found]
    selector = LabelSelector.from_object(reference.get("selector"))
    everything = reader.read_all(resource, namespace)
    return [each for each in everything if selector.matches(each["metadata"].get("labels"))]
