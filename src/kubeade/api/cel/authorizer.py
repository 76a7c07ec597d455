"""`authorizer` in expressions (upstream: cel/library/authz.go).

    authorizer.group("apps").resource("deployments").namespace("x").check("create").allowed()

Whoever answers may have to go and ask, and expressions cannot wait. So the variable carries the answers that
are known; one that is missing fails the expression with the `Question`, which the caller answers before he
runs it again.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from kubeade.api.cel.errors import NeedsDecision
from kubeade.api.cel.overload import Overload, method
from kubeade.api.cel.questions import Answer, Question
from kubeade.api.cel.values import Opaque

AUTHORIZER, REQUEST_RESOURCE = "authorizer", "authorizer.requestResource"
_PREFIX = "kubernetes.authorization."
ROOT, PATH, GROUP = f"{_PREFIX}Authorizer", f"{_PREFIX}PathCheck", f"{_PREFIX}GroupCheck"
RESOURCE, DECISION = f"{_PREFIX}ResourceCheck", f"{_PREFIX}Decision"
TYPES = {AUTHORIZER: ROOT, REQUEST_RESOURCE: RESOURCE}
"""Of the variables."""

_Known = Mapping[Question, Answer]


def authorizer_variables(answers: _Known, request: Question) -> dict[str, Any]:
    """`request` says what the request itself is about (`authorizer.requestResource`)."""
    return {
        AUTHORIZER: Opaque(ROOT, Question(), answers),
        REQUEST_RESOURCE: Opaque(RESOURCE, request, answers),
    }


def _with(kind: str, field: str) -> Callable[[Opaque, str], Opaque]:
    return lambda value, text: Opaque(kind, replace(value.key, **{field: text}), value.detail)


def _service_account(value: Opaque, namespace: str, name: str) -> Opaque:
    return Opaque(ROOT, replace(value.key, service_account=f"{namespace}/{name}"), value.detail)


def _check(value: Opaque, verb: str) -> Opaque:
    question = replace(value.key, verb=verb)
    answer = value.detail.get(question)
    if answer is None:
        raise NeedsDecision(question)
    return Opaque(DECISION, answer)


FUNCTIONS: tuple[Overload, ...] = (
    method("path", PATH, f"{ROOT} string", _with(PATH, "path")),
    method("group", GROUP, f"{ROOT} string", _with(GROUP, "group")),
    method("serviceAccount", ROOT, f"{ROOT} string string", _service_account),
    method("resource", RESOURCE, f"{GROUP} string", _with(RESOURCE, "resource")),
    *(
        method(name, RESOURCE, f"{RESOURCE} string", _with(RESOURCE, field))
        for name, field in (
            ("subresource", "subresource"),
            ("namespace", "namespace"),
            ("name", "name"),
            ("fieldSelector", "field_selector"),
            ("labelSelector", "label_selector"),
        )
    ),
    *(method("check", DECISION, f"{kind} string", _check) for kind in (PATH, RESOURCE)),
    method("allowed", "bool", DECISION, lambda value: value.key.allowed),
    method("reason", "string", DECISION, lambda value: value.key.reason),
    method("error", "string", DECISION, lambda value: value.key.error),
    method("errored", "bool", DECISION, lambda value: bool(value.key.error)),
)
