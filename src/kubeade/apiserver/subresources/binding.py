"""`pods/binding`: a scheduler gives a pod to a node. A pod is given once."""

from dataclasses import replace

from kubeade.api.errors import BadRequest, Conflict, FieldError, Invalid
from kubeade.api.parts import part, text
from kubeade.api.resource import Object, Resource
from kubeade.api.resources import PODS
from kubeade.apiserver import rules
from kubeade.apiserver.call import Call
from kubeade.apiserver.responses import value_response
from kubeade.apiserver.seams import Operation
from kubeade.apiserver.verbs.change import change, unchecked
from kubeade.lib.http.message import Response
from kubeade.lib.timestamps import format_time

BINDING = Resource("", "v1", "bindings", "Binding")


async def bind(call: Call) -> Response:
    """Raises NotFound, Conflict for a pod that is bound or being deleted."""
    binding = rules.read(call, BINDING)
    name = call.info.name or text(binding, "metadata", "name")
    if text(binding, "metadata", "name") not in {"", name}:
        raise BadRequest("name in URL does not match name in Binding object")
    _check(binding, name)
    attributes = call.admission_attributes(Operation.CREATE, binding, None, name, "Binding")
    await call.backend.admission.mutate(attributes)
    await call.backend.admission.validate(attributes)
    pods = call.backend.catalogue.find("", "v1", "pods")
    assert pods is not None
    info = replace(call.info, resource="pods", name=name, subresource="binding")
    await change(replace(call, type=pods, info=info), lambda pod: _bound(call, pod, binding), unchecked)
    return value_response(
        call, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}, 201
    )


def _check(binding: Object, name: str) -> None:
    target, errors = part(binding, "target"), []
    if target.get("kind") not in {None, "", "Node"}:
        message = f'Unsupported value: "{target["kind"]}": supported values: "Node", ""'
        errors.append(FieldError("target.kind", "FieldValueNotSupported", message))
    if not target.get("name"):
        errors.append(FieldError("target.name", "FieldValueRequired", "Required value"))
    if errors:
        raise Invalid.of("Binding", name, errors)


def _bound(call: Call, pod: Object, binding: Object) -> Object:
    metadata, spec, name = pod["metadata"], pod["spec"], pod["metadata"]["name"]
    node = binding["target"]["name"]
    sent = part(binding, "metadata")
    if sent.get("uid") and sent["uid"] != metadata["uid"]:
        why = (
            f"Precondition failed: UID in precondition: {sent['uid']}, UID in object meta: {metadata['uid']}"
        )
        raise Conflict.of(PODS.plural, name, why)
    if metadata.get("deletionTimestamp"):
        raise Conflict.of("pods/binding", name, f"pod {name} is being deleted, cannot be assigned to a host")
    if spec.get("nodeName"):
        raise Conflict.of(
            "pods/binding", name, f'pod {name} is already assigned to node "{spec["nodeName"]}"'
        )
    if spec.get("schedulingGates"):
        raise Conflict.of("pods/binding", name, f"pod {name} has non-empty .spec.schedulingGates")
    spec["nodeName"] = node
    for key in ("annotations", "labels"):
        if sent.get(key):
            metadata[key] = {**(metadata.get(key) or {}), **sent[key]}
    metadata["resourceVersion"] = sent.get("resourceVersion") or ""
    _condition(pod, format_time(call.backend.clock.now()))
    return pod


def _condition(pod: Object, now: str) -> None:
    """PodScheduled becomes True."""
    status = pod.setdefault("status", {})
    conditions = [c for c in status.get("conditions") or [] if c.get("type") != "PodScheduled"]
    found: Object = {
        "type": "PodScheduled",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": now,
    }
    generation = pod["metadata"].get("generation")
    if generation:
        found["observedGeneration"] = generation
    status["conditions"] = [*conditions, found]
