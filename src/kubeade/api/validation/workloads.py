"""Rules of Deployments, ReplicaSets, StatefulSets, DaemonSets and ReplicationControllers."""

from collections.abc import Iterable

from kubeade.api.parts import number, part, parts, text
from kubeade.api.resource import Object
from kubeade.api.selectors import LabelSelector
from kubeade.api.validation.fields import (
    Errors,
    forbidden,
    immutable,
    invalid,
    messages,
    not_negative,
    not_supported,
    required,
)
from kubeade.api.validation.names import dns_label, percent
from kubeade.api.validation.pod_spec import pod_template
from kubeade.api.validation.selectors import is_empty, label_selector
from kubeade.api.validation.volume_claims import claim_spec

_STATUS_COUNTS = (
    "replicas",
    "fullyLabeledReplicas",
    "updatedReplicas",
    "readyReplicas",
    "availableReplicas",
    "currentReplicas",
    "unavailableReplicas",
    "terminatingReplicas",
    "currentNumberScheduled",
    "numberMisscheduled",
    "desiredNumberScheduled",
    "numberReady",
    "updatedNumberScheduled",
    "numberAvailable",
    "numberUnavailable",
    "observedGeneration",
    "collisionCount",
)
_MISMATCH = "`selector` does not match template `labels`"


def deployment(found: Object) -> Errors:
    spec = part(found, "spec")
    yield from not_negative("spec.replicas", spec.get("replicas"))
    yield from _selector(spec, "deployment")
    yield from _template(spec, "ReplicaSet", selects(spec))
    yield from _deployment_strategy(part(spec, "strategy"), "spec.strategy")
    yield from not_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    yield from not_negative("spec.revisionHistoryLimit", spec.get("revisionHistoryLimit"))
    deadline = spec.get("progressDeadlineSeconds")
    yield from not_negative("spec.progressDeadlineSeconds", deadline)
    if deadline is not None and number(spec, "progressDeadlineSeconds") <= number(spec, "minReadySeconds"):
        yield invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")


def replica_set(found: Object) -> Errors:
    spec = part(found, "spec")
    yield from not_negative("spec.replicas", spec.get("replicas"))
    yield from not_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    yield from _selector(spec, "deployment")
    yield from _template(spec, "ReplicaSet", selects(spec))


def replication_controller(found: Object) -> Errors:
    spec = part(found, "spec")
    yield from not_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    selector = part(spec, "selector")
    if not selector:
        yield required("spec.selector")
    yield from not_negative("spec.replicas", spec.get("replicas"))
    if not isinstance(spec.get("template"), dict):
        yield required("spec.template")
        return
    found_labels = part(spec, "template", "metadata", "labels")
    matched = all(found_labels.get(key) == value for key, value in selector.items())
    yield from _template(spec, "ReplicationController", matched)


def selector_unchanged(new: Object, old: Object) -> Errors:
    """Pods once selected stay selected."""
    yield from immutable(
        "spec.selector", part(new, "spec").get("selector"), part(old, "spec").get("selector")
    )


def stateful_set(found: Object) -> Errors:
    spec = part(found, "spec")
    yield from _pod_management(spec)
    yield from _stateful_strategy(spec)
    retention = part(spec, "persistentVolumeClaimRetentionPolicy")
    for key in ("whenDeleted", "whenScaled"):
        if retention.get(key, "Retain") not in ("Retain", "Delete"):
            path = f"spec.persistentVolumeClaimRetentionPolicy.{key}"
            yield not_supported(path, retention[key], ("Retain", "Delete"))
    for index, claim in enumerate(parts(spec, "volumeClaimTemplates")):
        yield from claim_spec(part(claim, "spec"), f"spec.volumeClaimTemplates[{index}].spec")
    yield from not_negative("spec.replicas", spec.get("replicas"))
    yield from not_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    yield from not_negative("spec.ordinals.start", part(spec, "ordinals").get("start"))
    yield from _selector(spec, "statefulset")
    yield from _template(_with_claims(spec), "StatefulSet", selects(spec))


def stateful_set_create(found: Object) -> Errors:
    if name := text(found, "spec", "serviceName"):
        yield from messages("spec.serviceName", name, dns_label(name))


def _pod_management(spec: Object) -> Errors:
    policy = text(spec, "podManagementPolicy")
    if not policy:
        yield required("spec.podManagementPolicy")
    elif policy not in ("OrderedReady", "Parallel"):
        yield invalid("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'")


