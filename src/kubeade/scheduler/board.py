"""What every node says to one kind of pods, kept from one decision to the next.

Pods are of one kind when their filters and scorings have the same keys. What has a key looks at one node
alone, so after a placement one node of a thousand is asked again: this is what a decision in a large cluster
costs. Nothing is decided here, and a decision without boards comes to the same.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from kubeade.scheduler.framework import Filter, Refusal, Scoring, check
from kubeade.scheduler.node_info import NodeInfo
from kubeade.scheduler.roster import Mark, Roster

BOARDS_LIMIT = 64

Weighted = tuple[float, Scoring]


@dataclass(slots=True)
class Board:
    """By position in the roster: why the node refuses, or None; and the weighted sum of its scores."""

    filters: Sequence[Filter]
    scorings: Sequence[Weighted]
    refusals: list[list[Refusal] | None] = field(default_factory=list)
    totals: list[float] = field(default_factory=list)
    _mark: Mark | None = None

    def follow(self, roster: Roster) -> None:
        """Ask the nodes that have changed."""
        changed = roster.changed_since(self._mark)
        if changed is None:
            self.refusals = [None] * len(roster.nodes)
            self.totals = [0.0] * len(roster.nodes)
            changed = set(range(len(roster.nodes)))
        for position in changed:
            node = roster.nodes[position]
            said = self.refusals[position] = check(node, self.filters)
            self.totals[position] = self._total(node) if said is None else 0.0
        self._mark = roster.mark()

    def _total(self, node: NodeInfo) -> float:
        return sum(weight * scoring.score(node) for weight, scoring in self.scorings)


class Boards:
    """The boards of the kinds that came last."""

    def __init__(self) -> None:
        self._boards: dict[Hashable, Board] = {}

    def __len__(self) -> int:
        return len(self._boards)

    def board(self, filters: Sequence[Filter], scorings: Sequence[Weighted], roster: Roster) -> Board:
        """The board of this kind, up to date. Everything given has a key."""
        kind = (
            tuple(one.key for one in filters),
            tuple((weight, scoring.key) for weight, scoring in scorings),
        )
        board = self._boards.pop(kind, None) or Board(filters, scorings)
        self._boards[kind] = board
        if len(self._boards) > BOARDS_LIMIT:
            del self._boards[next(iter(self._boards))]
        board.follow(roster)
        return board
