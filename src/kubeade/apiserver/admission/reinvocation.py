"""Who has to be asked again, because an object was changed after he had seen it.

Upstream: after the first round of all mutating plugins there is a second one, once, if a webhook or policy
changed the object. In it a webhook or policy is only called if it asks for that (IfNeeded) and something
changed after its own call.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field

from kubeade.api.patch.json_value import copied
from kubeade.api.resource import Object


@dataclass(slots=True)
class Memory:
    """What one plugin remembers of the round."""

    invoked: set[Hashable] = field(default_factory=set)
    again: set[Hashable] = field(default_factory=set)
    output: Object | None = None

    def require(self) -> None:
        """All that were called so far and like to be called again, will be."""
        self.again |= self.invoked
        self.invoked.clear()


@dataclass(slots=True)
class Reinvocation:
    """One request's rounds: `wanted` once somebody changed the object, `second` in the second round."""

    wanted: bool = False
    second: bool = False
    memories: dict[str, Memory] = field(default_factory=dict)

    def enter(self, plugin: str, obj: Object | None) -> Memory:
        """What the plugin remembers; others' changes since its last call are noticed."""
        memory = self.memories.setdefault(plugin, Memory())
        if self.second and memory.output != obj:
            memory.require()
        return memory

    def leave(self, memory: Memory, obj: Object | None) -> None:
        memory.output = copied(obj)

    def changed(self, memory: Memory) -> None:
        memory.require()
        self.wanted = True

    def skips(self, memory: Memory, key: Hashable) -> bool:
        return self.second and key not in memory.again
