"""Rules of the kinds that configure the platform: classes, leases, budgets, webhooks."""

from collections.abc import Iterator

from kubeade.api.parts import number, part, parts, text, values
from kubeade.api.resource import Object
from kubeade.api.validation.conditions import conditions
from kubeade.api.validation.fields import (
    Errors,
    duplicate,
    forbidden,
    immutable,
    invalid,
    messages,
    not_negative,
    not_supported,
    one_of,
    required,
)
from kubeade.api.validation.internal_types import OPTIONAL, TEXT, internal, struct
from kubeade.api.validation.metadata import labels
from kubeade.api.validation.names import dns_1035_label, dns_label, dns_subdomain, port_number
from kubeade.api.validation.policies import match_conditions
from kubeade.api.validation.quantities import requirements
from kubeade.api.validation.scheduling import tolerations
from kubeade.api.validation.selectors import label_selector
from kubeade.api.validation.workloads import int_or_percent

HIGHEST_USER_PRIORITY = 1_000_000_000
_SYSTEM_PRIORITIES = {
    "system-cluster-critical": 2_000_000_000,
    "system-node-critical": 2_000_001_000,
}
_CONDITION_STATUSES = ("True", "False", "Unknown")
_TOLERATION = struct(Key=TEXT, Operator=TEXT, Value=TEXT, Effect=TEXT, TolerationSeconds=OPTIONAL)
_REVIEW_VERSIONS = ("v1", "v1beta1")


def priority_class(found: Object) -> Errors:
    name, value = text(found, "metadata", "name"), number(found, "value")
    if name.startswith("system-"):
        known = _SYSTEM_PRIORITIES.get(name)
        if known is None:
            problem = f"{name} is not a known system priority class"
        elif value != known:
            problem = f"value of {name} PriorityClass must be {known}"
        else:
            problem = (
                f"globalDefault of {name} PriorityClass must be false" if found.get("globalDefault") else ""
            )
        if problem:
            reserved = "priority class names with 'system-' prefix are reserved for system use only."
            yield forbidden("metadata.name", f"{reserved} error: {problem}")
    elif value > HIGHEST_USER_PRIORITY:
        detail = f"maximum allowed value of a user defined priority is {HIGHEST_USER_PRIORITY}"
        yield forbidden("value", detail)
    if found.get("preemptionPolicy") is not None:
        policies = ("PreemptLowerPriority", "Never")
        yield from one_of("preemptionPolicy", found["preemptionPolicy"], policies)


def priority_class_change(new: Object, old: Object) -> Errors:
    if number(new, "value") != number(old, "value"):
        yield forbidden("value", "may not be changed in an update.")
    yield from immutable("preemptionPolicy", new.get("preemptionPolicy"), old.get("preemptionPolicy"))


def runtime_class(found: Object) -> Errors:
    handler = text(found, "handler")
    if not handler:
        yield required("handler")
    else:
        yield from messages("handler", handler, dns_label(handler))
    if isinstance(overhead := found.get("overhead"), dict):
        yield from requirements({"limits": part(overhead, "podFixed")}, set(), "overhead")
    scheduling = part(found, "scheduling")
    yield from labels(part(scheduling, "nodeSelector"), "scheduling.nodeSelector")
    yield from _distinct_tolerations(parts(scheduling, "tolerations"), "scheduling.tolerations")


def _distinct_tolerations(found: list[Object], path: str) -> Errors:
    yield from tolerations(found, path)
    for index, each in enumerate(found):
        if each in found[:index]:
            yield duplicate(f"{path}[{index}]", internal(each, _TOLERATION))


def runtime_class_change(new: Object, old: Object) -> Errors:
    yield from immutable("handler", new.get("handler"), old.get("handler"))


def lease(found: Object) -> Errors:
    spec = part(found, "spec")
    duration = spec.get("leaseDurationSeconds")
    if isinstance(duration, int) and duration <= 0:
        yield invalid("spec.leaseDurationSeconds", duration, "must be greater than 0")
    yield from not_negative("spec.leaseTransitions", spec.get("leaseTransitions"))
    if text(spec, "preferredHolder") and not text(spec, "strategy"):
        yield forbidden("spec.preferredHolder", "may only be specified if `strategy` is defined")


def pod_disruption_budget(found: Object) -> Errors:
    spec = part(found, "spec")
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    if least is not None and most is not None:
        yield invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set")
    for key, value in (("minAvailable", least), ("maxUnavailable", most)):
        yield from int_or_percent(value, f"spec.{key}")
    yield from label_selector(spec.get("selector"), "spec.selector")
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None and policy not in ("AlwaysAllow", "IfHealthyBudget"):
        supported = ("AlwaysAllow", "IfHealthyBudget")
        yield not_supported("spec.unhealthyPodEvictionPolicy", policy, supported)


