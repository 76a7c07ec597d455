"""Rules of resizing a running pod (upstream: ValidatePodResize)."""

import copy

from kubeade.api.parts import part, parts, text
from kubeade.api.resource import Object
from kubeade.api.validation.fields import Errors, forbidden, invalid
from kubeade.api.validation.pods import pod

_MIRROR = "kubernetes.io/config.mirror"
_RESIZABLE = ("cpu", "memory")
_CONTAINER_LISTS = ("containers", "initContainers")


def pod_resize(new: Object, old: Object) -> Errors:
    """CPU and memory of containers and sidecars may change; nothing else."""
    if _MIRROR in part(old, "metadata", "annotations"):
        yield forbidden("", "static pods cannot be resized")
        return
    yield from pod(new)
    new_spec, old_spec = part(new, "spec"), part(old, "spec")
    if _is_best_effort(new_spec) != _is_best_effort(old_spec):
        qos = text(new, "status", "qosClass")
        yield invalid("spec", qos, "Pod QOS Class may not change as a result of resizing")
    reordered = list(_order(new_spec, old_spec))
    yield from reordered
    if reordered:
        return
    restored = copy.deepcopy(new_spec)
    for key in _CONTAINER_LISTS:
        for index, before in enumerate(parts(old_spec, key)):
            yield from _container(parts(restored, key)[index], before, f"spec.{key}[{index}]", key)
    if restored != old_spec:
        yield forbidden("spec", "only cpu and memory resources are mutable")


def _is_best_effort(spec: Object) -> bool:
    listed = [c for key in _CONTAINER_LISTS for c in parts(spec, key)]
    return not any(part(c, "resources", k) for c in listed for k in ("requests", "limits"))


def _order(new: Object, old: Object) -> Errors:
    for key in _CONTAINER_LISTS:
        after, before = parts(new, key), parts(old, key)
        if len(after) != len(before):
            yield forbidden(f"spec.{key}", f"{key} may not be added or removed on resize")
            continue
        for index, container in enumerate(before):
            if text(after[index], "name") != text(container, "name"):
                detail = f"{key} may not be renamed or reordered on resize"
                yield forbidden(f"spec.{key}[{index}].name", detail)


def _container(restored: Object, before: Object, path: str, key: str) -> Errors:
    if key == "initContainers" and before.get("restartPolicy") != "Always":
        if restored != before:
            yield forbidden("spec", "resources for non-sidecar init containers are immutable")
        return
    for kind in ("requests", "limits"):
        removed = set(part(before, "resources", kind)) - set(part(restored, "resources", kind))
        if removed:
            yield forbidden(f"{path}.resources.{kind}", f"resource {kind} cannot be removed")
    _put_back(restored, before)


def _put_back(restored: Object, before: Object) -> None:
    resources: Object = {**part(restored, "resources")}
    for kind in ("requests", "limits"):
        old = part(before, "resources", kind)
        found = {name: value for name, value in part(resources, kind).items() if name not in _RESIZABLE}
        found |= {name: value for name, value in old.items() if name in _RESIZABLE}
        resources.pop(kind, None)
        if found or kind in part(before, "resources"):
            resources[kind] = found
    if resources or "resources" in before:
        restored["resources"] = resources
    else:
        restored.pop("resources", None)
