"""Rules of admission policies and their bindings, and of match conditions (upstream:
pkg/apis/admissionregistration/validation).
"""

import re
from collections.abc import Sequence

from kubeade.api.cel.errors import CompileError
from kubeade.api.cel.requests import PARAMS, POLICY_VARIABLES, WEBHOOK_VARIABLES, Variables, compile_to
from kubeade.api.parts import part, parts, text, values
from kubeade.api.resource import Object
from kubeade.api.validation.fields import (
    Errors,
    duplicate,
    forbidden,
    invalid,
    messages,
    not_supported,
    one_of,
    required,
    too_many,
)
from kubeade.api.validation.names import dns_1035_label, dns_subdomain, path_segment, qualified_name
from kubeade.api.validation.selectors import label_selector

_REASONS = ("Forbidden", "Invalid", "RequestEntityTooLarge")
_OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
_SCOPES = ("*", "Cluster", "Namespaced")
_MUTATED = ("*", "CREATE", "UPDATE")
_MOST_CONDITIONS, _MOST_ANNOTATIONS = 64, 20
_IDENTIFIER = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")


def validating_policy(found: Object) -> Errors:
    """ValidatingAdmissionPolicy."""
    spec = part(found, "spec")
    yield from _policy(spec, _OPERATIONS)
    validations, annotations = parts(spec, "validations"), parts(spec, "auditAnnotations")
    if not validations and not annotations:
        for key in ("validations", "auditAnnotations"):
            detail = "validations or auditAnnotations must contain at least one item"
            yield required(f"spec.{key}", detail)
    for index, validation in enumerate(validations):
        yield from _validation(validation, spec, f"spec.validations[{index}]")
    yield from _audit_annotations(annotations, spec, text(found, "metadata", "name"))


def mutating_policy(found: Object) -> Errors:
    """MutatingAdmissionPolicy."""
    spec = part(found, "spec")
    yield from _policy(spec, _MUTATED)
    mutations = parts(spec, "mutations")
    if not mutations:
        yield required("spec.mutations", "mutations must contain at least one item")
    for index, mutation in enumerate(mutations):
        yield from _mutation(mutation, spec, f"spec.mutations[{index}]")
    if not spec.get("reinvocationPolicy"):
        yield required("spec.reinvocationPolicy")
    else:
        yield from one_of("spec.reinvocationPolicy", spec["reinvocationPolicy"], ("IfNeeded", "Never"))


def validating_binding(found: Object) -> Errors:
    """ValidatingAdmissionPolicyBinding."""
    yield from mutating_binding(found)
    path, actions = "spec.validationActions", values(found, "spec", "validationActions")
    for index, action in enumerate(actions):
        yield from one_of(f"{path}[{index}]", action, ("Audit", "Deny", "Warn"))
        if action in actions[:index]:
            yield duplicate(f"{path}[{index}]", action)
    if "Deny" in actions and "Warn" in actions:
        why = "repeating the same validation failure information in the API response and headers"
        yield invalid(path, actions, f"must not contain both Deny and Warn ({why} serves no purpose)")
    if not actions:
        yield required(path, "at least one validation action is required")


def mutating_binding(found: Object) -> Errors:
    """MutatingAdmissionPolicyBinding, and what both bindings share."""
    spec = part(found, "spec")
    name = text(spec, "policyName")
    if not name:
        yield required("spec.policyName")
    else:
        yield from messages("spec.policyName", name, dns_subdomain(name))
    if isinstance(spec.get("paramRef"), dict):
        yield from _param_ref(spec["paramRef"], "spec.paramRef")
    if isinstance(spec.get("matchResources"), dict):
        yield from _match_resources(spec["matchResources"], "spec.matchResources", _OPERATIONS)


def match_conditions(holder: Object, path: str, known: Sequence[str] = WEBHOOK_VARIABLES) -> Errors:
    """Those of a webhook or of a policy's spec."""
    conditions = parts(holder, "matchConditions")
    if len(conditions) > _MOST_CONDITIONS:
        yield too_many(path, len(conditions), _MOST_CONDITIONS)
    names: set[str] = set()
    for index, condition in enumerate(conditions):
        at, name = f"{path}[{index}]", text(condition, "name")
        expression = text(condition, "expression").strip()
        if not expression:
            yield required(f"{at}.expression")
        else:
            yield from _compiles(expression, ("BOOL",), known, (), f"{at}.expression")
        if not name:
            yield required(f"{at}.name")
            continue
        yield from messages(f"{at}.name", name, qualified_name(name))
        if name in names:
            yield duplicate(f"{at}.name", name)
        names.add(name)


