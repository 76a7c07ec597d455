"""Match conditions: what a webhook or policy wants to be true before it is asked (upstream:
webhook/matchconditions).

One that is false ends it: not asked. Else one that comes to no value is a failure, which the failure policy
makes a refusal or a reason not to ask.
"""

from dataclasses import dataclass

from kubeade.api.cel.environment import Program
from kubeade.api.cel.errors import CompileError, EvaluationError
from kubeade.api.cel.requests import PARAMS, WEBHOOK_VARIABLES, compile_on_request
from kubeade.api.parts import parts, text
from kubeade.api.resource import Object
from kubeade.apiserver.admission.dynamic.expressions import Scope


class ConditionError(Exception):
    """Conditions that came to no answer, where failing is a refusal."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """Compiled match conditions. What cannot be compiled is a failure each time."""

    programs: tuple[tuple[str, Program | str], ...]
    fails: bool

    @classmethod
    def of(cls, owner: Object) -> "Conditions":
        """Those of a webhook, or of a policy's spec."""
        programs = tuple(
            (text(each, "expression"), _compiled(text(each, "expression")))
            for each in parts(owner, "matchConditions")
        )
        return cls(programs, owner.get("failurePolicy", "Fail") != "Ignore")

    def __bool__(self) -> bool:
        return bool(self.programs)

    async def hold(self, scope: Scope) -> bool:
        """Raises ConditionError."""
        errors = []
        for expression, program in self.programs:
            if isinstance(program, str):
                errors.append(program)
                continue
            try:
                if await scope.evaluate(program) is False:
                    return False
            except EvaluationError as error:
                errors.append(f"expression '{expression}' resulted in error: {error}")
        if errors and self.fails:
            raise ConditionError(errors[0] if len(errors) == 1 else f"[{', '.join(errors)}]")
        return not errors


def _compiled(expression: str) -> Program | str:
    try:
        return compile_on_request(expression, (*WEBHOOK_VARIABLES, PARAMS))
    except CompileError as error:
        return str(error)
