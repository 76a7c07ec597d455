"""MutatingAdmissionPolicy (upstream: admission/plugin/policy/mutating).

Each mutation builds an apply configuration or a JSON patch from the object as the mutations before it left
it. Nobody becomes the owner of what a policy sets.
"""

from collections.abc import Hashable

from kubeade.api.cel.errors import EvaluationError
from kubeade.apiserver.admission.dynamic.conditions import ConditionError
from kubeade.apiserver.admission.dynamic.matching import is_exempt
from kubeade.apiserver.admission.dynamic.view import Views
from kubeade.apiserver.admission.plugin import CREATE, UPDATE, Plugin
from kubeade.apiserver.admission.policies.denial import denied_by
from kubeade.apiserver.admission.policies.invocations import Invocation, Invocations
from kubeade.apiserver.admission.policies.mutation import MutationFailed, mutated
from kubeade.apiserver.admission.policies.policy import Expression
from kubeade.apiserver.admission.policies.source import Policies
from kubeade.apiserver.admission.reinvocation import Memory, Reinvocation
from kubeade.apiserver.seams import AdmissionAttributes

_NAME = "MutatingAdmissionPolicy"


class MutatingAdmissionPolicy(Plugin):
    operations = frozenset({CREATE, UPDATE})

    def __init__(self, invocations: Invocations) -> None:
        self._policies = Policies(invocations.reader, "Mutating")
        self._invocations = invocations

    async def mutate(self, attributes: AdmissionAttributes) -> None:
        bound = self._policies.bound()
        if not bound or is_exempt(attributes):
            return
        if attributes.reinvocation is None:
            attributes.reinvocation = Reinvocation()
        memory = attributes.reinvocation.enter(_NAME, attributes.object)
        causes: list[tuple[str, str]] = []
        views = Views(attributes)
        chosen = [each async for each in self._invocations.of(bound, attributes, views)]
        for invocation in chosen:
            try:
                if invocation.error:
                    raise MutationFailed(invocation.error)
                await self._invoke(invocation, attributes, memory)
            except MutationFailed as failed:
                if invocation.policy.fails:
                    reason = "" if invocation.error else "Invalid"
                    causes.append((f"{_whose(invocation)} denied request: {failed}", reason))
        attributes.reinvocation.leave(memory, attributes.object)
        if causes:
            raise denied_by(attributes, causes)

    async def _invoke(self, invocation: Invocation, attributes: AdmissionAttributes, memory: Memory) -> None:
        """Raises MutationFailed."""
        rounds, policy = attributes.reinvocation, invocation.policy
        assert rounds is not None
        scope = await self._invocations.scope(invocation, attributes, Views(attributes))
        try:
            if policy.conditions and not await policy.conditions.hold(scope):
                return
        except ConditionError as error:
            raise MutationFailed(str(error)) from None
        key = _key(invocation)
        if rounds.skips(memory, key):
            return
        for kind, expression in policy.mutations:
            if await self._mutate(kind, expression, invocation, attributes):
                rounds.changed(memory)
        if policy.reinvoked:
            memory.invoked.add(key)

    async def _mutate(
        self, kind: str, expression: Expression, invocation: Invocation, attributes: AdmissionAttributes
    ) -> bool:
        """Whether the object was changed. Raises MutationFailed."""
        if expression.program is None:
            raise MutationFailed(expression.error)
        views = Views(attributes)
        view = await views.of(invocation.resource)
        if view.object is None:
            return False
        scope = await self._invocations.scope(invocation, attributes, views)
        try:
            value = await scope.evaluate(expression.program)
        except EvaluationError as error:
            raise MutationFailed(f"expression '{expression.text}' resulted in error: {error}") from None
        changed = mutated(kind, value, view.object, invocation.resource, views.kinds)
        if changed == view.object:
            return False
        attributes.object = await views.kinds.convert(changed, attributes.resource)
        return True


def _whose(invocation: Invocation) -> str:
    if invocation.binding is None:
        return f'policy "{invocation.policy.name}"'
    return f"policy '{invocation.policy.name}' with binding '{invocation.binding.name}'"


def _key(invocation: Invocation) -> Hashable:
    metadata = (invocation.param or {}).get("metadata") or {}
    binding = invocation.binding.name if invocation.binding else ""
    return invocation.policy.name, binding, metadata.get("namespace"), metadata.get("name")