# -- pieces ----------------------------------------------------------------------------------------


def variables_of(spec: Object) -> Variables:
    """A policy's variables, as `cel.requests` takes them."""
    return tuple((text(each, "name"), text(each, "expression")) for each in parts(spec, "variables"))


def known_to(spec: Object) -> tuple[str, ...]:
    """What a policy's expressions may use."""
    return (*POLICY_VARIABLES, PARAMS) if spec.get("paramKind") else POLICY_VARIABLES


def _policy(spec: Object, operations: Sequence[str]) -> Errors:
    """What both policies share."""
    yield from one_of("spec.failurePolicy", spec.get("failurePolicy"), ("Fail", "Ignore"))
    kind = spec.get("paramKind")
    if isinstance(kind, dict):
        yield from _param_kind(kind, "spec.paramKind")
    constraints, at = spec.get("matchConstraints"), "spec.matchConstraints"
    if not isinstance(constraints, dict):
        yield required(at)
    else:
        yield from _match_resources(constraints, at, operations)
        if not constraints.get("resourceRules"):
            yield required(f"{at}.resourceRules")
    known = (*WEBHOOK_VARIABLES, PARAMS) if kind else WEBHOOK_VARIABLES
    yield from match_conditions(spec, "spec.matchConditions", known)
    yield from _variables(spec)


def _variables(spec: Object) -> Errors:
    variables = variables_of(spec)
    for index, (name, expression) in enumerate(variables):
        at = f"spec.variables[{index}]"
        if not name.strip():
            yield required(f"{at}.name", "name is not specified")
        elif not _IDENTIFIER.fullmatch(name):
            yield invalid(f"{at}.name", name, "must be a valid CEL identifier")
        if not expression.strip():
            yield required(f"{at}.expression", "expression is not specified")
        else:
            yield from _compiles(expression, (), known_to(spec), variables[:index], f"{at}.expression")


def _compiles(
    expression: str, wanted: Sequence[str], known: Sequence[str], variables: Variables, path: str
) -> Errors:
    """`wanted` types of the value; none for any."""
    try:
        compile_to(wanted, expression, known, variables)
    except CompileError as error:
        yield invalid(path, expression, str(error))


def _validation(validation: Object, spec: Object, path: str) -> Errors:
    expression, told = text(validation, "expression"), text(validation, "message")
    if not expression.strip():
        yield required(f"{path}.expression", "expression is not specified")
    else:
        yield from _compiles(expression, ("BOOL",), known_to(spec), variables_of(spec), f"{path}.expression")
    message = text(validation, "messageExpression")
    if message and not message.strip():
        yield invalid(f"{path}.messageExpression", message, "must be non-empty if specified")
    elif message:
        at = f"{path}.messageExpression"
        yield from _compiles(message, ("STRING",), known_to(spec), variables_of(spec), at)
    if told and not told.strip():
        yield invalid(f"{path}.message", told, "must be non-empty if specified")
    elif "\n" in told.strip():
        yield invalid(f"{path}.message", told, "must not contain line breaks")
    reason = validation.get("reason")
    if reason is not None and reason not in _REASONS:
        yield not_supported(f"{path}.reason", reason, _REASONS)


def _audit_annotations(annotations: Sequence[Object], spec: Object, name: str) -> Errors:
    path, keys = "spec.auditAnnotations", set[str]()
    if len(annotations) > _MOST_ANNOTATIONS:
        yield invalid(path, annotations, f"must not have more than {_MOST_ANNOTATIONS} auditAnnotations")
    for index, annotation in enumerate(annotations):
        at, key = f"{path}[{index}]", text(annotation, "key")
        yield from messages(f"{at}.key", f"{name}/{key}", qualified_name(f"{name}/{key}"))
        expression = text(annotation, "valueExpression").strip()
        if not expression:
            yield required(f"{at}.valueExpression", "valueExpression is not specified")
        else:
            wanted = ("STRING", "NULL")
            yield from _compiles(
                expression, wanted, known_to(spec), variables_of(spec), f"{at}.valueExpression"
            )
        if key in keys:
            yield duplicate(f"{at}.key", key)
        keys.add(key)


