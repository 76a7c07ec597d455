"""The nodes in an order that stays, and which of them changed since when.

Whoever keeps something per node (`board`) asks for the positions that changed since it last looked. A node
that comes or goes makes all positions new.
"""

from kubeade.scheduler.node_info import NodeInfo

CHANGES_LIMIT = 16_384

Mark = tuple[int, int]
"""How far somebody has read: a generation, and a place in its changes."""


class Roster:
    """Positions count from 0, in the order in which nodes came."""

    def __init__(self) -> None:
        self.nodes: list[NodeInfo] = []
        self._positions: dict[str, int] = {}
        self._generation = 0
        self._changes: list[int] = []

    def put(self, node: NodeInfo) -> None:
        """A new node, or a new version of one."""
        position = self._positions.get(node.name)
        if position is not None:
            self.nodes[position] = node
            self.touch(node.name)
            return
        self._positions[node.name] = len(self.nodes)
        self.nodes.append(node)
        self._begin_anew()

    def remove(self, name: str) -> None:
        del self.nodes[self._positions[name]]
        self._positions = {node.name: position for position, node in enumerate(self.nodes)}
        self._begin_anew()

    def touch(self, name: str) -> None:
        """What is on the node has changed."""
        self._changes.append(self._positions[name])
        if len(self._changes) > CHANGES_LIMIT:
            self._begin_anew()

    def mark(self) -> Mark:
        return self._generation, len(self._changes)

    def changed_since(self, mark: Mark | None) -> set[int] | None:
        """The positions that changed; None: all of them."""
        if mark is None or mark[0] != self._generation:
            return None
        return set(self._changes[mark[1] :])

    def _begin_anew(self) -> None:
        self._generation += 1
        self._changes.clear()
