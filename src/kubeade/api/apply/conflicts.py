"""Fields that an applier would change and somebody else owns."""

from dataclasses import dataclass

from kubeade.api.apply import field_set
from kubeade.api.apply.field_set import Fields, Path
from kubeade.api.apply.managed import Manager
from kubeade.api.errors import Cause, Conflict


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """One field in dispute, and the manager that owns it."""

    manager: Manager
    path: Path


class ApplyConflict(Conflict):
    """409 with a cause for each field in dispute. `kubectl apply --server-side` shows the message."""

    def __init__(self, conflicts: list[FieldConflict]) -> None:
        self.conflicts = conflicts
        causes = [_cause(conflict).to_dict() for conflict in conflicts]
        super().__init__(_message(conflicts), details={"causes": causes})


def conflicts_of(owned: dict[Manager, Fields]) -> list[FieldConflict]:
    """Every disputed field, by manager."""
    managers = sorted(owned, key=lambda m: (m.name, m.operation, m.api_version, m.subresource))
    return [FieldConflict(manager, path) for manager in managers for path in field_set.paths(owned[manager])]


def _cause(conflict: FieldConflict) -> Cause:
    message = f"conflict with {conflict.manager.printed()}"
    return Cause("FieldManagerConflict", message, field_set.printed(conflict.path))


def _message(conflicts: list[FieldConflict]) -> str:
    if len(conflicts) == 1:
        told = f"{conflicts[0].manager.printed()}: {field_set.printed(conflicts[0].path)}"
        return f"Apply failed with 1 conflict: conflict with {told}"
    lines: list[str] = []
    for manager in dict.fromkeys(conflict.manager for conflict in conflicts):
        lines.append(f"conflicts with {manager.printed()}:")
        mine = [conflict.path for conflict in conflicts if conflict.manager == manager]
        lines += [f"- {field_set.printed(path)}" for path in mine]
    return f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines)
