"""How the kinds that own pods are printed."""

from datetime import datetime

from kubeade.api.parts import number, part, parts, text, values
from kubeade.api.resource import Object, split_api_version
from kubeade.api.tables.column import Cells, printer
from kubeade.api.tables.formats import (
    NONE,
    UNSET,
    age,
    container_names,
    human_duration,
    label_selector,
    labels,
    moment_of,
    name_of,
    selector_text,
    since,
    some,
    true_false,
)

_WIDE = "+Containers|+Images|+Selector"


def _template(obj: Object) -> tuple[str, str]:
    return container_names(part(obj, "spec", "template", "spec"))


def deployment_cells(deployment: Object, now: datetime) -> Cells:
    spec, status = part(deployment, "spec"), part(deployment, "status")
    return [
        name_of(deployment),
        f"{number(status, 'readyReplicas')}/{number(spec, 'replicas')}",
        number(status, "updatedReplicas"),
        number(status, "availableReplicas"),
        age(deployment, now),
        *_template(deployment),
        selector_text(spec.get("selector")),
    ]


def replica_set_cells(replica_set: Object, now: datetime) -> Cells:
    spec = part(replica_set, "spec")
    return [*_replicas(replica_set, now), label_selector(spec.get("selector"))]


def replication_controller_cells(controller: Object, now: datetime) -> Cells:
    return [*_replicas(controller, now), labels(part(controller, "spec", "selector"))]


def _replicas(obj: Object, now: datetime) -> Cells:
    status = part(obj, "status")
    desired = number(obj, "spec", "replicas")
    counts = [desired, number(status, "replicas"), number(status, "readyReplicas")]
    return [name_of(obj), *counts, age(obj, now), *_template(obj)]


def stateful_set_cells(stateful_set: Object, now: datetime) -> Cells:
    ready = f"{number(stateful_set, 'status', 'readyReplicas')}/{number(stateful_set, 'spec', 'replicas')}"
    return [name_of(stateful_set), ready, age(stateful_set, now), *_template(stateful_set)]


def daemon_set_cells(daemon_set: Object, now: datetime) -> Cells:
    status = part(daemon_set, "status")
    return [
        name_of(daemon_set),
        number(status, "desiredNumberScheduled"),
        number(status, "currentNumberScheduled"),
        number(status, "numberReady"),
        number(status, "updatedNumberScheduled"),
        number(status, "numberAvailable"),
        labels(part(daemon_set, "spec", "template", "spec", "nodeSelector")),
        age(daemon_set, now),
        *_template(daemon_set),
        label_selector(part(daemon_set, "spec").get("selector")),
    ]


def job_cells(job: Object, now: datetime) -> Cells:
    selector = label_selector(part(job, "spec").get("selector"))
    times = [_job_duration(job, now), age(job, now)]
    return [name_of(job), _job_state(job), _completions(job), *times, *_template(job), selector]


def _job_state(job: Object) -> str:
    true = {c.get("type") for c in parts(job, "status", "conditions") if c.get("status") == "True"}
    if "Complete" in true:
        return "Complete"
    if "Failed" in true:
        return "Failed"
    if part(job, "metadata").get("deletionTimestamp") is not None:
        return "Terminating"
    states = ("Suspended", "FailureTarget", "SuccessCriteriaMet")
    return next((state for state in states if state in true), "Running")


def _completions(job: Object) -> str:
    succeeded, spec = number(job, "status", "succeeded"), part(job, "spec")
    if spec.get("completions") is not None:
        return f"{succeeded}/{number(spec, 'completions')}"
    parallelism = number(spec, "parallelism")
    return f"{succeeded}/1 of {parallelism}" if parallelism > 1 else f"{succeeded}/1"


def _job_duration(job: Object, now: datetime) -> str:
    status = part(job, "status")
    started = moment_of(status.get("startTime"))
    completed = moment_of(status.get("completionTime"))
    return "" if started is None else human_duration((completed or now) - started)


def cron_job_cells(cron_job: Object, now: datetime) -> Cells:
    spec, status = part(cron_job, "spec"), part(cron_job, "status")
    job_spec = part(spec, "jobTemplate", "spec")
    last = status.get("lastScheduleTime")
    return [
        name_of(cron_job),
        text(spec, "schedule"),
        text(spec, "timeZone") or NONE,
        true_false(spec.get("suspend")),
        len(values(status, "active")),
        NONE if last is None else since(last, now),
        age(cron_job, now),
        *container_names(part(job_spec, "template", "spec")),
        label_selector(job_spec.get("selector")),
    ]


