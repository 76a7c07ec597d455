"""Defaults of pods and of pod templates."""

from kubeade.api.defaults.fill import attached, fill, fill_number
from kubeade.api.defaults.volumes import default_field_ref, default_volume
from kubeade.api.parts import part, parts
from kubeade.api.quantity import Quantity
from kubeade.api.resource import Object

_FILE_PATH = "/dev/termination-log"
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_CONTAINER_LISTS = ("containers", "initContainers")


def default_pod(pod: Object) -> None:
    """A pod: its spec, plus what is defaulted for pods only and not for templates."""
    spec = attached(pod, "spec")
    default_pod_spec(spec)
    fill(spec, "enableServiceLinks", True)
    for container in _containers(spec):
        _default_requests(container)
        if spec.get("hostNetwork"):
            _default_host_ports(container)
    _default_pod_level_requests(spec)
    status = part(pod, "status")
    if status.get("podIP") and not status.get("podIPs"):  # one says the same as the other
        status["podIPs"] = [{"ip": status["podIP"]}]


def default_pod_template(pod_template: Object) -> None:
    """A PodTemplate object."""
    default_template_in(pod_template)


def default_template_in(holder: Object) -> None:
    """The pod template held at `template` of a workload's spec."""
    template = holder.get("template")
    if isinstance(template, dict):
        default_pod_spec(attached(template, "spec"))


def default_pod_spec(spec: Object) -> None:
    """What every pod spec gets, in a pod or in a template."""
    fill(spec, "restartPolicy", "Always")
    fill(spec, "terminationGracePeriodSeconds", 30)
    fill(spec, "dnsPolicy", "ClusterFirst")
    fill(spec, "securityContext", {})
    fill(spec, "schedulerName", "default-scheduler")
    _keep_account_in_step(spec)
    for volume in parts(spec, "volumes"):
        default_volume(volume)
    for container in _containers(spec):
        _default_container(container)
    for container in parts(spec, "ephemeralContainers"):
        _default_container(container)


def _keep_account_in_step(spec: Object) -> None:
    """`serviceAccount` is the field's old name: clients still read it, and write it."""
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        spec["serviceAccountName"] = spec["serviceAccount"] = account


def _containers(spec: Object) -> list[Object]:
    return [container for key in _CONTAINER_LISTS for container in parts(spec, key)]


def _default_container(container: Object) -> None:
    fill(container, "resources", {})
    fill(container, "terminationMessagePath", _FILE_PATH)
    fill(container, "terminationMessagePolicy", "File")
    fill(container, "imagePullPolicy", pull_policy(container.get("image")))
    for port in parts(container, "ports"):
        fill(port, "protocol", "TCP")
    for variable in parts(container, "env"):
        default_field_ref(part(variable, "valueFrom"))
    for name in _PROBES:
        if isinstance(probe := container.get(name), dict):
            _default_probe(probe)
    lifecycle = part(container, "lifecycle")
    for hook in ("postStart", "preStop"):
        _default_http_get(part(lifecycle, hook))


def _default_probe(probe: Object) -> None:
    _default_http_get(probe)
    if isinstance(grpc := probe.get("grpc"), dict) and grpc.get("service") is None:
        grpc["service"] = ""
    fill_number(probe, "timeoutSeconds", 1)
    fill_number(probe, "periodSeconds", 10)
    fill_number(probe, "successThreshold", 1)
    fill_number(probe, "failureThreshold", 3)


def _default_http_get(handler: Object) -> None:
    action = handler.get("httpGet")
    if isinstance(action, dict):
        fill(action, "path", "/")
        fill(action, "scheme", "HTTP")


def pull_policy(image: object) -> str:
    """Always for the tag `latest`, given or implied; else IfNotPresent (a digest alone implies no tag)."""
    if not isinstance(image, str) or not image:
        return "IfNotPresent"
    name, _, digest = image.partition("@")
    _, _, tag = name.rpartition("/")[2].partition(":")
    return "Always" if tag == "latest" or not (tag or digest) else "IfNotPresent"


def _default_requests(container: Object) -> None:
    limits = part(container, "resources", "limits")
    if limits:
        requests = attached(container["resources"], "requests")
        for name, quantity in limits.items():
            requests.setdefault(name, quantity)


def _default_host_ports(container: Object) -> None:
    for port in parts(container, "ports"):
        if port.get("containerPort"):
            fill_number(port, "hostPort", port["containerPort"])


def _default_pod_level_requests(spec: Object) -> None:
    """For a pod with limits of its own: what its containers ask for together, else the limit."""
    for name, limit in part(spec, "resources", "limits").items():
        found = [part(c, "resources", "requests").get(name) for c in _running_containers(spec)]
        attached(spec["resources"], "requests").setdefault(name, _total(found) or limit)


def _running_containers(spec: Object) -> list[Object]:
    sidecars = [c for c in parts(spec, "initContainers") if c.get("restartPolicy") == "Always"]
    return parts(spec, "containers") + sidecars


def _total(found: list[object]) -> str:
    try:
        quantities = [Quantity.parse(str(value)) for value in found if value is not None]
    except ValueError:
        return ""
    return str(sum(quantities[1:], quantities[0])) if quantities else ""
