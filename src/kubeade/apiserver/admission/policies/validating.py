"""ValidatingAdmissionPolicy (upstream: admission/plugin/policy/validating)."""

from dataclasses import dataclass, field
from typing import Any

from kubeade.api.cel.errors import EvaluationError
from kubeade.api.parts import text
from kubeade.api.resource import Object
from kubeade.apiserver.admission.dynamic.conditions import ConditionError
from kubeade.apiserver.admission.dynamic.expressions import Scope
from kubeade.apiserver.admission.dynamic.matching import is_exempt
from kubeade.apiserver.admission.dynamic.view import Views
from kubeade.apiserver.admission.plugin import Plugin
from kubeade.apiserver.admission.policies.denial import denied
from kubeade.apiserver.admission.policies.invocations import Invocation, Invocations
from kubeade.apiserver.admission.policies.policy import Expression, Policy
from kubeade.apiserver.admission.policies.source import Policies
from kubeade.apiserver.encoding import encode
from kubeade.apiserver.seams import AdmissionAttributes

_FAILURE = "validation.policy.admission.k8s.io/validation_failure"
_LONGEST_MESSAGE, _LONGEST_ANNOTATION = 5 * 1024, 10 * 1024


@dataclass(frozen=True, slots=True)
class Decision:
    """A validation that is not met, or came to no value where that is as bad. `reason` as in the policy."""

    index: int
    message: str
    reason: str = ""


@dataclass(slots=True)
class _Verdict:
    """What all policies together say of a request."""

    denials: list[tuple[Invocation, Decision]] = field(default_factory=list)
    annotations: dict[tuple[str, str], list[str]] = field(default_factory=dict)


class ValidatingAdmissionPolicy(Plugin):
    def __init__(self, invocations: Invocations) -> None:
        self._policies = Policies(invocations.reader, "Validating")
        self._invocations = invocations

    async def validate(self, attributes: AdmissionAttributes) -> None:
        bound = self._policies.bound()
        if not bound or is_exempt(attributes):
            return
        views, verdict = Views(attributes), _Verdict()
        async for invocation in self._invocations.of(bound, attributes, views):
            if invocation.error:
                if invocation.policy.fails:
                    verdict.denials.append((invocation, Decision(0, invocation.error)))
                continue
            scope = await self._invocations.scope(invocation, attributes, views)
            await self._judge(invocation, scope, attributes, verdict)
        for (policy, key), values in verdict.annotations.items():
            attributes.audit_annotations[f"{policy}/{key}"] = ", ".join(values)
        if verdict.denials:
            invocation, decision = verdict.denials[0]
            raise denied(attributes, _whose(invocation), decision.message, decision.reason)

    async def _judge(
        self, invocation: Invocation, scope: Scope, attributes: AdmissionAttributes, verdict: _Verdict
    ) -> None:
        policy = invocation.policy
        try:
            if policy.conditions and not await policy.conditions.hold(scope):
                return
        except ConditionError as error:
            self._act(invocation, Decision(0, str(error)), attributes, verdict)
            return
        for decision in await _unmet(policy, scope):
            self._act(invocation, decision, attributes, verdict)
        await _annotate(invocation, scope, verdict)

    def _act(
        self, invocation: Invocation, decision: Decision, attributes: AdmissionAttributes, verdict: _Verdict
    ) -> None:
        """Do what the binding says is to be done about it."""
        assert invocation.binding is not None
        for action in invocation.binding.actions:
            if action == "Deny":
                verdict.denials.append((invocation, decision))
            elif action == "Warn":
                attributes.warnings.append(f"Validation failed for {_whose(invocation)}: {decision.message}")
            elif action == "Audit":
                attributes.audit_annotations[_FAILURE] = _failure(invocation, decision)


def _whose(invocation: Invocation) -> str:
    policy = f"ValidatingAdmissionPolicy '{invocation.policy.name}'"
    return f"{policy} with binding '{invocation.binding.name}'" if invocation.binding else policy


def _failure(invocation: Invocation, decision: Decision) -> str:
    assert invocation.binding is not None
    found: dict[str, Any] = {
        "message": decision.message,
        "policy": invocation.policy.name,
        "binding": invocation.binding.name,
        "expressionIndex": decision.index,
        "validationActions": invocation.binding.actions,
    }
    return encode([found]).decode()


async def _unmet(policy: Policy, scope: Scope) -> list[Decision]:
    """The validations that are not met."""
    found = []
    for index, (validation, expression, message) in enumerate(policy.validations):
        value, error = await _value(expression, scope)
        if error:
            if policy.fails:
                found.append(Decision(index, error))
        elif value is not True:
            told = await _message(validation, message, scope)
            found.append(Decision(index, told, text(validation, "reason") or "Invalid"))
    return found


async def _value(expression: Expression, scope: Scope) -> tuple[Any, str]:
    """The value, or why there is none."""
    if expression.program is None:
        return None, expression.error
    try:
        return await scope.evaluate(expression.program), ""
    except EvaluationError as error:
        return None, f"expression '{expression.text}' resulted in error: {error}"


async def _message(validation: Object, expression: Expression | None, scope: Scope) -> str:
    if expression is not None:
        found, error = await _value(expression, scope)
        told = found.strip() if isinstance(found, str) and not error else ""
        if told and "\n" not in told and len(told.encode()) <= _LONGEST_MESSAGE:
            return told
    message = text(validation, "message").strip()
    return message or f"failed expression: {text(validation, 'expression').strip()}"


async def _annotate(invocation: Invocation, scope: Scope, verdict: _Verdict) -> None:
    policy = invocation.policy
    for key, expression in policy.audit_annotations:
        value, error = await _value(expression, scope)
        if error:
            if policy.fails:
                verdict.denials.append((invocation, Decision(0, error)))
        elif isinstance(value, str) and value.strip():
            values = verdict.annotations.setdefault((policy.name, key), [])
            if value.strip() not in values:
                values.append(value.strip()[:_LONGEST_ANNOTATION])
