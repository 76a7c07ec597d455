"""Policies with their bindings, in order of their names. In force when their write is acknowledged."""

from typing import Any

from kubeade.api.parts import part, text
from kubeade.api.resource import Object, Resource
from kubeade.apiserver.admission.dynamic.matching import GROUP
from kubeade.apiserver.admission.policies.policy import Binding, Policy
from kubeade.apiserver.derived import Follower
from kubeade.apiserver.seams import Reader


class Policies:
    """Follows policies and bindings of one kind; `kind` is Validating or Mutating."""

    def __init__(self, reader: Reader, kind: str) -> None:
        plural, name = f"{kind.lower()}admissionpolic", f"{kind}AdmissionPolicy"
        policies = Resource(GROUP, "v1", f"{plural}ies", name, namespaced=False)
        bindings = Resource(GROUP, "v1", f"{plural}ybindings", f"{name}Binding", namespaced=False)
        self._policies: dict[str, Any] = {}
        self._bindings: dict[str, Any] = {}
        self._follow_policies = Follower(reader, policies, self._policy, self._policies.clear)
        self._follow_bindings = Follower(reader, bindings, self._binding, self._bindings.clear)
        self._bound: list[tuple[Policy, list[Binding]]] = []

    def bound(self) -> list[tuple[Policy, list[Binding]]]:
        """Policies that have bindings: others have no effect."""
        policies, bindings = self._follow_policies.catch_up(), self._follow_bindings.catch_up()
        if policies or bindings:
            self._bound = list(self._joined())
        return self._bound

    def _joined(self) -> Any:
        by_policy: dict[str, list[Binding]] = {}
        for _, binding in sorted(self._bindings.items()):
            by_policy.setdefault(text(binding.spec, "policyName"), []).append(binding)
        for name, policy in sorted(self._policies.items()):
            if name in by_policy:
                yield policy, by_policy[name]

    def _policy(self, _: str, name: str, found: Object | None) -> None:
        _put(self._policies, name, None if found is None else Policy(name, part(found, "spec")))

    def _binding(self, _: str, name: str, found: Object | None) -> None:
        _put(self._bindings, name, None if found is None else Binding(name, part(found, "spec")))


def _put(held: dict[str, Any], name: str, value: Any) -> None:
    if value is None:
        held.pop(name, None)
    else:
        held[name] = value
