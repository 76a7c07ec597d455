"""What remains in a namespace that is being deleted, as the conditions of its status.

Pure; types, reasons and messages are those of upstream's pkg/controller/namespace/deletion.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from kubeade.api.parts import parts
from kubeade.api.resource import Object
from kubeade.lib.timestamps import format_time

FINALIZER = "kubernetes"


@dataclass(slots=True)
class Remains:
    """What a pass over the namespace found: instances by `resource.group`, finalizers, errors."""

    instances: dict[str, int] = field(default_factory=dict)
    finalizers: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    discovery_error: str = ""

    def count(self, resource: str, items: list[Object]) -> None:
        if not items:
            return
        self.instances[resource] = len(items)
        for item in items:
            for name in item["metadata"].get("finalizers") or []:
                self.finalizers[name] = self.finalizers.get(name, 0) + 1

    @property
    def nothing(self) -> bool:
        return not self.instances and not self.errors and not self.discovery_error


def discovery_error(failures: Mapping[str, str]) -> str:
    """What is said of groups that did not answer: what they hold is not known, so the namespace stays."""
    if not failures:
        return ""
    told = ", ".join(f"{group}: {message}" for group, message in sorted(failures.items()))
    return (
        f"Discovery failed for some groups, {len(failures)} failing: "
        f"unable to retrieve the complete list of server APIs: {told}"
    )


def conditions(namespace: Object, remains: Remains, now: datetime) -> list[Object]:
    """All conditions of the namespace, in upstream's order; unchanged ones keep their dates."""
    current = {one["type"]: one for one in parts(namespace, "status", "conditions")}
    result = []
    for wanted in _wanted(remains):
        old = current.pop(wanted["type"], None)
        if old is not None and all(old.get(key) == value for key, value in wanted.items()):
            result.append(old)
        else:
            result.append({**wanted, "lastTransitionTime": format_time(now)})
    return [*current.values(), *result]


def _wanted(remains: Remains) -> list[Object]:
    instances = ", ".join(
        f"{name} has {count} resource instances" for name, count in sorted(remains.instances.items())
    )
    finalizers = ", ".join(
        f"{name} in {count} resource instances" for name, count in sorted(remains.finalizers.items())
    )
    return [
        _condition(
            "NamespaceDeletionDiscoveryFailure",
            ("DiscoveryFailed", remains.discovery_error),
            ("ResourcesDiscovered", "All resources successfully discovered"),
        ),
        _condition(
            "NamespaceDeletionGroupVersionParsingFailure",
            ("GroupVersionParsingFailed", ""),
            ("ParsedGroupVersions", "All legacy kube types successfully parsed"),
        ),
        _condition(
            "NamespaceDeletionContentFailure",
            ("ContentDeletionFailed", _content_failure(sorted(remains.errors))),
            ("ContentDeleted", "All content successfully deleted, may be waiting on finalization"),
        ),
        _condition(
            "NamespaceContentRemaining",
            ("SomeResourcesRemain", instances and f"Some resources are remaining: {instances}"),
            ("ContentRemoved", "All content successfully removed"),
        ),
        _condition(
            "NamespaceFinalizersRemaining",
            (
                "SomeFinalizersRemain",
                finalizers and f"Some content in the namespace has finalizers remaining: {finalizers}",
            ),
            ("ContentHasNoFinalizers", "All content-preserving finalizers finished"),
        ),
    ]


def _content_failure(errors: list[str]) -> str:
    told = ", ".join(errors)
    return f"Failed to delete all resource types, {len(errors)} remaining: {told}" if errors else ""


def _condition(type: str, bad: tuple[str, str], good: tuple[str, str]) -> Object:
    reason, message = bad if bad[1] else good
    return {"type": type, "status": "True" if bad[1] else "False", "reason": reason, "message": message}