_PATCHES = {"ApplyConfiguration": ("applyConfiguration", "MAP"), "JSONPatch": ("jsonPatch", "LIST")}


def _mutation(mutation: Object, spec: Object, path: str) -> Errors:
    kind = text(mutation, "patchType")
    if not kind:
        yield required(f"{path}.patchType")
        return
    yield from one_of(f"{path}.patchType", kind, tuple(_PATCHES))
    for other, (key, result) in _PATCHES.items():
        holder, at = mutation.get(key), f"{path}.{key}"
        if other != kind:
            if holder is not None and kind in _PATCHES:
                yield invalid(at, f"{{{key}}}", f"must not be specified when patchType is {kind}")
            continue
        expression = text(holder, "expression").strip()
        if holder is None:
            yield required(at, f"must be specified when patchType is {kind}")
        elif not expression:
            yield required(f"{at}.expression")
        else:
            wanted = (result,)
            yield from _compiles(expression, wanted, known_to(spec), variables_of(spec), f"{at}.expression")


def _param_kind(kind: Object, path: str) -> Errors:
    api_version, name = text(kind, "apiVersion"), text(kind, "kind")
    group, _, version = api_version.rpartition("/")
    if not api_version:
        yield required(f"{path}.apiVersion")
    elif not version:
        yield invalid(f"{path}.apiVersion", api_version, "version must be specified")
    else:
        yield from messages(f"{path}.apiVersion", group, dns_subdomain(group) if group else ())
        yield from messages(f"{path}.apiVersion", version, dns_1035_label(version))
    if not name:
        yield required(f"{path}.kind")
    elif errors := dns_1035_label(name.lower()):
        detail = f"may have mixed case, but should otherwise match: {','.join(errors)}"
        yield invalid(f"{path}.kind", name, detail)


def _param_ref(reference: Object, path: str) -> Errors:
    name, selector = text(reference, "name"), reference.get("selector")
    if name:
        yield from messages(f"{path}.name", name, path_segment(name))
    if name and selector is not None:
        for key in ("name", "selector"):
            yield forbidden(f"{path}.{key}", "name and selector are mutually exclusive")
    if selector is not None:
        yield from label_selector(selector, f"{path}.selector")
    if not name and selector is None:
        yield required(path, "one of name or selector must be specified")
    action = reference.get("parameterNotFoundAction")
    if not action:
        yield required(f"{path}.parameterNotFoundAction")
    else:
        yield from one_of(f"{path}.parameterNotFoundAction", action, ("Deny", "Allow"))


def _match_resources(found: Object, path: str, operations: Sequence[str]) -> Errors:
    yield from one_of(f"{path}.matchPolicy", found.get("matchPolicy"), ("Equivalent", "Exact"))
    for key in ("namespaceSelector", "objectSelector"):
        yield from label_selector(found.get(key), f"{path}.{key}")
    for key in ("resourceRules", "excludeResourceRules"):
        for index, rule in enumerate(parts(found, key)):
            yield from _rule(rule, f"{path}.{key}[{index}]")
    for rule in parts(found, "resourceRules") if operations is _MUTATED else ():
        for operation in values(rule, "operations"):
            if operation not in operations:
                yield not_supported(f"{path}.resourceRules.operations", operation, operations)


def _rule(rule: Object, path: str) -> Errors:
    for index, operation in enumerate(values(rule, "operations")):
        if operation not in _OPERATIONS:
            yield not_supported(f"{path}.operations[{index}]", operation, _OPERATIONS)
    for key, what in (
        ("operations", "operations"),
        ("apiGroups", "API groups"),
        ("apiVersions", "API versions"),
        ("resources", ""),
    ):
        found = values(rule, key)
        if not found:
            yield required(f"{path}.{key}")
        elif what and len(found) > 1 and "*" in found:
            yield invalid(f"{path}.{key}", found, f"if '*' is present, must not specify other {what}")
        for index, each in enumerate(found if key in ("apiVersions", "resources") else ()):
            if not each:
                yield required(f"{path}.{key}[{index}]")
    if (scope := rule.get("scope")) is not None and scope not in _SCOPES:
        yield not_supported(f"{path}.scope", scope, _SCOPES)