def _stateful_strategy(spec: Object) -> Errors:
    strategy = part(spec, "updateStrategy")
    kind, path = text(strategy, "type"), "spec.updateStrategy"
    rolling = strategy.get("rollingUpdate")
    if not kind:
        yield required(path)
    elif kind == "OnDelete":
        if rolling is not None:
            yield invalid(f"{path}.rollingUpdate", rolling, "only allowed for updateStrategy 'RollingUpdate'")
    elif kind != "RollingUpdate":
        yield invalid(path, strategy, "must be 'RollingUpdate' or 'OnDelete'")
    elif isinstance(rolling, dict):
        yield from not_negative(f"{path}.rollingUpdate.partition", rolling.get("partition"))
        if (unavailable := rolling.get("maxUnavailable")) is not None:
            yield from int_or_percent(unavailable, f"{path}.rollingUpdate.maxUnavailable")
            if amount(unavailable) == 0:
                yield invalid(f"{path}.rollingUpdate.maxUnavailable", unavailable, "cannot be 0")


def _with_claims(spec: Object) -> Object:
    """The spec as its pods will see it: each claim template gives them a volume of that name."""
    names = [text(c, "metadata", "name") for c in parts(spec, "volumeClaimTemplates")]
    template = part(spec, "template")
    pod = part(template, "spec")
    volumes = [{"name": n, "persistentVolumeClaim": {"claimName": n}} for n in dict.fromkeys(names)]
    volumes += [volume for volume in parts(pod, "volumes") if text(volume, "name") not in names]
    kept = {key: value for key, value in pod.items() if key not in ("subdomain", "hostname", "volumes")}
    return {**spec, "template": {**template, "spec": {**kept, "volumes": volumes}}}


_STATEFUL_UPDATABLE = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)


def stateful_set_change(new: Object, old: Object) -> Errors:
    after, before = part(new, "spec"), part(old, "spec")
    keys = ({*after, *before}) - {*_STATEFUL_UPDATABLE}
    if any(_comparable(after.get(key)) != _comparable(before.get(key)) for key in keys):
        listed = ", ".join(f"'{key}'" for key in _STATEFUL_UPDATABLE[:-1])
        yield forbidden(
            "spec",
            f"updates to statefulset spec for fields other than {listed} and 'minReadySeconds' are forbidden",
        )


def _comparable(value: object) -> object:
    """Claim templates without the status that defaulting puts on them."""
    if isinstance(value, list):
        return [{k: v for k, v in e.items() if k != "status"} if isinstance(e, dict) else e for e in value]
    return value or None


def daemon_set(found: Object) -> Errors:
    spec = part(found, "spec")
    yield from label_selector(spec.get("selector"), "spec.selector")
    if spec.get("selector") is not None and is_empty(spec["selector"]):
        yield invalid("spec.selector", spec["selector"], "empty selector is invalid for daemonset")
    yield from _template(spec, "DaemonSet", selects(spec))
    yield from not_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    yield from _daemon_strategy(part(spec, "updateStrategy"), "spec.updateStrategy")
    yield from not_negative("spec.revisionHistoryLimit", spec.get("revisionHistoryLimit"))


def _daemon_strategy(strategy: Object, path: str) -> Errors:
    kind, rolling = text(strategy, "type"), strategy.get("rollingUpdate")
    if kind not in ("RollingUpdate", "OnDelete"):
        yield not_supported(path, strategy, ("RollingUpdate", "OnDelete"))
    elif kind == "RollingUpdate" and not isinstance(rolling, dict):
        yield required(f"{path}.rollingUpdate")
    elif kind == "RollingUpdate":
        yield from _daemon_rolling(part(strategy, "rollingUpdate"), f"{path}.rollingUpdate")


def _daemon_rolling(rolling: Object, path: str) -> Errors:
    unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    yield from int_or_percent(unavailable, f"{path}.maxUnavailable")
    yield from int_or_percent(surge, f"{path}.maxSurge")
    if amount(unavailable) and amount(surge):
        yield invalid(f"{path}.maxSurge", surge, "may not be set when maxUnavailable is non-zero")
    elif not amount(unavailable) and not amount(surge):
        yield required(f"{path}.maxUnavailable", "cannot be 0 when maxSurge is 0")


