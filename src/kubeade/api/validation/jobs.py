"""Rules of Jobs and CronJobs (upstream: pkg/apis/batch/validation)."""

import copy
import re
import zoneinfo

from kubeade.api.parts import number, part, parts, text, values
from kubeade.api.resource import Object
from kubeade.api.validation.cron import schedule_problem
from kubeade.api.validation.fields import (
    OMITTED,
    Errors,
    duplicate,
    immutable,
    invalid,
    messages,
    not_negative,
    not_supported,
    one_of,
    required,
    too_many,
)
from kubeade.api.validation.names import dns_label, qualified_name
from kubeade.api.validation.pod_spec import pod_template
from kubeade.api.validation.selectors import label_selector
from kubeade.api.validation.workloads import selects

_COUNTS = (
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
)
_INDEXED_ONLY = "requires indexed completion mode"
_INDEXED_LIMIT = 100_000
_RULES_LIMIT = 20
_EXIT_CODES_LIMIT = 255
_CRON_JOB_NAME_LIMIT = 52
_FIXED = (
    "selector",
    "completionMode",
    "podFailurePolicy",
    "backoffLimitPerIndex",
    "managedBy",
    "successPolicy",
)
_ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
_ZONE_PART = re.compile(r"[A-Za-z._0-9+-]{1,14}")
_STATUS_COUNTS = ("active", "succeeded", "failed", "ready", "terminating")


def job(found: Object) -> Errors:
    spec = part(found, "spec")
    yield from job_spec(spec, "spec")
    if spec.get("selector") is None:
        yield required("spec.selector")
    else:
        yield from label_selector(spec["selector"], "spec.selector")
        if not selects(spec):
            found_labels = part(spec, "template", "metadata").get("labels")
            detail = "`selector` does not match template `labels`"
            yield invalid("spec.template.metadata.labels", found_labels, detail)
    completions = number(spec, "completions")
    if spec.get("completionMode") == "Indexed" and completions > 0:
        name = text(found, "metadata", "name")
        hostname = f"{name}-{completions - 1}"
        if dns_label(hostname):
            detail = f"will not able to create pod with invalid DNS label: {hostname}"
            yield invalid("metadata.name", name, detail)


def job_spec(spec: Object, path: str) -> Errors:
    """A JobSpec, in a Job or in a CronJob's template."""
    for key in _COUNTS:
        yield from not_negative(f"{path}.{key}", spec.get(key))
    if spec.get("maxFailedIndexes") is not None and spec.get("backoffLimitPerIndex") is None:
        yield required(f"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified")
    yield from _managed_by(spec, f"{path}.managedBy")
    yield from _completion_mode(spec, path)
    yield from _failure_policy(spec, f"{path}.podFailurePolicy")
    yield from _success_policy(spec, f"{path}.successPolicy")
    replacement = spec.get("podReplacementPolicy")
    supported = ("Failed",) if spec.get("podFailurePolicy") else ("Failed", "TerminatingOrFailed")
    if replacement is not None and replacement not in supported:
        yield not_supported(f"{path}.podReplacementPolicy", replacement, supported)
    yield from pod_template(part(spec, "template"), f"{path}.template")
    yield from _restart_policy(spec, f"{path}.template.spec.restartPolicy")


def _managed_by(spec: Object, path: str) -> Errors:
    name = spec.get("managedBy")
    if name is None:
        return
    host, _, rest = str(name).partition("/")
    if not name:
        yield required(path)
    elif not host or not rest:
        yield invalid(path, name, 'must be a domain-prefixed path (such as "acme.io/foo")')


