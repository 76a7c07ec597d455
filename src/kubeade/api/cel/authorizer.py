"""`authorizer` in expressions (upstream: cel/library/authz.go).

    authorizer.group("apps").resource("deployments").namespace("x").check("create").allowed()

Whoever answers may have to go and ask, and expressions cannot wait. So the variable carries the answers that
are known; one that is missing fails the expression with the `Question`, which the caller answers before he
runs it again.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from kubeade.api.cel.overload import Overload, fields_of, method, tagged

MISSING = re.compile(r"authorizer asked: (\{.*\})")


@dataclass(frozen=True, slots=True)
class Question:
    """What may be done? By the user of the request, unless a service account is named."""

    verb: str = ""
    path: str = ""
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    field_selector: str = ""
    label_selector: str = ""
    service_account: str = ""
    """As `namespace/name`."""

    @classmethod
    def from_text(cls, text: str) -> "Question":
        return cls(**json.loads(text))

    def text(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Answer:
    allowed: bool
    reason: str = ""
    error: str = ""


def authorizer(answers: Mapping[Question, Answer], request: Question) -> dict[str, Any]:
    """The variable; `request` says what the request itself is about (`authorizer.requestResource`)."""
    known = {question.text(): asdict(answer) for question, answer in answers.items()}
    return {
        **tagged("authorizer", question=asdict(Question()), known=known),
        "requestResource": tagged("authorizer", question=asdict(request), known=known),
    }


def _with(field: str) -> Callable[[Any, str], dict[str, Any]]:
    def changed(value: Any, text: str) -> dict[str, Any]:
        return _changed(value, {field: text})

    return changed


def _changed(value: Any, fields: dict[str, str]) -> dict[str, Any]:
    found = fields_of(value, "authorizer")
    question = replace(Question(**found["question"]), **fields)
    return tagged("authorizer", question=asdict(question), known=found["known"])


def _service_account(value: Any, namespace: str, name: str) -> dict[str, Any]:
    return _changed(value, {"service_account": f"{namespace}/{name}"})


def _check(value: Any, verb: str) -> dict[str, Any]:
    found = fields_of(value, "authorizer")
    question = replace(Question(**found["question"]), verb=verb)
    answer = found["known"].get(question.text())
    if answer is None:
        raise ValueError(f"authorizer asked: {question.text()}")
    return tagged("decision", **answer)


def _of_decision(field: str) -> Callable[[Any], Any]:
    return lambda value: fields_of(value, "decision")[field]


AUTHORIZER: tuple[Overload, ...] = (
    method("path", "map", "map string", _with("path")),
    method("group", "map", "map string", _with("group")),
    method("resource", "map", "map string", _with("resource")),
    method("subresource", "map", "map string", _with("subresource")),
    method("namespace", "map", "map string", _with("namespace")),
    method("name", "map", "map string", _with("name")),
    method("fieldSelector", "map", "map string", _with("field_selector")),
    method("labelSelector", "map", "map string", _with("label_selector")),
    method("serviceAccount", "map", "map string string", _service_account),
    method("check", "map", "map string", _check),
    method("allowed", "bool", "map", _of_decision("allowed")),
    method("reason", "string", "map", _of_decision("reason")),
    method("error", "string", "map", _of_decision("error")),
    method("errored", "bool", "map", lambda value: bool(fields_of(value, "decision")["error"])),
)
