"""What is accepted and yet worth a word: the `Warning:` lines that clients show.

Upstream: pkg/api/*/warnings.go and the strategies' WarningsOnCreate.
"""

from collections.abc import Callable, Iterator

from kubeade.api.parts import number, part, parts, text
from kubeade.api.resource import Object, Resource
from kubeade.api.validation.names import dns_label

Warnings = Iterator[str]

_NODE_LABELS = {
    "beta.kubernetes.io/arch": 'use "kubernetes.io/arch" instead',
    "beta.kubernetes.io/os": 'use "kubernetes.io/os" instead',
    "failure-domain.beta.kubernetes.io/region": 'use "topology.kubernetes.io/region" instead',
    "failure-domain.beta.kubernetes.io/zone": 'use "topology.kubernetes.io/zone" instead',
    "beta.kubernetes.io/instance-type": 'use "node.kubernetes.io/instance-type" instead',
}
_VOLUMES = {
    "photonPersistentDisk": "deprecated in v1.11, non-functional in v1.16+",
    "gitRepo": "deprecated in v1.11, and disabled by default in v1.33+",
    "scaleIO": "deprecated in v1.16, non-functional in v1.22+",
    "flocker": "deprecated in v1.22, non-functional in v1.25+",
    "storageos": "deprecated in v1.22, non-functional in v1.25+",
    "quobyte": "deprecated in v1.22, non-functional in v1.25+",
    "glusterfs": "deprecated in v1.25, non-functional in v1.26+",
    "cephfs": "deprecated in v1.28, non-functional in v1.31+",
    "rbd": "deprecated in v1.28, non-functional in v1.31+",
}
_SECCOMP = "seccomp.security.alpha.kubernetes.io/pod"
_APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"
_TOPOLOGY_HINTS = "service.kubernetes.io/topology-aware-hints"
_TOPOLOGY_MODE = "service.kubernetes.io/topology-mode"
_MOUNTABLE = "kubernetes.io/enforce-mountable-secrets"
_INGRESS_CLASS = "kubernetes.io/ingress.class"


def warnings(resource: Resource, obj: Object, old: Object | None = None) -> list[str]:
    """The warnings on an object that was accepted, in upstream's words. `old`: what it was before."""
    key = (resource.group, resource.kind)
    if key in _ON_CHANGE:
        return list(_ON_CHANGE[key](obj, old or {}))
    return list(_WARNINGS[key](obj)) if key in _WARNINGS else []


def _pod(pod: Object) -> Warnings:
    name = text(pod, "metadata", "name")
    if name and (found := dns_label(name)):
        what = "this is used in the Pod's hostname, which can result in surprising behavior; "
        yield f"metadata.name: {what}a DNS label is recommended: [{' '.join(found)}]"
    yield from _pod_parts(pod, "")


def _template(template: Object, path: str) -> Warnings:
    yield from _pod_parts(template, f"{path}.")


def _pod_parts(pod: Object, prefix: str) -> Warnings:
    spec = part(pod, "spec")
    for key in part(spec, "nodeSelector"):
        yield from _node_label(key, f"{prefix}spec.nodeSelector[{key}]:")
    yield from _annotations(part(pod, "metadata", "annotations"), f"{prefix}metadata.annotations")
    for index, volume in enumerate(parts(spec, "volumes")):
        for key, detail in _VOLUMES.items():
            if volume.get(key) is not None:
                shown = "storageOS" if key == "storageos" else key
                yield f"{prefix}spec.volumes[{index}].{shown}: {detail}"
    for index, secret in enumerate(parts(spec, "imagePullSecrets")):
        yield from _pull_secret(spec, secret, index, f"{prefix}spec.imagePullSecrets[{index}].name")
    for key in ("initContainers", "containers"):
        for index, container in enumerate(parts(spec, key)):
            yield from _container(container, f"{prefix}spec.{key}[{index}]")
    if number(spec, "terminationGracePeriodSeconds") < 0:
        detail = "must be >= 0; negative values are invalid and will be treated as 1"
        yield f"{prefix}spec.terminationGracePeriodSeconds: {detail}"


