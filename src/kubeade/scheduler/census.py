"""How many pods of a kind are on which node: what rules about other pods are answered from.

Pods of one template are alike in all that such rules look at, so a rule is held against each kind once, not
against each pod of the cluster.
"""

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field

from kubeade.scheduler.pod_info import PodInfo

Move = tuple[PodInfo, str, int]
"""A pod that comes to a node (+1), or leaves it (-1)."""


@dataclass(slots=True)
class Kind:
    """Pods that are alike: one of them, and how many each node has. Nodes with none are left out."""

    example: PodInfo
    homes: dict[str, int] = field(default_factory=dict)


class Census:
    """Pods by kind; what makes a kind is the caller's choice."""

    def __init__(self, kinds: dict[Hashable, Kind] | None = None) -> None:
        self._kinds = kinds or {}

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._kinds.values())

    def count(self, key: Hashable, move: Move) -> None:
        pod, node_name, step = move
        kind = self._kinds.setdefault(key, Kind(pod))
        kind.homes[node_name] = kind.homes.get(node_name, 0) + step
        if not kind.homes[node_name]:
            del kind.homes[node_name]
            if not kind.homes:
                del self._kinds[key]

    def after(self, moves: Iterable[tuple[Hashable, Move]]) -> "Census":
        """What it would be; this one stays as it is."""
        moves = list(moves)
        kinds = dict(self._kinds)
        for key in {key for key, _ in moves}:
            if key in kinds:
                kinds[key] = Kind(kinds[key].example, dict(kinds[key].homes))
        other = Census(kinds)
        for key, move in moves:
            other.count(key, move)
        return other
