"""`pods/eviction`: delete a pod, if its disruption budgets can do without it (upstream:
core/pod/storage/eviction.go).

The budget is charged before the pod goes: its status counts one disruption less and names the pod, so that
evictions at the same time cannot overdraw it.
"""

from dataclasses import replace
from typing import Any

from kubeade.api.errors import BadRequest, InternalError, TooManyRequests
from kubeade.api.parts import part, parts, text
from kubeade.api.resource import Object, Resource
from kubeade.api.resources import POD_DISRUPTION_BUDGETS
from kubeade.api.selectors import LabelSelector
from kubeade.apiserver import rules
from kubeade.apiserver.call import Call
from kubeade.apiserver.delete_options import DeleteOptions
from kubeade.apiserver.encoding import decode_object, revision_of
from kubeade.apiserver.responses import value_response
from kubeade.apiserver.seams import Operation
from kubeade.apiserver.verbs.change import change, unchecked
from kubeade.apiserver.verbs.delete import check_preconditions, delete_object
from kubeade.lib.http.message import Response
from kubeade.lib.timestamps import format_time

EVICTION = Resource("policy", "v1", "evictions", "Eviction")
_MOST_DISRUPTED = 2000
_FREE_PHASES = ("Pending", "Succeeded", "Failed")


async def evict(call: Call) -> Response:
    """Raises NotFound; TooManyRequests (cause DisruptionBudget) where a budget forbids it for now."""
    eviction = rules.read(call, EVICTION)
    name = text(eviction, "metadata", "name") or call.info.name
    if name != call.info.name:
        raise BadRequest("name in URL does not match name in Eviction object")
    options = _options(call, part(eviction, "deleteOptions"))
    pod = decode_object(call.record().value)
    attributes = call.admission_attributes(Operation.CREATE, eviction, None, call.info.name, "Eviction")
    await call.backend.admission.mutate(attributes)
    await call.backend.admission.validate(attributes)
    if not _ignores_budgets(pod):
        await _charge(call, pod)
    if not call.options.dry_run:
        options = await _disrupt(call, options)
    one = replace(call, info=replace(call.info, verb="delete", subresource=""))
    await delete_object(one, options)
    return value_response(
        call, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}, 201
    )


def _options(call: Call, raw: Object) -> DeleteOptions:
    preconditions = part(raw, "preconditions")
    call.options.dry_run |= bool(raw.get("dryRun"))
    return DeleteOptions(
        raw.get("gracePeriodSeconds"),
        text(raw, "propagationPolicy"),
        text(preconditions, "uid"),
        text(preconditions, "resourceVersion"),
        raw=raw,
    )


async def _disrupt(call: Call, options: DeleteOptions) -> DeleteOptions:
    """Say in the pod's status why it goes; Jobs, for one, ask. The options for the state after that."""
    now = format_time(call.backend.clock.now())
    condition = {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
        "lastTransitionTime": now,
    }

    def marked(pod: Object) -> Object:
        check_preconditions(call, pod, options)
        status = pod.setdefault("status", {})
        others = [one for one in parts(status, "conditions") if one.get("type") != condition["type"]]
        status["conditions"] = [*others, condition]
        pod["metadata"].pop("resourceVersion")
        return pod

    changed = await change(replace(call, info=replace(call.info, subresource="status")), marked, unchecked)
    if not options.resource_version:
        return options
    return replace(options, resource_version=str(revision_of(changed.value)))


def _ignores_budgets(pod: Object) -> bool:
    """Pods that do not run take nothing from a budget; neither does one that is being deleted."""
    if part(pod, "metadata").get("deletionTimestamp"):
        return True
    return part(pod, "status").get("phase") in _FREE_PHASES


async def _charge(call: Call, pod: Object) -> None:
    namespace = pod["metadata"]["namespace"]
    budgets = [b for b in call.backend.storage.read_all(POD_DISRUPTION_BUDGETS, namespace) if _covers(b, pod)]
    if len(budgets) > 1:
        raise InternalError(
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        )
    if not budgets or _is_unready_and_free(budgets[0], pod):
        return
    resource_type = call.backend.catalogue.any_version("policy", "poddisruptionbudgets")
    assert resource_type is not None
    info = replace(
        call.info, resource="poddisruptionbudgets", name=budgets[0]["metadata"]["name"], subresource="status"
    )
    now = format_time(call.backend.clock.now())
    await change(
        replace(call, type=resource_type, info=info), lambda budget: _charged(budget, pod, now), unchecked
    )


def _covers(budget: Object, pod: Object) -> bool:
    selector = LabelSelector.from_object(part(budget, "spec").get("selector"))
    return selector.matches(pod["metadata"].get("labels"))


def _is_unready_and_free(budget: Object, pod: Object) -> bool:
    """A pod that is not ready may go when its budget is kept without it, or when the policy always lets
    it."""
    ready = any(
        c.get("type") == "Ready" and c.get("status") == "True"
        for c in part(pod, "status").get("conditions") or []
    )
    if ready:
        return False
    if part(budget, "spec").get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    status = part(budget, "status")
    healthy, desired = status.get("currentHealthy", 0), status.get("desiredHealthy", 0)
    return bool(healthy >= desired and desired > 0)


def _charged(budget: Object, pod: Object, now: str) -> Object:
    status = budget.setdefault("status", {})
    name = budget["metadata"]["name"]
    if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
        raise _refused(f"The disruption budget {name} is still being processed by the server.", retry=10)
    allowed = status.get("disruptionsAllowed", 0)
    if allowed <= 0:
        raise _refused(
            f"The disruption budget {name} needs {status.get('desiredHealthy', 0)} healthy pods and has "
            f"{status.get('currentHealthy', 0)} currently"
        )
    disrupted: dict[str, Any] = status.setdefault("disruptedPods", {})
    if len(disrupted) > _MOST_DISRUPTED:
        raise _refused("DisruptedPods map too big - too many evictions not confirmed by PDB controller")
    status["disruptionsAllowed"] = allowed - 1
    disrupted[pod["metadata"]["name"]] = now
    budget["metadata"].pop("resourceVersion", None)
    return budget


def _refused(cause: str, retry: int = 0) -> TooManyRequests:
    details: Object = {"causes": [{"reason": "DisruptionBudget", "message": cause}]}
    if retry:
        details["retryAfterSeconds"] = retry
    return TooManyRequests(
        "Cannot evict pod as it would violate the pod's disruption budget.", details=details
    )