def _completion_mode(spec: Object, path: str) -> Errors:
    mode = spec.get("completionMode", "NonIndexed")
    if mode not in ("NonIndexed", "Indexed"):
        yield not_supported(f"{path}.completionMode", mode, ("NonIndexed", "Indexed"))
    if mode != "Indexed":
        for key in ("backoffLimitPerIndex", "maxFailedIndexes"):
            if spec.get(key) is not None:
                yield invalid(f"{path}.{key}", spec[key], _INDEXED_ONLY)
        return
    if spec.get("completions") is None:
        yield required(f"{path}.completions", "when completion mode is Indexed")
    if number(spec, "parallelism") > _INDEXED_LIMIT:
        detail = f"must be less than or equal to {_INDEXED_LIMIT} when completion mode is Indexed"
        yield invalid(f"{path}.parallelism", spec["parallelism"], detail)
    most = number(spec, "maxFailedIndexes")
    if spec.get("completions") is not None and most > number(spec, "completions"):
        yield invalid(f"{path}.maxFailedIndexes", most, "must be less than or equal to completions")


def _restart_policy(spec: Object, path: str) -> Errors:
    policy = text(spec, "template", "spec", "restartPolicy")
    if policy in ("", "Always"):
        yield required(path, 'valid values: "OnFailure", "Never"')
    elif policy not in ("OnFailure", "Never"):
        yield not_supported(path, policy, ("OnFailure", "Never"))
    elif spec.get("podFailurePolicy") and policy != "Never":
        yield invalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified')


def _failure_policy(spec: Object, path: str) -> Errors:
    rules = parts(spec, "podFailurePolicy", "rules")
    if len(rules) > _RULES_LIMIT:
        yield too_many(f"{path}.rules", len(rules), _RULES_LIMIT)
    pod = part(spec, "template", "spec")
    names = {text(c, "name") for key in ("containers", "initContainers") for c in parts(pod, key)}
    for index, rule in enumerate(rules):
        at, action = f"{path}.rules[{index}]", text(rule, "action")
        if not action:
            yield required(f"{at}.action", 'valid values: ["Count" "FailIndex" "FailJob" "Ignore"]')
        elif action not in _ACTIONS:
            yield not_supported(f"{at}.action", action, _ACTIONS)
        elif action == "FailIndex" and spec.get("backoffLimitPerIndex") is None:
            yield invalid(f"{at}.action", action, "requires the backoffLimitPerIndex to be set")
        yield from _failure_rule(rule, names, at)


def _failure_rule(rule: Object, names: set[str], path: str) -> Errors:
    codes, conditions = rule.get("onExitCodes"), parts(rule, "onPodConditions")
    if isinstance(codes, dict):
        yield from _exit_codes(codes, names, f"{path}.onExitCodes")
    for index, pattern in enumerate(conditions):
        at, kind = f"{path}.onPodConditions[{index}]", text(pattern, "type")
        yield from messages(f"{at}.type", kind, qualified_name(kind))
        yield from one_of(f"{at}.status", pattern.get("status"), ("False", "True", "Unknown"))
    if codes is not None and conditions:
        detail = "specifying both OnExitCodes and OnPodConditions is not supported"
        yield invalid(path, OMITTED, detail)
    elif codes is None and not conditions:
        yield invalid(path, OMITTED, "specifying one of OnExitCodes and OnPodConditions is required")


def _exit_codes(codes: Object, names: set[str], path: str) -> Errors:
    operator, found = text(codes, "operator"), values(codes, "values")
    yield from one_of(f"{path}.operator", operator, ("In", "NotIn"))
    name = codes.get("containerName")
    if name is not None and name not in names:
        detail = "must be one of the container or initContainer names in the pod template"
        yield invalid(f"{path}.containerName", name, detail)
    if not found:
        yield invalid(f"{path}.values", found, "at least one value is required")
    elif len(found) > _EXIT_CODES_LIMIT:
        yield too_many(f"{path}.values", len(found), _EXIT_CODES_LIMIT)
    numbers = [code for code in found if isinstance(code, int)]
    for index, code in enumerate(numbers):
        if operator == "In" and code == 0:
            yield invalid(f"{path}.values[{index}]", code, "must not be 0 for the In operator")
        if code in numbers[:index]:
            yield duplicate(f"{path}.values[{index}]", code)
    if numbers != sorted(numbers):
        yield invalid(f"{path}.values", found, "must be ordered")


