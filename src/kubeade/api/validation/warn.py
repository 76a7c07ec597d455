"""What is accepted and yet worth a word: the `Warning:` lines that clients show.

Upstream: pkg/api/*/warnings.go and the strategies' WarningsOnCreate.
"""

from collections.abc import Callable

from kubeade.api.parts import number, part, parts, text
from kubeade.api.resource import Object, Resource
from kubeade.api.schema import DEFAULT_VERSION
from kubeade.api.validation.names import dns_label
from kubeade.api.validation.pod_warnings import Warnings, node_label, pod_warnings

NEWEST = int(DEFAULT_VERSION.partition(".")[2])
_TOPOLOGY_HINTS = "service.kubernetes.io/topology-aware-hints"
_TOPOLOGY_MODE = "service.kubernetes.io/topology-mode"
_MOUNTABLE = "kubernetes.io/enforce-mountable-secrets"
_INGRESS_CLASS = "kubernetes.io/ingress.class"


def warnings(resource: Resource, obj: Object, old: Object | None = None, minor: int = NEWEST) -> list[str]:
    """The warnings on an object that was accepted, in upstream's words. `old`: what it was before; `minor`:
    the version that is imitated, where older ones had nothing to say."""
    key = (resource.group, resource.kind)
    if minor < _SINCE.get(key, 0):
        return []
    if key in _ON_CHANGE:
        return list(_ON_CHANGE[key](obj, old or {}))
    return list(_WARNINGS[key](obj)) if key in _WARNINGS else []


def _pod(pod: Object, old: Object) -> Warnings:
    if old:
        return  # nobody looks there, and it happens all the time
    name = text(pod, "metadata", "name")
    if name and (found := dns_label(name)):
        what = "this is used in the Pod's hostname, which can result in surprising behavior; "
        yield f"metadata.name: {what}a DNS label is recommended: [{' '.join(found)}]"
    yield from pod_warnings(pod, "")


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


def _workload(workload: Object, old: Object) -> Warnings:
    yield from _pod_names(workload, old)
    yield from _template_only(workload, old)


def _template_only(workload: Object, old: Object) -> Warnings:
    template = part(workload, "spec", "template")
    if _is_looked_at(workload, old):
        yield from pod_warnings(template, "spec.template.")


def _pod_template(found: Object, old: Object) -> Warnings:
    if _is_looked_at(found, old):
        yield from pod_warnings(part(found, "template"), "template.")


def _is_looked_at(workload: Object, old: Object) -> bool:
    """A new generation; all but a daemon set tell by it that something is new."""
    return not old or number(workload, "metadata", "generation") != number(old, "metadata", "generation")


def _pod_names(workload: Object, old: Object) -> Warnings:
    if not old and (found := dns_label(text(workload, "metadata", "name"))):
        what = "this is used in Pod names and hostnames, which can result in surprising behavior; "
        yield f"metadata.name: {what}a DNS label is recommended: [{' '.join(found)}]"


def _cron_job(cron_job: Object, old: Object) -> Warnings:
    yield from _pod_names(cron_job, old)
    if _is_looked_at(cron_job, old):
        template = part(cron_job, "spec", "jobTemplate", "spec", "template")
        yield from pod_warnings(template, "spec.jobTemplate.spec.template.")


def _node(node: Object) -> Warnings:
    if part(node, "spec").get("configSource") is not None:
        yield "spec.configSource: the feature is removed"
    if text(node, "spec", "externalID"):
        yield "spec.externalID: this field is deprecated, and is unused by Kubernetes"


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
        yield from node_label(key, f"nodeTopology.matchExpressions[{index}].key: {key} is")
    for key in sorted(part(topology, "matchLabels")):
        yield from node_label(key, f"nodeTopology.matchLabels.{key}:")


def _storage_class(storage_class: Object) -> Warnings:
    for index, term in enumerate(parts(storage_class, "allowedTopologies")):
        for number_, expression in enumerate(parts(term, "matchLabelExpressions")):
            at = f"allowedTopologies[{index}].matchLabelExpressions[{number_}].key:"
            yield from node_label(text(expression, "key"), at)


def _resource_slice(found: Object) -> Warnings:
    driver = text(found, "spec", "driver")
    if driver != driver.lower():
        detail = f'driver names should be lowercase; "{driver}" contains uppercase characters'
        yield f"spec.driver: {detail}"


_SINCE = {("", "ServiceAccount"): 32, ("storage.k8s.io", "CSIDriver"): 35}
_ON_CHANGE: dict[tuple[str, str], Callable[[Object, Object], Warnings]] = {
    ("", "Pod"): _pod,
    ("", "PodTemplate"): _pod_template,
    ("", "ReplicationController"): _workload,
    ("", "ServiceAccount"): _service_account,
    ("apps", "Deployment"): _workload,
    ("apps", "ReplicaSet"): _workload,
    ("apps", "StatefulSet"): _template_only,
    ("apps", "DaemonSet"): _template_only,
    ("batch", "Job"): _workload,
    ("batch", "CronJob"): _cron_job,
    ("storage.k8s.io", "CSIDriver"): _csi_driver,
}
_WARNINGS: dict[tuple[str, str], Callable[[Object], Warnings]] = {
    ("", "Node"): _node,
    ("", "Service"): _service,
    ("", "Endpoints"): _endpoints,
    ("", "ComponentStatus"): _component_status,
    ("", "PersistentVolume"): _persistent_volume,
    ("networking.k8s.io", "Ingress"): _ingress,
    ("storage.k8s.io", "CSIStorageCapacity"): _csi_storage_capacity,
    ("storage.k8s.io", "StorageClass"): _storage_class,
    ("resource.k8s.io", "ResourceSlice"): _resource_slice,
}