def _node_label(key: str, where: str) -> Warnings:
    if key in _NODE_LABELS:
        version = "v1.17" if "failure-domain" in key or "instance-type" in key else "v1.14"
        yield f"{where} deprecated since {version}; {_NODE_LABELS[key]}"


def _annotations(annotations: Object, path: str) -> Warnings:
    if _SECCOMP in annotations:
        yield f'{path}[{_SECCOMP}]: non-functional in v1.27+; use the "seccompProfile" field instead'
    for key in annotations:
        if key.startswith(_APP_ARMOR):
            yield f'{path}[{key}]: deprecated since v1.30; use the "appArmorProfile" field instead'


def _pull_secret(spec: Object, secret: Object, index: int, path: str) -> Warnings:
    name = text(secret, "name")
    before = [text(s, "name") for s in parts(spec, "imagePullSecrets")[:index]]
    if not name:
        yield f'{path}: invalid empty name ""'
    elif name in before:
        yield f'{path}: duplicate name "{name}"'


def _container(container: Object, path: str) -> Warnings:
    names: set[str] = set()
    variables = parts(container, "env")
    if len({str(variable.get("name")) for variable in variables}) == len(variables):
        variables = []  # nearly always: none hides another
    for index, variable in enumerate(variables):
        name = text(variable, "name")
        # A later definition may build on an earlier one.
        if name in names and f"$({name})" not in text(variable, "value"):
            detail = f'hides previous definition of "{name}", which may be dropped when using apply'
            yield f"{path}.env[{index}]: {detail}"
        names.add(name)
    used: dict[tuple[int, str, int, str], str] = {}
    for index, port in enumerate(parts(container, "ports")):
        ports = number(port, "containerPort"), number(port, "hostPort")
        key = (ports[0], text(port, "protocol"), ports[1], text(port, "hostIP"))
        at = f"{path}.ports[{index}]"
        if key in used:
            yield f"{at}: duplicate port definition with {used[key]}"
        used.setdefault(key, at)


def _service(service: Object) -> Warnings:
    spec = part(service, "spec")
    kind = text(spec, "type")
    if _TOPOLOGY_HINTS in part(service, "metadata", "annotations"):
        yield f"annotation {_TOPOLOGY_HINTS} is deprecated, please use {_TOPOLOGY_MODE} instead"
    headless = kind == "ClusterIP" and spec.get("clusterIP") == "None"
    if headless:
        yield from _headless(spec)
    elif spec.get("externalIPs") and kind != "ExternalName":
        yield "spec.externalIPs is deprecated and may no longer be implemented in some clusters"
    if kind == "ExternalName" and spec.get("externalIPs"):
        yield 'spec.externalIPs is ignored when spec.type is "ExternalName"'
    if kind != "ExternalName" and spec.get("externalName"):
        yield 'spec.externalName is ignored when spec.type is not "ExternalName"'
    if spec.get("trafficDistribution") == "PreferClose":
        yield 'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'


def _headless(spec: Object) -> Warnings:
    if spec.get("loadBalancerIP"):
        yield "spec.loadBalancerIP is ignored for headless services"
    if spec.get("externalIPs"):
        yield "spec.externalIPs is ignored for headless services"
    if spec.get("sessionAffinity", "None") != "None":
        yield "spec.SessionAffinity is ignored for headless services"


def _workload(workload: Object) -> Warnings:
    yield from _pod_names(workload)
    yield from _template(part(workload, "spec", "template"), "spec.template")


def _template_only(workload: Object) -> Warnings:
    yield from _template(part(workload, "spec", "template"), "spec.template")


def _pod_names(workload: Object) -> Warnings:
    if found := dns_label(text(workload, "metadata", "name")):
        what = "this is used in Pod names and hostnames, which can result in surprising behavior; "
        yield f"metadata.name: {what}a DNS label is recommended: [{' '.join(found)}]"


