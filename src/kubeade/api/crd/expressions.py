"""`x-kubernetes-validations`: rules in CEL, checked when a definition is created and run on its objects.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules
What is wrong with them when a definition is created is `rule_errors`'.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kubeade.api.cel import environment as cel
from kubeade.api.crd.cel_values import OLD_SELF, SELF, escaped, to_cel, type_of
from kubeade.api.errors import FieldError
from kubeade.api.parts import part
from kubeade.api.resource import Object
from kubeade.api.validation.fields import Errors, duplicate, forbidden, invalid, required

KEYWORD = "x-kubernetes-validations"
_STRINGS = re.compile(r"""r?("([^"\\]|\\.)*"|'([^'\\]|\\.)*')""")
_OLD_SELF = re.compile(r"(?<![\w.])oldSelf\b")
_FIELDS = re.compile(r"(?<![\w.])(?:self|oldSelf)((?:\.\w+)+)(\()?")
_TYPED = re.compile(rf"(?P<string>{_STRINGS.pattern})|(?P<has>\bhas\([^)]*\))|(?P<field>{_FIELDS.pattern})")
_CASTS = {
    "date-time": "timestamp({})",
    "date": "timestamp({} + 'T00:00:00Z')",
    "duration": "duration({})",
    "byte": "base64.decode({})",
}
_STANDARD = frozenset({"apiVersion", "kind", "metadata"})


@dataclass(frozen=True, slots=True)
class Rule:
    """One compiled rule."""

    text: str
    program: cel.Program
    message: str
    message_program: cel.Program | None
    reason: str
    field_path: str
    uses_old_self: bool
    optional_old_self: bool


def uses_old_self(text: str) -> bool:
    return _OLD_SELF.search(_STRINGS.sub("''", text)) is not None


def compile_rule(rule: Object, schema: Object) -> Rule:
    """Raises CompileError."""
    text = rule.get("rule") or ""
    old, optional = uses_old_self(text), bool(rule.get("optionalOldSelf"))
    _check_fields(text, schema)
    # A definition whose status says what oldSelf is: it may be absent, so it becomes an optional value.
    body = f"cel.bind(oldSelf, oldSelf == null ? optional.none() : optional.of(oldSelf), {text})"
    kind = "dyn" if optional else type_of(schema)
    program = cel.compile_expression(typed(body if optional else text, schema), {SELF: kind, OLD_SELF: kind})
    if program.result_type not in ("BOOL", "DYN"):
        raise cel.CompileError("compilation failed: must evaluate to a bool")
    message = (rule.get("message") or "").strip()
    return Rule(
        text.strip(),
        program,
        message,
        _compile_message(rule, schema),
        rule.get("reason") or "FieldValueInvalid",
        (rule.get("fieldPath") or "").removeprefix("."),
        old,
        optional,
    )


def _compile_message(rule: Object, schema: Object) -> cel.Program | None:
    text = rule.get("messageExpression")
    if not text:
        return None
    kind = type_of(schema)
    return cel.compile_expression(typed(text, schema), {SELF: kind, OLD_SELF: kind})


def typed(text: str, schema: Object) -> str:
    """The rule with references to fields of a time format cast to their type.

    In Kubernetes such fields are timestamps and durations; in the values that this CEL takes from Python
    they can only be strings. Fields reached through a variable of a macro stay strings.
    """
    return _TYPED.sub(lambda found: _cast(found, schema), text)


def _cast(found: re.Match[str], schema: Object) -> str:
    reference = found["field"]
    if not reference:
        return found[0]
    path, call = reference.removesuffix("("), reference.endswith("(")
    path, _, method = path.rpartition(".") if call else (path, "", "")
    below = _schema_at(path.split(".")[1:], schema)
    cast = _CASTS.get(below.get("format", "")) if below.get("type") == "string" else None
    if cast is None:
        return reference
    return cast.format(path) + (f".{method}(" if call else "")


def _schema_at(names: list[str], schema: Object) -> Object:
    for name in names:
        known = {escaped(field): below for field, below in part(schema, "properties").items()}
        schema = known.get(name, {})
    return schema if names else {}