def pod_disruption_budget_status(new: Object, _old: Object) -> Errors:
    status = part(new, "status")
    yield from conditions(parts(status, "conditions"), "status.conditions")
    for key in ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"):
        yield from not_negative(f"status.{key}", status.get(key))


def webhook_configuration(found: Object) -> Errors:
    """MutatingWebhookConfiguration and ValidatingWebhookConfiguration."""
    names: set[str] = set()
    for index, webhook in enumerate(parts(found, "webhooks")):
        at, name = f"webhooks[{index}]", text(webhook, "name")
        yield from _webhook(webhook, at)
        if name and name in names:
            yield duplicate(f"{at}.name", name)
        names.add(name)


def _webhook(webhook: Object, path: str) -> Errors:
    name = text(webhook, "name")
    if not name:
        yield required(f"{path}.name")
    elif errors := dns_subdomain(name):
        yield invalid(f"{path}.name", name, ",".join(errors))
    elif name.count(".") < 2:
        detail = "should be a domain with at least three segments separated by dots"
        yield invalid(f"{path}.name", name, detail)
    for index, rule in enumerate(parts(webhook, "rules")):
        yield from request_rule(rule, f"{path}.rules[{index}]")
    yield from _choice(webhook, "failurePolicy", ("Fail", "Ignore"), path)
    yield from _choice(webhook, "matchPolicy", ("Equivalent", "Exact"), path)
    effects = ("None", "NoneOnDryRun")
    if webhook.get("sideEffects") is None:
        yield required(f"{path}.sideEffects", f"must specify one of {', '.join(effects)}")
    yield from _choice(webhook, "sideEffects", effects, path)
    seconds = webhook.get("timeoutSeconds")
    if isinstance(seconds, int) and not 1 <= seconds <= 30:
        detail = "the timeout value must be between 1 and 30 seconds"
        yield invalid(f"{path}.timeoutSeconds", seconds, detail)
    for key in ("namespaceSelector", "objectSelector"):
        yield from label_selector(webhook.get(key), f"{path}.{key}")
    yield from match_conditions(webhook, f"{path}.matchConditions")
    yield from _choice(webhook, "reinvocationPolicy", ("IfNeeded", "Never"), path)
    yield from _client_config(part(webhook, "clientConfig"), f"{path}.clientConfig")
    yield from _review_versions(values(webhook, "admissionReviewVersions"), f"{path}.admissionReviewVersions")


def _choice(holder: Object, key: str, supported: tuple[str, ...], path: str) -> Errors:
    found = holder.get(key)
    if found is not None and found not in supported:
        yield not_supported(f"{path}.{key}", found, supported)


def request_rule(rule: Object, path: str) -> Errors:
    """Which requests a webhook or a policy looks at."""
    operations = values(rule, "operations")
    if not operations:
        yield required(f"{path}.operations")
    if len(operations) > 1 and "*" in operations:
        detail = "if '*' is present, must not specify other operations"
        yield invalid(f"{path}.operations", operations, detail)
    for index, operation in enumerate(operations):
        supported = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
        if operation not in supported:
            yield not_supported(f"{path}.operations[{index}]", operation, supported)
    for key, what in (
        ("apiGroups", "API groups"),
        ("apiVersions", "API versions"),
        ("resources", "resources"),
    ):
        found = values(rule, key)
        if not found:
            yield required(f"{path}.{key}")
        elif len(found) > 1 and "*" in found and key != "resources":
            yield invalid(f"{path}.{key}", found, f"if '*' is present, must not specify other {what}")
        for index, each in enumerate(found if key != "apiGroups" else ()):
            if not each:
                yield required(f"{path}.{key}[{index}]")
    yield from _choice(rule, "scope", ("*", "Cluster", "Namespaced"), path)


def _client_config(config: Object, path: str) -> Errors:
    url, service = config.get("url"), config.get("service")
    if (url is None) == (service is None):
        yield required(path, "exactly one of url or service is required")
    elif url is not None:
        if not str(url).startswith("https://"):
            scheme = str(url).partition("://")[0] if "://" in str(url) else ""
            form = "desired format: https://host[/path]"
            yield invalid(f"{path}.url", scheme, f"'https' is the only allowed URL scheme; {form}")
    else:
        for key in ("name", "namespace"):
            if not text(service, key):
                yield required(f"{path}.service.{key}", f"service {key} is required")
        port = number(service, "port")
        if port_number(port):
            detail = "port is not valid: must be between 1 and 65535, inclusive"
            yield invalid(f"{path}.service.port", port, detail)
        for fault in _path_faults(text(service, "path")):
            yield invalid(f"{path}.service.path", text(service, "path"), fault)