def controller_revision_cells(revision: Object, now: datetime) -> Cells:
    owners = parts(revision, "metadata", "ownerReferences")
    owner = next((o for o in owners if o.get("controller")), None)
    controller = NONE
    if owner is not None:
        group, _ = split_api_version(text(owner, "apiVersion"))
        kind = text(owner, "kind").lower()
        controller = f"{kind}.{group}/{text(owner, 'name')}" if group else f"{kind}/{text(owner, 'name')}"
    return [name_of(revision), controller, number(revision, "revision"), age(revision, now)]


def pod_disruption_budget_cells(budget: Object, now: datetime) -> Cells:
    spec = part(budget, "spec")
    limits = [
        "N/A" if spec.get(key) is None else str(spec[key]) for key in ("minAvailable", "maxUnavailable")
    ]
    return [name_of(budget), *limits, number(budget, "status", "disruptionsAllowed"), age(budget, now)]


def horizontal_pod_autoscaler_cells(autoscaler: Object, now: datetime) -> Cells:
    spec, status = part(autoscaler, "spec"), part(autoscaler, "status")
    target = part(spec, "scaleTargetRef")
    return [
        name_of(autoscaler),
        f"{text(target, 'kind')}/{text(target, 'name')}",
        _metrics(spec, status),
        UNSET if spec.get("minReplicas") is None else str(number(spec, "minReplicas")),
        number(spec, "maxReplicas"),
        number(status, "currentReplicas"),
        age(autoscaler, now),
    ]


def _metrics(spec: Object, status: Object) -> str:
    if "metrics" not in spec and spec.get("targetCPUUtilizationPercentage") is not None:
        now = status.get("currentCPUUtilizationPercentage")
        current = "<unknown>" if now is None else f"{now}%"
        return f"cpu: {current}/{spec['targetCPUUtilizationPercentage']}%"
    statuses = parts(status, "currentMetrics")
    written = []
    for index, metric in enumerate(parts(spec, "metrics")):
        written.append(_metric(metric, statuses[index] if index < len(statuses) else {}))
    return some(written, limit=2, empty=NONE, separator=", ")


def _metric(metric: Object, status: Object) -> str:
    kind = text(metric, "type")
    key = kind[:1].lower() + kind[1:]
    source, current = part(metric, key), part(status, key, "current")
    target = part(source, "target")
    if kind in ("Resource", "ContainerResource"):
        return f"{text(source, 'name')}: {_resource_metric(target, current)}"
    if kind == "Pods":
        return f"{current.get('averageValue', '<unknown>')}/{target.get('averageValue', 0)}"
    if kind not in ("External", "Object"):
        return "<unknown type>"
    if target.get("averageValue") is not None:
        return f"{current.get('averageValue', '<unknown>')}/{target['averageValue']} (avg)"
    return f"{current.get('value', '<unknown>')}/{target.get('value', 0)}"


def _resource_metric(target: Object, current: Object) -> str:
    if target.get("averageValue") is not None:
        return f"{current.get('averageValue', '<unknown>')}/{target['averageValue']}"
    used, wanted = current.get("averageUtilization"), target.get("averageUtilization")
    shown = "<unknown>" if used is None else f"{used}%"
    return f"{shown}/" + ("<auto>" if wanted is None else f"{wanted}%")


def scale_cells(scale: Object, now: datetime) -> Cells:
    replicas = [number(scale, "spec", "replicas"), number(scale, "status", "replicas")]
    return [name_of(scale), *replicas, age(scale, now)]


_REPLICAS = "Name|Desired:integer|Current:integer|Ready:integer|Age"
_DAEMONS = "Name|Desired:integer|Current:integer|Ready:integer|Up-to-date:integer|Available:integer"
_HPA = "Name|Reference|Targets|MinPods|MaxPods|Replicas|Age"

DEPLOYMENT = printer(deployment_cells, "Name|Ready|Up-to-date|Available|Age", _WIDE)
REPLICA_SET = printer(replica_set_cells, _REPLICAS, _WIDE)
REPLICATION_CONTROLLER = printer(replication_controller_cells, _REPLICAS, _WIDE)
STATEFUL_SET = printer(stateful_set_cells, "Name|Ready|Age", "+Containers|+Images")
DAEMON_SET = printer(daemon_set_cells, f"{_DAEMONS}|Node Selector|Age", _WIDE)
JOB = printer(job_cells, "Name|Status|Completions|Duration|Age", _WIDE)
CRON_JOB = printer(
    cron_job_cells, "Name|Schedule|Timezone|Suspend:boolean|Active:integer|Last Schedule|Age", _WIDE
)
CONTROLLER_REVISION = printer(controller_revision_cells, "Name|Controller|Revision|Age")
POD_DISRUPTION_BUDGET = printer(
    pod_disruption_budget_cells, "Name|Min Available|Max Unavailable|Allowed Disruptions:integer|Age"
)
HORIZONTAL_POD_AUTOSCALER = printer(horizontal_pod_autoscaler_cells, _HPA)
SCALE = printer(scale_cells, "Name|Desired:integer|Available:integer|Age")