def _deployment_strategy(strategy: Object, path: str) -> Errors:
    kind, rolling = text(strategy, "type"), strategy.get("rollingUpdate")
    if kind == "Recreate":
        if rolling is not None:
            detail = "may not be specified when strategy `type` is 'Recreate'"
            yield forbidden(f"{path}.rollingUpdate", detail)
    elif kind != "RollingUpdate":
        yield not_supported(path, strategy, ("Recreate", "RollingUpdate"))
    elif not isinstance(rolling, dict):
        yield required(f"{path}.rollingUpdate", "this should be defaulted and never be nil")
    else:
        unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
        yield from int_or_percent(unavailable, f"{path}.rollingUpdate.maxUnavailable")
        yield from int_or_percent(surge, f"{path}.rollingUpdate.maxSurge", limited=False)
        if not amount(unavailable) and not amount(surge):
            detail = "may not be 0 when `maxSurge` is 0"
            yield invalid(f"{path}.rollingUpdate.maxUnavailable", unavailable, detail)


def int_or_percent(value: object, path: str, *, limited: bool = True) -> Errors:
    """A number, not negative, or a percentage, of all at most where `limited`."""
    if isinstance(value, str):
        found = percent(value)
        yield from messages(path, value, found)
        if limited and not found and int(value[:-1]) > 100:
            yield invalid(path, value, "must not be greater than 100%")
    else:
        yield from not_negative(path, value)


def amount(value: object) -> int:
    """The number of either form; 0 for what is neither."""
    if isinstance(value, str):
        return int(value[:-1]) if not percent(value) else 0
    return value if isinstance(value, int) else 0


def _selector(spec: Object, kind: str) -> Errors:
    selector = spec.get("selector")
    if selector is None:
        yield required("spec.selector")
        return
    yield from label_selector(selector, "spec.selector")
    if is_empty(selector):
        yield invalid("spec.selector", selector, f"empty selector is invalid for {kind}")


def selects(spec: Object) -> bool:
    """Whether a spec's selector selects its template; an empty or broken one is judged elsewhere."""
    selector = part(spec, "selector")
    if is_empty(selector):
        return True
    try:
        return LabelSelector.from_object(selector).matches(part(spec, "template", "metadata", "labels"))
    except (ValueError, KeyError, TypeError):
        return True


def _template(spec: Object, kind: str, selected: bool) -> Errors:
    path = "spec.template"
    if not selected:
        found = part(spec, "template", "metadata").get("labels")
        yield invalid(f"{path}.metadata.labels", found, _MISMATCH)
    yield from pod_template(part(spec, "template"), path)
    pod = part(spec, "template", "spec")
    if pod.get("restartPolicy", "Always") != "Always":
        yield not_supported(f"{path}.spec.restartPolicy", pod["restartPolicy"], ("Always",))
    if pod.get("activeDeadlineSeconds") is not None:
        detail = f"activeDeadlineSeconds in {kind} is not Supported"
        yield forbidden(f"{path}.spec.activeDeadlineSeconds", detail)


def replicas_status(new: Object, old: Object) -> Errors:
    """Counts of a status: not negative, and no part greater than the whole."""
    status = part(new, "status")
    for key in _STATUS_COUNTS:
        yield from not_negative(f"status.{key}", status.get(key))
    counted = (
        "fullyLabeledReplicas",
        "readyReplicas",
        "currentReplicas",
        "updatedReplicas",
        "availableReplicas",
    )
    total = number(status, "replicas")
    yield from _no_more(status, counted, total)
    if number(status, "availableReplicas") > number(status, "readyReplicas"):
        found = number(status, "availableReplicas")
        yield invalid("status.availableReplicas", found, "cannot be greater than readyReplicas")
    collisions = number(status, "collisionCount")
    if collisions < number(old, "status", "collisionCount"):
        yield invalid("status.collisionCount", collisions, "cannot be decremented")


def _no_more(status: Object, keys: Iterable[str], total: int) -> Errors:
    for key in keys:
        if number(status, key) > total:
            yield invalid(f"status.{key}", number(status, key), "cannot be greater than status.replicas")


def controller_revision(found: Object) -> Errors:
    yield from not_negative("revision", found.get("revision"))


def controller_revision_create(found: Object) -> Errors:
    data = found.get("data")
    if data is None:
        yield required("data", "data is mandatory")
    elif not isinstance(data, dict):
        yield required("data", "data must be a valid JSON object")


def controller_revision_change(new: Object, old: Object) -> Errors:
    yield from immutable("data", new.get("data"), old.get("data"))
