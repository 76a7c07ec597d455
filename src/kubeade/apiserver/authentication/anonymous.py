"""Who shows nothing: whether requests without credentials are answered at all."""

from dataclasses import dataclass
from typing import Protocol


class Anonymous(Protocol):
    def admits(self, path: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class AnonymousRule:
    """With `paths`, only requests of those paths."""

    enabled: bool = True
    paths: tuple[str, ...] = ()

    def admits(self, path: str) -> bool:
        return self.enabled and (not self.paths or path in self.paths)