def _success_policy(spec: Object, path: str) -> Errors:
    policy = spec.get("successPolicy")
    if policy is None:
        return
    rules = parts(policy, "rules")
    if spec.get("completionMode") != "Indexed":
        yield invalid(path, policy, _INDEXED_ONLY)
        return
    if not rules:
        detail = "at least one rules must be specified when the successPolicy is specified"
        yield required(f"{path}.rules", detail)
    if len(rules) > _RULES_LIMIT:
        yield too_many(f"{path}.rules", len(rules), _RULES_LIMIT)
    completions = number(spec, "completions")
    for index, rule in enumerate(rules):
        at, count = f"{path}.rules[{index}]", rule.get("succeededCount")
        if count is None and rule.get("succeededIndexes") is None:
            detail = "at least one of succeededCount or succeededIndexes must be specified"
            yield required(at, detail)
        yield from not_negative(f"{at}.succeededCount", count)
        if number(rule, "succeededCount") > completions:
            limit = f"{completions} (the number of specified completions)"
            yield invalid(f"{at}.succeededCount", count, f"must be less than or equal to {limit}")


def job_change(new: Object, old: Object) -> Errors:
    """What a job is to do stays; how much of it at once may change."""
    after, before = part(new, "spec"), part(old, "spec")
    if after.get("completionMode") != "Indexed":
        yield from immutable("spec.completions", after.get("completions"), before.get("completions"))
    elif after.get("completions") not in (before.get("completions"), after.get("parallelism"), None):
        detail = "can only be modified in tandem with spec.parallelism"
        yield invalid("spec.completions", after["completions"], detail)
    yield from immutable("spec.selector", after.get("selector"), before.get("selector"))
    yield from _template_change(new, old)
    for key in _FIXED[1:]:
        yield from immutable(f"spec.{key}", after.get(key), before.get(key))


def _template_change(new: Object, old: Object) -> Errors:
    after, before = part(new, "spec", "template"), part(old, "spec", "template")
    if not part(old, "spec").get("suspend"):
        if after != before:
            yield invalid("spec.template", after, "field is immutable")
    elif _without_scheduling(part(after, "spec")) != _without_scheduling(part(before, "spec")):
        yield invalid("spec.template.spec", part(after, "spec"), "field is immutable")


def _without_scheduling(pod_spec: Object) -> Object:
    """Of a suspended job's pods, without what may still be decided: where they go, and their share."""
    spec = copy.deepcopy(pod_spec)
    for key in ("nodeSelector", "tolerations", "schedulingGates"):
        spec.pop(key, None)
    part(spec, "affinity").pop("nodeAffinity", None)
    if not spec.get("affinity"):
        spec.pop("affinity", None)
    for container in parts(spec, "containers") + parts(spec, "initContainers"):
        container.pop("resources", None)
    return spec


def job_status(new: Object, old: Object) -> Errors:
    status, before = part(new, "status"), part(old, "status")
    for key in _STATUS_COUNTS:
        yield from not_negative(f"status.{key}", status.get(key))
    for key in ("completedIndexes", "failedIndexes"):
        if problem := _indexes_problem(text(status, key)):
            yield invalid(f"status.{key}", status[key], f"error parsing {key}: {problem}")
    if "ready" in status and number(status, "ready") > number(status, "active"):
        yield invalid("status.ready", status["ready"], "cannot set more ready pods than active")
    complete, failed = _is_true(new, "Complete"), _is_true(new, "Failed")
    if complete and failed:
        yield invalid("status.conditions", OMITTED, "cannot set Complete=True and Failed=true conditions")
    if status.get("completionTime") is not None and not complete:
        detail = "cannot set completionTime when there is no Complete=True condition"
        yield invalid("status.completionTime", status["completionTime"], detail)
    if complete and status.get("completionTime") is None:
        yield required("status.completionTime", "completionTime is required for Complete jobs")
    if (complete or failed) and number(status, "active") > 0:
        yield invalid("status.active", status["active"], "active>0 is invalid for finished job")
    if (complete or failed) and status.get("startTime") is None:
        yield required("status.startTime", "startTime is required for finished job")
    for kind in ("Failed", "Complete", "FailureTarget"):
        if _is_true(old, kind) and not _is_true(new, kind):
            detail = f"cannot disable the terminal {kind}=True condition"
            yield invalid("status.conditions", OMITTED, detail)
    if complete or _is_true(old, "Complete"):
        yield from immutable_once_set(status, before, "completionTime")