def _cron_job(cron_job: Object) -> Warnings:
    yield from _pod_names(cron_job)
    template = part(cron_job, "spec", "jobTemplate", "spec", "template")
    yield from _template(template, "spec.jobTemplate.spec.template")


def _ingress(ingress: Object) -> Warnings:
    if _INGRESS_CLASS in part(ingress, "metadata", "annotations"):
        yield f"annotation \"{_INGRESS_CLASS}\" is deprecated, please use 'spec.ingressClassName' instead"


def _persistent_volume(volume: Object) -> Warnings:
    if text(volume, "spec", "persistentVolumeReclaimPolicy") == "Recycle":
        what = "The Recycle reclaim policy is deprecated. "
        advice = "Instead, the recommended approach is to use dynamic provisioning."
        yield f"spec.persistentVolumeReclaimPolicy: {what}{advice}"


def _component_status(_component: Object) -> Warnings:
    yield "v1 ComponentStatus is deprecated in v1.19+"


def _endpoints(_endpoints: Object) -> Warnings:
    yield "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"


def _service_account(account: Object, old: Object) -> Warnings:
    if (
        _MOUNTABLE
        in part(account, "metadata", "annotations").keys() - part(old, "metadata", "annotations").keys()
    ):
        what = "deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets"
        yield f"metadata.annotations[{_MOUNTABLE}]: {what}"


def _csi_driver(driver: Object, old: Object) -> Warnings:
    spec, key = part(driver, "spec"), "serviceAccountTokenInSecrets"
    requests = parts(spec, "tokenRequests")
    if requests and requests != parts(old, "spec", "tokenRequests") and spec.get(key) is None:
        what = "if supported by this CSI driver, set to true to prevent possible logging of tokens"
        yield f"spec.{key} is unset; {what} in volume attributes"


def _csi_storage_capacity(capacity: Object) -> Warnings:
    topology = part(capacity, "nodeTopology")
    for index, expression in enumerate(parts(topology, "matchExpressions")):
        key = text(expression, "key")
        yield from _node_label(key, f"nodeTopology.matchExpressions[{index}].key: {key} is")
    for key in sorted(part(topology, "matchLabels")):
        yield from _node_label(key, f"nodeTopology.matchLabels.{key}:")


def _storage_class(storage_class: Object) -> Warnings:
    for index, term in enumerate(parts(storage_class, "allowedTopologies")):
        for number_, expression in enumerate(parts(term, "matchLabelExpressions")):
            at = f"allowedTopologies[{index}].matchLabelExpressions[{number_}].key:"
            yield from _node_label(text(expression, "key"), at)


def _resource_slice(found: Object) -> Warnings:
    driver = text(found, "spec", "driver")
    if driver != driver.lower():
        detail = f'driver names should be lowercase; "{driver}" contains uppercase characters'
        yield f"spec.driver: {detail}"


_ON_CHANGE: dict[tuple[str, str], Callable[[Object, Object], Warnings]] = {
    ("", "ServiceAccount"): _service_account,
    ("storage.k8s.io", "CSIDriver"): _csi_driver,
}
_WARNINGS: dict[tuple[str, str], Callable[[Object], Warnings]] = {
    ("", "Pod"): _pod,
    ("", "Service"): _service,
    ("", "Endpoints"): _endpoints,
    ("", "ComponentStatus"): _component_status,
    ("", "PersistentVolume"): _persistent_volume,
    ("", "ReplicationController"): _workload,
    ("apps", "Deployment"): _workload,
    ("apps", "ReplicaSet"): _workload,
    ("apps", "StatefulSet"): _template_only,
    ("apps", "DaemonSet"): _template_only,
    ("batch", "Job"): _workload,
    ("batch", "CronJob"): _cron_job,
    ("networking.k8s.io", "Ingress"): _ingress,
    ("storage.k8s.io", "CSIStorageCapacity"): _csi_storage_capacity,
    ("storage.k8s.io", "StorageClass"): _storage_class,
    ("resource.k8s.io", "ResourceSlice"): _resource_slice,
}
