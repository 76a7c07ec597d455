"""Defaults of kinds that configure the cluster itself."""

from kubeade.api.defaults.fill import attached, fill, fill_absent
from kubeade.api.parts import part, parts, text
from kubeade.api.resource import Object

HTTPS_PORT = 443
_CERTIFICATE_SECONDS = 86400


def default_priority_class(priority_class: Object) -> None:
    """Lower pods make room; a class without a value is worth nothing."""
    fill(priority_class, "value", 0)
    fill_absent(priority_class, "preemptionPolicy", "PreemptLowerPriority")


def default_custom_resource_definition(definition: Object) -> None:
    """Singular and list names from the kind; no conversion; the storage version as the first stored."""
    spec = attached(definition, "spec")
    names = attached(spec, "names")
    if kind := text(names, "kind"):
        fill(names, "singular", kind.lower())
        fill(names, "listKind", f"{kind}List")
    fill(spec, "conversion", {"strategy": "None"})
    default_service_port(part(spec, "conversion", "webhook", "clientConfig"))
    status = attached(definition, "status")
    if not status.get("storedVersions"):
        stored = [version.get("name") for version in parts(spec, "versions") if version.get("storage")]
        status["storedVersions"] = stored[:1]


def default_api_service(api_service: Object) -> None:
    """An aggregated server answers on the HTTPS port."""
    default_service_port(part(api_service, "spec"))


def default_service_port(holder: Object) -> None:
    """The port of the Service reference held at `service`."""
    if isinstance(service := holder.get("service"), dict):
        fill(service, "port", HTTPS_PORT)


def default_pod_certificate_request(request: Object) -> None:
    """A certificate for a day."""
    fill_absent(attached(request, "spec"), "maxExpirationSeconds", _CERTIFICATE_SECONDS)