def _indexes_problem(indexes: str) -> str:
    """What is wrong with `1,3-5`, or ""."""
    last = -1
    for interval in indexes.split(",") if indexes else ():
        for bound in interval.split("-", 1):
            if not re.fullmatch(r"[+-]?[0-9]+", bound):
                return f'cannot convert string to integer for index: "{bound}"'
            if int(bound) <= last:
                return f"non-increasing order, previous: {last}, current: {int(bound)}"
            last = int(bound)
    return ""


def immutable_once_set(status: Object, before: Object, key: str) -> Errors:
    """A fact that is written down once."""
    if before.get(key) is not None and status.get(key) not in (None, before[key]):
        yield invalid(f"status.{key}", status[key], "field is immutable")


def _is_true(found: Object, kind: str) -> bool:
    conditions = parts(found, "status", "conditions")
    return any(c.get("type") == kind and c.get("status") == "True" for c in conditions)


def cron_job(found: Object) -> Errors:
    spec = part(found, "spec")
    schedule = text(spec, "schedule")
    if not schedule:
        yield required("spec.schedule")
    elif problem := schedule_problem(schedule):
        yield invalid("spec.schedule", schedule, problem)
    if "TZ" in schedule:
        detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        yield invalid("spec.schedule", schedule, detail)
    yield from not_negative("spec.startingDeadlineSeconds", spec.get("startingDeadlineSeconds"))
    if isinstance(zone := spec.get("timeZone"), str):
        yield from _time_zone(zone, "spec.timeZone")
    policy = spec.get("concurrencyPolicy", "Allow")
    yield from one_of("spec.concurrencyPolicy", policy, ("Allow", "Forbid", "Replace"))
    template, path = part(spec, "jobTemplate", "spec"), "spec.jobTemplate.spec"
    yield from job_spec(template, path)
    if template.get("selector") is not None:
        yield invalid(f"{path}.selector", template["selector"], "`selector` will be auto-generated")
    if template.get("manualSelector"):
        yield not_supported(f"{path}.manualSelector", True, ("nil", "false"))
    for key in ("successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
        yield from not_negative(f"spec.{key}", spec.get(key))


def cron_job_create(found: Object) -> Errors:
    name = text(found, "metadata", "name")
    if len(name) > _CRON_JOB_NAME_LIMIT:
        yield invalid("metadata.name", name, f"must be no more than {_CRON_JOB_NAME_LIMIT} characters")


def _time_zone(zone: str, path: str) -> Errors:
    if not zone:
        yield invalid(path, zone, "timeZone must be nil or non-empty string")
        return
    segments = zone.split("/")
    bad = any(s in (".", "..") or s.startswith("-") or not _ZONE_PART.fullmatch(s) for s in segments)
    if zone.lower() == "local":
        where = "https://www.iana.org/time-zones"
        yield invalid(path, zone, f"timeZone must be an explicit time zone as defined in {where}")
    if bad or not _is_zone(zone):
        yield invalid(path, zone, f"unknown time zone {zone}")


def _is_zone(name: str) -> bool:
    if name in ("UTC", "Local", "local"):
        return True
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
