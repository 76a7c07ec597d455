"""Reading a CustomResourceDefinition (apiextensions.k8s.io/v1)."""

from dataclasses import dataclass

from kubeade.api.parts import part, parts, text
from kubeade.api.resource import Object, Resource

ESTABLISHED = "Established"
NAMES_ACCEPTED = "NamesAccepted"
TERMINATING = "Terminating"


@dataclass(frozen=True, slots=True)
class Scale:
    """Where the scale subresource finds its numbers: paths such as `.spec.replicas`; "" for none."""

    spec_replicas_path: str
    status_replicas_path: str
    label_selector_path: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a definition."""

    name: str
    served: bool
    storage: bool
    schema: Object
    has_status: bool
    scale: Scale | None
    columns: tuple[Object, ...]
    selectable_fields: tuple[str, ...]
    deprecated: bool
    deprecation_warning: str


def versions(definition: Object) -> list[Version]:
    """Every version, in the definition's order."""
    return [_version(version) for version in parts(definition, "spec", "versions")]


def _version(version: Object) -> Version:
    subresources = part(version, "subresources")
    return Version(
        name=text(version, "name"),
        served=bool(version.get("served")),
        storage=bool(version.get("storage")),
        schema=part(version, "schema", "openAPIV3Schema"),
        has_status=isinstance(subresources.get("status"), dict),
        scale=_scale(subresources),
        columns=tuple(parts(version, "additionalPrinterColumns")),
        selectable_fields=tuple(text(each, "jsonPath") for each in parts(version, "selectableFields")),
        deprecated=bool(version.get("deprecated")),
        deprecation_warning=text(version, "deprecationWarning"),
    )


def _scale(subresources: Object) -> Scale | None:
    scale = subresources.get("scale")
    if not isinstance(scale, dict):
        return None
    spec, status = text(scale, "specReplicasPath"), text(scale, "statusReplicasPath")
    return Scale(spec, status, text(scale, "labelSelectorPath"))


def group(definition: Object) -> str:
    return text(definition, "spec", "group")


def resource(definition: Object, version: str) -> Resource:
    """The resource of one version, under its accepted names, or those asked for where none are accepted."""
    names = part(definition, "status", "acceptedNames")
    names = names if names.get("plural") else part(definition, "spec", "names")
    namespaced = text(definition, "spec", "scope") == "Namespaced"
    return Resource(group(definition), version, text(names, "plural"), text(names, "kind"), namespaced)


def storage_version(definition: Object) -> str:
    """The version that objects are kept in; "" where the definition (wrongly) has none."""
    return next((version.name for version in versions(definition) if version.storage), "")


def conversion_webhook(definition: Object) -> Object:
    """What `spec.conversion` says of a webhook; {} where versions differ in nothing but their name."""
    conversion = part(definition, "spec", "conversion")
    return part(conversion, "webhook") if text(conversion, "strategy") == "Webhook" else {}


def is_established(definition: Object) -> bool:
    """Whether the server serves this definition's resources."""
    return condition(definition, ESTABLISHED).get("status") == "True"


def condition(definition: Object, type: str) -> Object:
    """The condition of this type, or an empty one."""
    found = (each for each in parts(definition, "status", "conditions") if each.get("type") == type)
    return next(found, {})


def keeps_unknown_fields(definition: Object) -> bool:
    """The old way of keeping all fields, for definitions that came from v1beta1."""
    return part(definition, "spec").get("preserveUnknownFields") is True
