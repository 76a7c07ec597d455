"""The rules in CEL of a custom resource's schema, run on its objects.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules
What is wrong with them when a definition is created is `rule_errors`'.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kubeade.api.cel.errors import CompileError, CostExceeded, EvaluationError
from kubeade.api.cel.values import NOTHING, Optional
from kubeade.api.crd.cel_values import OLD_SELF, SELF, to_cel
from kubeade.api.crd.rule import KEYWORD, Rule, compile_rule
from kubeade.api.crd.schema_shapes import root_of
from kubeade.api.errors import FieldError
from kubeade.api.parts import part
from kubeade.api.resource import Object
from kubeade.api.validation.fields import Errors, duplicate, forbidden, invalid, required


class Rules:
    """The rules of a schema and of what is below it, compiled once."""

    def __init__(self, schema: Object) -> None:
        """Of a resource, custom or embedded, it is what `root_of` makes of it."""
        self._schema = schema
        self._rules: list[Rule] = []
        self._unusable: list[str] = []
        for rule in schema.get(KEYWORD) or ():
            self._add(rule)
        properties = {name: _rules_of(below) for name, below in part(schema, "properties").items()}
        self._properties = {name: rules for name, rules in properties.items() if rules}
        self._values = _rules_of(schema.get("additionalProperties"))
        self._items = _rules_of(schema.get("items"))

    def __bool__(self) -> bool:
        return bool(self._rules or self._unusable or self._properties or self._values or self._items)

    def _add(self, rule: Object) -> None:
        try:
            compiled = compile_rule(rule, self._schema)
        except CompileError as error:
            # Refused at the creation of a definition; what was stored earlier may still hold one.
            self._unusable.append(f"rule compile error: {error}")
            return
        if compiled is not None:
            self._rules.append(compiled)

    def broken(self, value: Any, old: Any) -> Errors:
        """Broken rules of an object; `old` is the one it replaces, or None."""
        try:
            yield from self._broken(value, old, "", _Budget())
        except _OutOfBudget as spent:
            yield spent.error

    def _broken(self, value: Any, old: Any, path: str, budget: "_Budget") -> Errors:
        if value is None:
            return
        for told in self._unusable:
            yield FieldError(path or "<nil>", "FieldValueInvalid", f"Invalid value: {told}")
        if self._rules:
            yield from self._broken_here(value, old, path, budget)
        if isinstance(value, dict):
            yield from self._broken_members(value, old if isinstance(old, dict) else {}, path, budget)
        elif isinstance(value, list) and self._items:
            yield from self._broken_items(value, old if isinstance(old, list) else [], path, budget)

    def _broken_members(self, members: Object, old: Object, path: str, budget: "_Budget") -> Errors:
        for name, member in members.items():
            rules = self._properties.get(name, self._values)
            if rules:
                yield from rules._broken(member, old.get(name), f"{path}.{name}" if path else name, budget)

    def _broken_items(self, items: list[Any], old: list[Any], path: str, budget: "_Budget") -> Errors:
        keys = self._schema.get("x-kubernetes-list-map-keys") or ()
        former = {_key(item, keys): item for item in old} if keys else {}
        for index, item in enumerate(items):
            previous = former.get(_key(item, keys)) if keys else None
            assert self._items is not None
            yield from self._items._broken(item, previous, f"{path}[{index}]", budget)

    def _broken_here(self, value: Any, old: Any, path: str, budget: "_Budget") -> Errors:
        variables = {SELF: to_cel(value, self._schema), OLD_SELF: to_cel(old, self._schema)}
        maybe = {**variables, OLD_SELF: NOTHING if old is None else Optional((variables[OLD_SELF],))}
        for rule in self._rules:
            if rule.uses_old_self and old is None and not rule.optional_old_self:
                continue
            # What was not touched may stay as it is: rules are added to definitions that have objects.
            if not rule.uses_old_self and old is not None and old == value:
                continue
            known = maybe if rule.optional_old_self else variables
            error = _broken(rule, known, value, path or "<nil>", budget)
            if error is not None:
                yield error


class _OutOfBudget(Exception):
    def __init__(self, path: str, detail: str) -> None:
        self.error = FieldError(path, "FieldValueInvalid", f"Invalid value: {detail}")


@dataclass(slots=True)
class _Budget:
    """What all rules of an object may cost together (upstream: RuntimeCELCostBudget)."""

    left: int = 10_000_000

    def spend(self, cost: int, path: str, what: str = "validation failed") -> None:
        """Raises _OutOfBudget."""
        self.left -= cost
        if self.left < 0:
            detail = f"{what} due to running out of cost budget, no further validation rules will be run"
            raise _OutOfBudget(path, detail)


def _rules_of(schema: Any) -> Rules | None:
    if not isinstance(schema, dict):
        return None
    return Rules(root_of(schema) if schema.get("x-kubernetes-embedded-resource") else schema) or None


def _key(item: Any, keys: Iterable[str]) -> tuple[Any, ...]:
    return tuple(item.get(key) for key in keys) if isinstance(item, dict) else ()


def _broken(
    rule: Rule, variables: dict[str, Any], value: Any, path: str, budget: "_Budget"
) -> FieldError | None:
    told = rule.message or rule.text
    evaluation = rule.program.evaluation(variables)
    try:
        holds = evaluation.value()
        budget.spend(evaluation.cost, path)
    except CostExceeded as error:
        detail = f"'{error}': no further validation rules will be run due to call cost exceeds limit for rule"
        raise _OutOfBudget(path, f"{detail}: {told}") from None
    except EvaluationError as error:
        budget.spend(evaluation.cost, path)
        return FieldError(path, "FieldValueInvalid", f"Invalid value: {_problem(str(error))} rule: {told}")
    if holds is True:
        return None
    where = path
    if rule.field_path:
        where = rule.field_path if path == "<nil>" else f"{path}.{rule.field_path}"
    return _error(rule, where, value, _message(rule, variables, where, budget))


def _problem(error: str) -> str:
    if not error.startswith("no such overload"):
        return f"{error} evaluating"
    return f"'{error}': call arguments did not match a supported operator, function or macro signature for"


def _message(rule: Rule, variables: dict[str, Any], path: str, budget: "_Budget") -> str:
    told = None
    if rule.message_program is not None:
        evaluation = rule.message_program.evaluation(variables)
        try:
            told = evaluation.value()
        except CostExceeded:
            detail = (
                "no further validation rules will be run due to call cost exceeds limit for messageExpression"
            )
            raise _OutOfBudget(path, f'{detail}: "{rule.message_text}"') from None
        except EvaluationError:
            pass
        budget.spend(evaluation.cost, path, "messageExpression evaluation failed")
    if (
        isinstance(told, str)
        and 0 < len(told.strip().encode()) <= _LONGEST_MESSAGE
        and "\n" not in told.strip()
    ):
        return told.strip()
    return rule.message or f"failed rule: {rule.text}"


_LONGEST_MESSAGE = 5 * 1024


def _error(rule: Rule, path: str, value: Any, detail: str) -> FieldError:
    if rule.reason == "FieldValueRequired":
        return required(path, detail)
    if rule.reason == "FieldValueForbidden":
        return forbidden(path, detail)
    if rule.reason == "FieldValueDuplicate" and not isinstance(value, dict | list):
        return duplicate(path, value)
    if isinstance(value, dict | list):
        title = "Duplicate value" if rule.reason == "FieldValueDuplicate" else "Invalid value"
        return FieldError(path, rule.reason, f"{title}: {detail}")
    return invalid(path, value, detail)