def _path_faults(path: str) -> Iterator[str]:
    """What is wrong with a webhook's path on its service."""
    if path in ("", "/"):
        return
    if path == "//":
        yield "segment[0] may not be empty"
        return
    if not path.startswith("/"):
        yield "must start with a '/'"
    for index, segment in enumerate(path[1:].removesuffix("/").split("/")):
        if not segment:
            yield f"segment[{index}] may not be empty"
        else:
            yield from (f"segment[{index}]: {fault}" for fault in dns_subdomain(segment))


def _review_versions(versions: list[object], path: str) -> Errors:
    if not versions:
        yield required(path, f"must specify one of {', '.join(_REVIEW_VERSIONS)}")
        return
    for index, version in enumerate(versions):
        if version in versions[:index]:
            yield invalid(f"{path}[{index}]", version, "duplicate version")
        yield from messages(f"{path}[{index}]", version, dns_1035_label(str(version)))
    if not set(map(str, versions)) & set(_REVIEW_VERSIONS):
        detail = f"must include at least one of {', '.join(_REVIEW_VERSIONS)}"
        yield invalid(path, versions, detail)


def api_service(found: Object) -> Errors:
    spec = part(found, "spec")
    group, version = text(spec, "group"), text(spec, "version")
    name, wanted = text(found, "metadata", "name"), f"{version}.{group}"
    if name != wanted:
        yield invalid("metadata.name", name, f'must be `spec.version+"."+spec.group`: "{wanted}"')
    if group:
        yield from messages("spec.group", group, dns_subdomain(group))
    elif version != "v1":
        detail = "only v1 may have an empty group and it better be legacy kube"
        yield required("spec.group", detail)
    yield from messages("spec.version", version, dns_1035_label(version))
    for key, limit in (("groupPriorityMinimum", 20000), ("versionPriority", 1000)):
        if not 0 < number(spec, key) <= limit:
            yield invalid(f"spec.{key}", number(spec, key), f"must be positive and less than {limit}")
    if isinstance(service := spec.get("service"), dict):
        for key in ("namespace", "name"):
            if not text(service, key):
                yield required(f"spec.service.{key}")
        if port_number(number(service, "port")):
            detail = "port is not valid: must be between 1 and 65535, inclusive"
            yield invalid("spec.service.port", number(service, "port"), detail)
        if spec.get("insecureSkipTLSVerify") and spec.get("caBundle"):
            detail = "may not be true if caBundle is present"
            yield invalid("spec.insecureSkipTLSVerify", True, detail)
    elif spec.get("insecureSkipTLSVerify"):
        detail = "local APIServices may not have insecureSkipTLSVerify"
        yield invalid("spec.insecureSkipTLSVerify", True, detail)


def api_service_status(new: Object, _old: Object) -> Errors:
    for index, condition in enumerate(parts(new, "status", "conditions")):
        status = text(condition, "status")
        if status not in _CONDITION_STATUSES:
            yield not_supported(f"status.conditions[{index}].status", status, _CONDITION_STATUSES)


def storage_migration(found: Object) -> Errors:
    """StorageVersionMigration."""
    resource, at = part(found, "spec", "resource"), "spec.resource"
    name, group = text(resource, "resource"), text(resource, "group")
    if not name:
        yield required(f"{at}.resource", "resource is required to be set")
    elif faults := dns_1035_label(name):
        yield invalid(f"{at}.resource", name, ",".join(faults))
    if group and (faults := dns_subdomain(group)):
        yield invalid(f"{at}.group", group, ",".join(faults))


def storage_migration_change(new: Object, old: Object) -> Errors:
    yield from immutable("spec", part(new, "spec"), part(old, "spec"))


def storage_migration_status(new: Object, old: Object) -> Errors:
    """It ends once, well or not."""
    found = parts(new, "status", "conditions")
    yield from conditions(found, "status.conditions")
    revision, before = text(new, "status", "resourceVersion"), text(old, "status", "resourceVersion")
    if before and revision != before:
        yield invalid("status.resourceVersion", revision, "field is immutable")
    ended, old_end = _true(found), _true(parts(old, "status", "conditions"))
    if {"Succeeded", "Failed"} <= ended:
        detail = "Both success and failed conditions cannot be true at the same time"
        yield invalid("status.conditions", found, detail)
    for kind, what in (("Succeeded", "Success"), ("Failed", "Failed")):
        if kind in old_end - ended:
            detail = f"{what} condition cannot be set to false once it is true"
            yield invalid("status.conditions", found, detail)


def _true(found: list[Object]) -> set[str]:
    return {text(each, "type") for each in found if each.get("status") == "True"}
