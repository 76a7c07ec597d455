"""One evaluation: its variables, and what it has cost so far."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from kubeade.api.cel.errors import CostExceeded, EvaluationError

PER_CALL = 1_000_000
"""upstream: apis/cel/config.go PerCallLimit."""


@dataclass(frozen=True, slots=True)
class Failed:
    """In place of the result of a comprehension so far: a later element may still decide it."""

    error: EvaluationError


@dataclass(frozen=True, slots=True)
class Lazy:
    """A variable that is computed when it is first used."""

    evaluate: "Callable[[Frame], Any]"


@dataclass(slots=True)
class Frame:
    """Costs are in upstream's units (cel-go: interpreter/runtimecost.go)."""

    given: dict[str, Any]
    limit: int = PER_CALL
    spent: int = 0
    values: dict[str, Any] = field(default_factory=dict)
    """Of lazy variables."""
    variables: dict[str, Any] = field(init=False)
    """Those given, and for as long as they run those of comprehensions."""

    def __post_init__(self) -> None:
        self.variables = dict(self.given)

    def charge(self, cost: int) -> None:
        """Raises CostExceeded."""
        self.spent += cost
        if self.spent > self.limit:
            raise CostExceeded

    def computed(self, name: str, lazy: Lazy) -> Any:
        """The value of a lazy variable, which sees no comprehension's."""
        if name not in self.values:
            inner = Frame(self.given, self.limit, self.spent, self.values)
            self.values[name] = lazy.evaluate(inner)
            self.spent = inner.spent
        return self.values[name]
