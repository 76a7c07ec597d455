"""Rules of pods: created, updated, bound, resized, looked into, reported on (upstream: ValidatePod*)."""

import copy

from kubeade.api.parts import number, part, parts, text
from kubeade.api.resource import Object
from kubeade.api.validation.containers import trimmed_image
from kubeade.api.validation.fields import (
    Errors,
    forbidden,
    in_range,
    invalid,
    messages,
    not_supported,
    required,
)
from kubeade.api.validation.names import dns_subdomain, qualified_name
from kubeade.api.validation.paths import is_ip
from kubeade.api.validation.pod_spec import pod_spec, pod_template
from kubeade.api.validation.scheduling import tolerations

_UPDATABLE = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
    "`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` "
    "(allow it to be set to 1 if it was previously negative)"
)
_MIRROR = "kubernetes.io/config.mirror"
_LONGEST_DEADLINE_SECONDS = 2**31 - 1
_CONTAINER_LISTS = ("containers", "initContainers")


def pod(found: Object) -> Errors:
    """Any pod, new or changed."""
    spec = part(found, "spec")
    yield from pod_spec(spec, "spec", text(found, "metadata", "name"), is_pod=True)
    for key in _CONTAINER_LISTS:
        for index, container in enumerate(parts(spec, key)):
            yield from trimmed_image(container, f"spec.{key}[{index}]")


def pod_create(found: Object) -> Errors:
    """A new pod."""
    yield from pod(found)
    spec = part(found, "spec")
    if parts(spec, "ephemeralContainers"):
        yield forbidden("spec.ephemeralContainers", "cannot be set on create")
    if text(spec, "nodeName") and parts(spec, "schedulingGates"):
        yield forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared")


def pod_update(new: Object, old: Object) -> Errors:
    """A changed pod: nearly everything stays as it was ordered."""
    yield from pod(new)
    new_spec, old_spec = part(new, "spec"), part(old, "spec")
    for key in _CONTAINER_LISTS:
        if len(parts(new_spec, key)) != len(parts(old_spec, key)):
            yield forbidden(f"spec.{key}", "pod updates may not add or remove containers")
            return
    yield from _deadline(new_spec, old_spec)
    yield from _tolerations(new_spec, old_spec)
    yield from _scheduling_gates(new_spec, old_spec)
    if new_spec != old_spec:
        yield from _other_fields(new_spec, old_spec)


def _deadline(new: Object, old: Object) -> Errors:
    path, before, after = "spec.activeDeadlineSeconds", old.get("activeDeadlineSeconds"), None
    after = new.get("activeDeadlineSeconds")
    if after is not None:
        yield from in_range(path, after, 0, _LONGEST_DEADLINE_SECONDS)
        if before is not None and number(old, "activeDeadlineSeconds") < number(new, "activeDeadlineSeconds"):
            yield invalid(path, after, "must be less than or equal to previous value")
    elif before is not None:
        yield invalid(path, None, "must not update from a positive integer to nil value")


def _tolerations(new: Object, old: Object) -> Errors:
    kept = [_without_seconds(toleration) for toleration in parts(new, "tolerations")]
    if all(_without_seconds(toleration) in kept for toleration in parts(old, "tolerations")):
        yield from tolerations(parts(new, "tolerations"), "spec.tolerations")
    else:
        detail = "existing toleration can not be modified except its tolerationSeconds"
        yield forbidden("spec.tolerations", detail)


def _without_seconds(toleration: Object) -> Object:
    return {key: value for key, value in toleration.items() if key != "tolerationSeconds"}


def _scheduling_gates(new: Object, old: Object) -> Errors:
    before = {text(gate, "name") for gate in parts(old, "schedulingGates")}
    for index, gate in enumerate(parts(new, "schedulingGates")):
        if (name := text(gate, "name")) not in before:
            detail = f"only deletion is allowed, but found new scheduling gate '{name}'"
            yield forbidden(f"spec.schedulingGates[{index}].name", detail)


def _other_fields(new: Object, old: Object) -> Errors:
    """Whatever differs once all that may differ is put back."""
    restored = copy.deepcopy(new)
    for key in _CONTAINER_LISTS:
        for container, before in zip(parts(restored, key), parts(old, key), strict=True):
            _restore(container, before, "image")
    for key in ("activeDeadlineSeconds", "schedulingGates", "tolerations"):
        _restore(restored, old, key)
    if (
        number(old, "terminationGracePeriodSeconds") < 0
        and restored.get("terminationGracePeriodSeconds") == 1
    ):
        _restore(restored, old, "terminationGracePeriodSeconds")
    if parts(old, "schedulingGates"):
        yield from _gated(restored, old)
    if restored != old:
        changed = sorted(key for key in {*restored, *old} if restored.get(key) != old.get(key))
        difference = "\n".join(f"  spec.{key}" for key in changed)
        yield forbidden("spec", f"pod updates may not change fields other than {_UPDATABLE}\n{difference}")


