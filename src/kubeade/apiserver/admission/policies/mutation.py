"""What one mutation makes of an object (upstream: policy/mutating/patch)."""

from typing import Any

from kubeade.api.apply.check import errors_of, message
from kubeade.api.apply.merge import merge
from kubeade.api.apply.shape import Form, Shape, shape_of
from kubeade.api.errors import ApiError
from kubeade.api.patch import json_patch
from kubeade.api.resource import Object, Resource
from kubeade.apiserver.admission.dynamic.view import body_resource
from kubeade.apiserver.seams import Kinds


class MutationFailed(Exception):
    """A mutation that came to nothing."""


def mutated(kind: str, value: Any, obj: Object, resource: Resource, kinds: Kinds) -> Object:
    """The object after a mutation whose expression came to `value`. Raises MutationFailed."""
    resource = body_resource(resource, obj)
    try:
        patched = _patched(value, obj) if kind == "JSONPatch" else _applied(value, obj, resource, kinds)
        return kinds.completed(resource, patched)
    except ApiError as error:
        raise MutationFailed(error.message) from None


def _patched(operations: list[Any], obj: Object) -> Object:
    """A patch whose test does not hold changes nothing."""
    try:
        found: Object = json_patch(obj, operations)
    except ApiError as error:
        if any(isinstance(each, dict) and each.get("op") == "test" for each in operations):
            return obj
        raise MutationFailed(f"JSON Patch: {error.message}") from None
    return found


def _applied(configuration: Object, obj: Object, resource: Resource, kinds: Kinds) -> Object:
    """Raises MutationFailed for what takes an atomic list or map apart, or says another kind."""
    shape = shape_of(kinds.node(resource))
    whole = {**configuration, "apiVersion": obj["apiVersion"], "kind": obj["kind"]}
    errors = errors_of(whole, shape)
    if errors:
        why = message(errors)
        raise MutationFailed(f"error applying patch: failed to convert patch object to typed object: {why}")
    problem = _atomic_problem(whole, shape)
    if problem:
        raise MutationFailed(f"error applying patch: invalid ApplyConfiguration: {problem}")
    return merge(obj, whole, shape)


def _atomic_problem(value: Any, shape: Shape, path: str = "") -> str:
    """Upstream refuses to set atomic lists and maps: the policy's author cannot know what he would drop."""
    if isinstance(value, dict):
        if shape.form is not Form.MAP and value:
            return f"may not mutate atomic arrays, maps or structs: {path}" if path else ""
        for name, member in value.items():
            found = _atomic_problem(member, shape.step(name)[1], f"{path}.{name}")
            if found:
                return found
    if isinstance(value, list):
        if shape.form is not Form.LIST:
            return f"may not mutate atomic arrays, maps or structs: {path}"
        for item in value:
            found = _atomic_problem(item, shape.items, f"{path}[]") if shape.items else ""
            if found:
                return found
    return ""