def _check_fields(text: str, schema: Object) -> None:
    """References to fields that the schema does not know. CEL itself takes structs for dynamic here."""
    for found in _FIELDS.finditer(_STRINGS.sub("''", text)):
        names = found[1].split(".")[1:]
        if found[2]:
            names.pop()
        _check_path(names, schema)


def _check_path(names: list[str], schema: Object) -> None:
    for name in names:
        known = {escaped(field): below for field, below in part(schema, "properties").items()}
        struct = schema.get("type") == "object" and known
        if not struct or schema.get("x-kubernetes-preserve-unknown-fields"):
            return
        if name not in known and name not in _STANDARD:
            raise cel.CompileError(f"compilation failed: ERROR: undefined field '{name}'")
        schema = known.get(name, {})


class Rules:
    """The rules of a schema and of what is below it, compiled once."""

    def __init__(self, schema: Object) -> None:
        self._schema = schema
        self._rules: list[Rule] = []
        self._unusable: list[str] = []
        for rule in schema.get(KEYWORD) or ():
            self._add(rule)
        properties = {name: Rules(below) for name, below in part(schema, "properties").items()}
        self._properties = {name: rules for name, rules in properties.items() if rules}
        self._values = _rules_of(schema.get("additionalProperties"))
        self._items = _rules_of(schema.get("items"))

    def __bool__(self) -> bool:
        return bool(self._rules or self._unusable or self._properties or self._values or self._items)

    def _add(self, rule: Object) -> None:
        try:
            self._rules.append(compile_rule(rule, self._schema))
        except cel.CompileError as error:
            # Refused at the creation of a definition; what was stored earlier may still hold one.
            self._unusable.append(f"rule compile error: {error}")

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
        for rule in self._rules:
            if rule.uses_old_self and old is None and not rule.optional_old_self:
                continue
            # What was not touched may stay as it is: rules are added to definitions that have objects.
            if not rule.uses_old_self and old is not None and old == value:
                continue
            error = _broken(rule, variables, value, path or "<nil>", budget)
            if error is not None:
                yield error


class _OutOfBudget(Exception):
    def __init__(self, path: str, detail: str) -> None:
        self.error = FieldError(path, "FieldValueInvalid", f"Invalid value: {detail}")


@dataclass(slots=True)
class _Budget:
    """What all rules of an object may cost together (upstream: RuntimeCELCostBudget)."""

    left: int = 10_000_000

    def spend(self, cost: int, path: str) -> None:
        """Raises _OutOfBudget. Each evaluation costs something of its own here: a call of the engine."""
        self.left -= cost + _PER_EVALUATION
        if self.left < 0:
            detail = (
                "validation failed due to running out of cost budget, no further validation rules will be run"
            )
            raise _OutOfBudget(path, detail)


_PER_EVALUATION = 100


def _rules_of(schema: Any) -> Rules | None:
    rules = Rules(schema) if isinstance(schema, dict) else None
    return rules or None


def _key(item: Any, keys: Iterable[str]) -> tuple[Any, ...]:
    return tuple(item.get(key) for key in keys) if isinstance(item, dict) else ()


def _broken(
    rule: Rule, variables: dict[str, Any], value: Any, path: str, budget: "_Budget"
) -> FieldError | None:
    told = rule.message or rule.text
    try:
        holds, cost = rule.program.run_for(variables)
        budget.spend(cost, path)
        if holds is True:
            return None
    except cel.CostExceeded as error:
        detail = f"'{error}': no further validation rules will be run due to call cost exceeds limit for rule"
        raise _OutOfBudget(path, f"{detail}: {told}") from None
    except cel.EvaluationError as error:
        budget.spend(0, path)
        return FieldError(path, "FieldValueInvalid", f"Invalid value: {error} evaluating rule: {told}")
    where = path
    if rule.field_path:
        where = rule.field_path if path == "<nil>" else f"{path}.{rule.field_path}"
    return _error(rule, where, value, _message(rule, variables))


def _message(rule: Rule, variables: dict[str, Any]) -> str:
    if rule.message_program is not None:
        try:
            told = rule.message_program.run(variables)
        except cel.EvaluationError:
            told = None
        if isinstance(told, str) and told.strip() and "\n" not in told:
            return told.strip()
    return rule.message or f"failed rule: {rule.text}"


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