def _restore(restored: Object, old: Object, key: str) -> None:
    if key in old:
        restored[key] = old[key]
    else:
        restored.pop(key, None)


def _gated(restored: Object, old: Object) -> Errors:
    """A pod that may not be scheduled yet may be sent to fewer nodes than before."""
    before, after = part(old, "nodeSelector"), part(restored, "nodeSelector")
    if any(after.get(key) != value for key, value in before.items()):
        detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
        yield invalid("spec.nodeSelector", after, detail)
    _restore(restored, old, "nodeSelector")
    affinity = restored.get("affinity")
    if isinstance(affinity, dict) and part(affinity, "nodeAffinity") != part(old, "affinity", "nodeAffinity"):
        _restore(affinity, part(old, "affinity"), "nodeAffinity")
        if not affinity and "affinity" not in old:
            del restored["affinity"]


_SYSTEM_CONDITIONS = ("PodScheduled", "Ready", "Initialized")


def pod_status(new: Object, old: Object) -> Errors:
    """What the kubelet reports."""
    if text(new, "spec", "nodeName") != text(old, "spec", "nodeName"):
        yield forbidden("status.nodeName", "may not be changed directly")
    status, before = part(new, "status"), part(old, "status")
    for index, condition in enumerate(parts(status, "conditions")):
        kind = text(condition, "type")
        if kind not in _SYSTEM_CONDITIONS:
            yield from messages(f"status.conditions[{index}].Type", kind, qualified_name(kind))
    if number(status, "observedGeneration") < 0:
        yield invalid(
            "status.observedGeneration", status["observedGeneration"], "must be a non-negative integer"
        )
    name = text(status, "nominatedNodeName")
    if name and name != text(before, "nominatedNodeName"):
        yield from messages("status.nominatedNodeName", name, dns_subdomain(name))
    if before.get("qosClass") and status.get("qosClass") != before["qosClass"]:
        yield invalid("status.qosClass", text(status, "qosClass"), "field is immutable")
    yield from _status_ips(status)
    yield from _transitions(new, old)


def _status_ips(status: Object) -> Errors:
    for key in ("podIPs", "hostIPs"):
        for index, entry in enumerate(parts(status, key)):
            address = text(entry, "ip")
            if not is_ip(address):
                detail = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
                yield invalid(f"status.{key}[{index}]", address, detail)


def _transitions(new: Object, old: Object) -> Errors:
    """A container that ended does not run again unless its policy says so."""
    policy = text(old, "spec", "restartPolicy")
    rules = any("restartPolicy" in container for container in parts(old, "spec", "containers"))
    if policy == "Always" or rules:
        return
    after = {text(s, "name"): s for s in parts(new, "status", "containerStatuses")}
    for index, before in enumerate(parts(old, "status", "containerStatuses")):
        terminated = part(before, "state").get("terminated")
        if not isinstance(terminated, dict):
            continue
        if policy == "OnFailure" and number(terminated, "exitCode"):
            continue
        state = part(after.get(text(before, "name")), "state")
        if state and "terminated" not in state:
            detail = "may not be transitioned to non-terminated state"
            yield forbidden(f"status.containerStatuses[{index}].state", detail)


def pod_ephemeral_containers(new: Object, old: Object) -> Errors:
    """Ephemeral containers are added, never changed or removed."""
    if _MIRROR in part(old, "metadata", "annotations"):
        yield forbidden("", "static pods do not support ephemeral containers")
        return
    yield from pod(new)
    path = "spec.ephemeralContainers"
    after = {text(c, "name"): c for c in parts(new, "spec", "ephemeralContainers")}
    for before in parts(old, "spec", "ephemeralContainers"):
        name = text(before, "name")
        if name not in after:
            yield forbidden(path, f'existing ephemeral containers "{name}" may not be removed\n')
        elif after[name] != before:
            yield forbidden(path, f'existing ephemeral containers "{name}" may not be changed\n')


def pod_binding(binding: Object) -> Errors:
    """The scheduler's word on where a pod goes."""
    kind = text(binding, "target", "kind")
    if kind not in ("", "Node"):
        yield not_supported("target.kind", kind, ("Node", "<empty>"))
    if not text(binding, "target", "name"):
        yield required("target.name")


def pod_template_object(found: Object) -> Errors:
    """A PodTemplate."""
    yield from pod_template(part(found, "template"), "template")
