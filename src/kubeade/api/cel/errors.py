"""What can go wrong with an expression: when it is compiled, and when it is evaluated.

CompileError
EvaluationError         && and || pass over it where their other side decides
    NeedsDecision
    CostExceeded        ends the evaluation at once
"""

from kubeade.api.cel.questions import Question

EXCEEDED = "operation cancelled: actual cost limit exceeded"


class CompileError(ValueError):
    """An expression that is no CEL, or does not fit the types of its variables. `node` is where, if known."""

    def __init__(self, message: str, node: int = 0) -> None:
        super().__init__(message)
        self.node = node


class EvaluationError(ValueError):
    """An expression that came to no value: a missing key, an index out of bounds, ..."""


class CostExceeded(EvaluationError):
    """The expression takes too long on these values."""

    def __init__(self, message: str = EXCEEDED) -> None:
        super().__init__(message)


class NeedsDecision(EvaluationError):
    """The expression asks the authorizer something that its variables do not answer yet."""

    def __init__(self, question: Question) -> None:
        super().__init__("the authorizer has not been asked yet")
        self.question = question


def no_such_overload() -> EvaluationError:
    return EvaluationError("no such overload")
