"""One rule in CEL of a schema, compiled (upstream: schema/cel/compilation.go)."""

from dataclasses import dataclass

from kubeade.api.cel.checked import idents
from kubeade.api.cel.environment import Program, compile_expression
from kubeade.api.cel.errors import CompileError
from kubeade.api.crd.cel_types import type_of, words_of
from kubeade.api.crd.cel_values import OLD_SELF, SELF
from kubeade.api.parts import text
from kubeade.api.resource import Object

KEYWORD = "x-kubernetes-validations"


@dataclass(frozen=True, slots=True)
class Rule:
    text: str
    program: Program
    message: str
    message_text: str
    """The expression that makes the message."""
    message_program: Program | None
    message_error: str
    """Why there is no program for it."""
    reason: str
    field_path: str
    uses_old_self: bool
    optional_old_self: bool


def compile_rule(rule: Object, schema: Object) -> Rule | None:
    """None for an empty one. Raises CompileError."""
    expression, told = text(rule, "rule"), text(rule, "messageExpression")
    if not expression.strip():
        return None
    optional = bool(rule.get("optionalOldSelf"))
    program = _compiled(expression, schema, optional=optional)
    if program.result_type != "BOOL":
        raise CompileError("cel expression must evaluate to a bool")
    message_program, message_error = _message(told, schema, optional=optional)
    return Rule(
        expression.strip(),
        program,
        text(rule, "message").strip(),
        told,
        message_program,
        message_error,
        text(rule, "reason") or "FieldValueInvalid",
        text(rule, "fieldPath").removeprefix("."),
        OLD_SELF in idents(program.checked.root),
        optional,
    )


def _compiled(expression: str, schema: Object, *, optional: bool) -> Program:
    """On `self` and `oldSelf`; the second may be an optional value, which the engine cannot declare."""
    kind = type_of(schema, words_of(expression))
    return compile_expression(expression, {SELF: kind, OLD_SELF: "dyn" if optional else kind})


def _message(expression: str, schema: Object, *, optional: bool) -> tuple[Program | None, str]:
    if not expression:
        return None, ""
    try:
        program = _compiled(expression, schema, optional=optional)
    except CompileError as error:
        return None, f"messageExpression {error}"
    if program.result_type != "STRING":
        return None, "messageExpression must evaluate to a string"
    return program, ""
