"""The reviews: `may he?` asked through the API, answered without doing it.

SubjectAccessReview, LocalSubjectAccessReview, SelfSubjectAccessReview and SelfSubjectRulesReview. Nothing is
stored; each is a `Responder`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kubeade.api.errors import BadRequest, FieldError, Invalid
from kubeade.api.resource import Object
from kubeade.api.validation.fields import invalid, required
from kubeade.apiserver.authorization.node import NODES_GROUP
from kubeade.apiserver.authorization.rbac import RbacPolicy
from kubeade.apiserver.seams import Attributes, Authorizer, Question, Responder, User

GROUP = "authorization.k8s.io"


@dataclass(frozen=True, slots=True)
class Reviews:
    """Answers from one authorizer and its roles."""

    authorizer: Authorizer
    policy: RbacPolicy

    def responders(self) -> Mapping[tuple[str, str, str], Responder]:
        """By (group, plural, subresource), as the server registers them."""
        return {
            (GROUP, "subjectaccessreviews", ""): self.subject_access,
            (GROUP, "localsubjectaccessreviews", ""): self.local_subject_access,
            (GROUP, "selfsubjectaccessreviews", ""): self.self_subject_access,
            (GROUP, "selfsubjectrulesreviews", ""): self.self_subject_rules,
        }

    async def subject_access(self, question: Question) -> Object:
        spec = question.body.get("spec") or {}
        _check([*_target_errors(spec), *_subject_errors(spec), *_selector_errors(spec)])
        return await self._answer(question.body, _subject(spec))

    async def local_subject_access(self, question: Question) -> Object:
        spec = question.body.get("spec") or {}
        errors = [*_target_errors(spec), *_subject_errors(spec), *_selector_errors(spec)]
        resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
        if path is not None:
            errors.append(_not_there(path, "disallowed on this kind of request"))
        if resource is not None and resource.get("namespace", "") != question.namespace:
            at, found = "spec.resourceAttributes.namespace", resource.get("namespace", "")
            errors.append(invalid(at, found, "must match metadata.namespace"))
        _check(errors)
        return await self._answer(question.body, _subject(spec))

    async def self_subject_access(self, question: Question) -> Object:
        spec = question.body.get("spec") or {}
        _check([*_target_errors(spec), *_selector_errors(spec)])
        return await self._answer(question.body, question.user)

    async def self_subject_rules(self, question: Question) -> Object:
        namespace = (question.body.get("spec") or {}).get("namespace", "")
        if not namespace:
            raise BadRequest("no namespace on request")
        rules = self.policy.rules_of(question.user, namespace)
        status: Object = {
            "resourceRules": [_copy(rule, _RESOURCE_FIELDS) for rule in rules if rule.get("resources")],
            "nonResourceRules": [_copy(rule, _PATH_FIELDS) for rule in rules if rule.get("nonResourceURLs")],
            "incomplete": NODES_GROUP in question.user.groups,
        }
        if status["incomplete"]:
            status["evaluationError"] = "node authorizer does not support user rule resolution"
        return {**question.body, "status": status}

    async def _answer(self, review: Object, user: User) -> Object:
        decision = await self.authorizer.authorize(_attributes(user, review["spec"]))
        status: Object = {"allowed": decision.allowed}
        if decision.reason:
            status["reason"] = decision.reason
        return {**review, "status": status}


_RESOURCE_FIELDS = ("verbs", "apiGroups", "resources", "resourceNames")
_PATH_FIELDS = ("verbs", "nonResourceURLs")


def _copy(rule: Object, fields: tuple[str, ...]) -> Object:
    return {field: rule[field] for field in fields if rule.get(field)}


def _subject(spec: Object) -> User:
    extra = {key.lower(): tuple(values) for key, values in (spec.get("extra") or {}).items()}
    return User(spec.get("user", ""), spec.get("uid", ""), tuple(spec.get("groups") or ()), extra)


def _attributes(user: User, spec: Object) -> Attributes:
    path = spec.get("nonResourceAttributes")
    if path is not None:
        return Attributes(user, path.get("verb", ""), path=path.get("path", ""), resource_request=False)
    target = spec["resourceAttributes"]
    fields = ("verb", "group", "version", "resource", "subresource", "namespace", "name")
    known: dict[str, Any] = {field: target.get(field) or "" for field in fields}
    known["field_selector"] = _selector_text(target.get("fieldSelector"))
    known["label_selector"] = _selector_text(target.get("labelSelector"))
    return Attributes(user, **known)


def _selector_text(selector: Object | None) -> str:
    """A selector's equalities as text, which is all that the Node authorizer looks at."""
    if not selector:
        return ""
    requirements = [
        f"{found['key']}={found['values'][0]}"
        for found in selector.get("requirements") or ()
        if found.get("operator") == "In" and len(found.get("values") or ()) == 1
    ]
    return selector.get("rawSelector") or ",".join(requirements)


def _subject_errors(spec: Object) -> list[FieldError]:
    if spec.get("user") or spec.get("groups"):
        return []
    why = 'Invalid value: "": at least one of user or group must be specified'
    return [FieldError("spec.user", "FieldValueInvalid", why)]


def _target_errors(spec: Object) -> list[FieldError]:
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if resource is not None and path is not None:
        return [_not_there(path, "cannot be specified in combination with resourceAttributes")]
    if resource is None and path is None:
        why = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        return [FieldError("spec.resourceAttributes", "FieldValueInvalid", f"Invalid value: null: {why}")]
    return []


def _not_there(path: Object, why: str) -> FieldError:
    shown = {"Path": path.get("path", ""), "Verb": path.get("verb", "")}
    return invalid("spec.nonResourceAttributes", shown, why)


def _selector_errors(spec: Object) -> Iterator[FieldError]:
    """A selector that is there says something, in one of the two ways."""
    for name in ("fieldSelector", "labelSelector"):
        selector = (spec.get("resourceAttributes") or {}).get(name)
        if selector is None:
            continue
        at = f"spec.resourceAttributes.{name}"
        raw, requirements = selector.get("rawSelector"), selector.get("requirements")
        if raw and requirements:
            yield invalid(f"{at}.rawSelector", raw, "may not specified at the same time as requirements")
        elif not raw and not requirements:
            why = f"when {at} is specified, requirements or rawSelector is required"
            yield required(f"{at}.requirements", why)


def _check(errors: list[FieldError]) -> None:
    """Upstream does not say of which kind of review it speaks."""
    if errors:
        raise Invalid.of("", "", errors, GROUP)
