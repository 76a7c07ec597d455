"""What every admission plugin is: which requests it looks at, what it changes, what it refuses."""

from collections.abc import Iterable

from kubeade.api.errors import Forbidden
from kubeade.api.resource import Object
from kubeade.apiserver.authorization.forbidden import forbidden_because
from kubeade.apiserver.seams import AdmissionAttributes, Operation

CREATE, UPDATE, DELETE, CONNECT = Operation.CREATE, Operation.UPDATE, Operation.DELETE, Operation.CONNECT


class Plugin:
    """A link of the chain. `resources` are (group, plural); None stands for all of them.

    A plugin overrides `mutate`, `validate` or both; the chain calls only what is overridden, for the
    resources and operations that are named.
    """

    resources: Iterable[tuple[str, str]] | None = None
    operations: frozenset[Operation] = frozenset(Operation)

    async def mutate(self, attributes: AdmissionAttributes) -> None:
        """Change `attributes.object` in place, or replace it, or refuse."""

    async def validate(self, attributes: AdmissionAttributes) -> None:
        """Refuse, or say nothing."""


def refused(attributes: AdmissionAttributes, why: str) -> Forbidden:
    """The 403 of an admission plugin (upstream: admission.NewForbidden)."""
    metadata = (attributes.object or {}).get("metadata") or {}
    name = attributes.name or metadata.get("name") or metadata.get("generateName") or "Unknown"
    return forbidden_because(attributes.resource.group, attributes.resource.plural, name, why)


def new_object(attributes: AdmissionAttributes) -> Object:
    """The object of a CREATE or UPDATE, which always has one."""
    assert attributes.object is not None
    return attributes.object


def annotations_of(found: Object) -> dict[str, str]:
    return found.get("metadata", {}).get("annotations") or {}


def containers_of(spec: Object, kinds: Iterable[str] = ("initContainers", "containers")) -> list[Object]:
    return [container for kind in kinds for container in spec.get(kind) or ()]
