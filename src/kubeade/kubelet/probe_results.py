"""What the probes of running containers have found so far, by container id."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class ProbeOutcome:
    """None: no verdict yet, or no such probe."""

    startup: bool | None = None
    readiness: bool | None = None
    liveness: bool | None = None


class ProbeResults(Mapping[str, ProbeOutcome]):
    """The verdicts of all probes of one pod; `on_change` is called when one turns."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._outcomes: dict[str, ProbeOutcome] = {}
        self._on_change = on_change

    def __getitem__(self, container_id: str) -> ProbeOutcome:
        return self._outcomes[container_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._outcomes)

    def __len__(self) -> int:
        return len(self._outcomes)

    def set(self, container_id: str, kind: str, *, passed: bool) -> None:
        """`kind` is startup, readiness or liveness."""
        old = self._outcomes.get(container_id, ProbeOutcome())
        new = replace(old, **{kind: passed})
        if new != old:
            self._outcomes[container_id] = new
            self._on_change()

    def forget(self, container_id: str) -> None:
        self._outcomes.pop(container_id, None)
