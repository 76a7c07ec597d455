"""What is wrong with the rules in CEL of a definition's schema, and whether they cost too much."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from kubeade.api.cel.errors import CompileError
from kubeade.api.crd.rule import KEYWORD, compile_rule
from kubeade.api.crd.rule_costs import Costs, times_below
from kubeade.api.crd.schema_shapes import root_of
from kubeade.api.parts import part
from kubeade.api.resource import Object
from kubeade.api.validation.fields import Errors, invalid


@dataclass(frozen=True, slots=True)
class _Place:
    """A schema within the whole one."""

    schema: Object
    path: str
    comparable: bool = True
    """Whether an old value can be found for a new one: not so inside atomic lists and sets."""
    times: int | None = 1
    """How often its values can be in one object; None where nothing sets a limit."""

    def below(self) -> Iterator["_Place"]:
        schema, times = self.schema, times_below(self.schema, self.times)
        beside = self.comparable and schema.get("x-kubernetes-map-type") != "atomic"
        for name, each in part(schema, "properties").items():
            yield replace(
                self, schema=each, path=f"{self.path}.properties[{name}]", comparable=beside, times=times
            )
        values, items = schema.get("additionalProperties"), schema.get("items")
        if isinstance(values, dict):
            yield replace(self, schema=values, path=f"{self.path}.additionalProperties", times=times)
        if isinstance(items, dict):
            keyed = self.comparable and schema.get("x-kubernetes-list-type") == "map"
            yield replace(self, schema=items, path=f"{self.path}.items", comparable=keyed, times=times)


def rule_errors(schema: Object, path: str, *, known: bool = False) -> Errors:
    """Of the rules at any depth. A schema that is `known` is stored already, so its rules may cost much."""
    costs = Costs(tolerant=known)
    yield from _errors(_Place(schema, path), costs)
    yield from costs.in_all(path)


def _errors(place: _Place, costs: Costs) -> Errors:
    for index, rule in enumerate(place.schema.get(KEYWORD) or ()):
        yield from _rule_errors(rule, place, costs, f"{place.path}.{KEYWORD}[{index}]")
    for below in place.below():
        yield from _errors(below, costs)


def _rule_errors(rule: Object, place: _Place, costs: Costs, path: str) -> Errors:
    whole = place.schema
    if place.path.endswith("openAPIV3Schema") or whole.get("x-kubernetes-embedded-resource"):
        whole = root_of(whole)
    try:
        compiled = compile_rule(rule, whole)
    except CompileError as error:
        yield invalid(f"{path}.rule", rule, str(error))
        return
    if compiled is None:
        return
    yield from costs.of_rule(compiled, whole, place.times, path)
    if compiled.message_error:
        yield invalid(f"{path}.messageExpression", rule, compiled.message_error)
    if compiled.uses_old_self and not place.comparable:
        detail = "oldSelf cannot be used on the uncorrelatable portion of the schema"
        yield invalid(f"{path}.rule", rule.get("rule"), detail)
    if compiled.optional_old_self and not compiled.uses_old_self:
        yield invalid(f"{path}.optionalOldSelf", True, "may not be set if oldSelf is not used in rule")
