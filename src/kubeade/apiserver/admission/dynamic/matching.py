"""Which requests a webhook, a policy or a binding is about: rules, namespace and object selectors.

Upstream: admission/plugin/webhook/predicates and admission/plugin/policy/matching.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kubeade.api.errors import NotFound
from kubeade.api.parts import part, parts
from kubeade.api.resource import Object, Resource
from kubeade.api.resources import NAMESPACES
from kubeade.api.selectors import LabelSelector
from kubeade.apiserver.derived import ObjectIndex
from kubeade.apiserver.seams import AdmissionAttributes, Kinds, Operation

GROUP = "admissionregistration.k8s.io"


@dataclass(frozen=True, slots=True)
class Rule:
    """One RuleWithOperations; `names` only in policies."""

    operations: frozenset[str]
    groups: frozenset[str]
    versions: frozenset[str]
    resources: tuple[tuple[str, str], ...]
    scope: str
    names: frozenset[str]

    @classmethod
    def of(cls, rule: Object) -> "Rule":
        split = [each.partition("/") for each in rule.get("resources") or ()]
        return cls(
            frozenset(rule.get("operations") or ()),
            frozenset(rule.get("apiGroups") or ()),
            frozenset(rule.get("apiVersions") or ()),
            tuple((resource, subresource) for resource, _, subresource in split),
            rule.get("scope") or "*",
            frozenset(rule.get("resourceNames") or ()),
        )

    def matches(self, attributes: AdmissionAttributes, resource: Resource) -> bool:
        return (
            _has(self.operations, attributes.operation.value)
            and _has(self.groups, resource.group)
            and _has(self.versions, resource.version)
            and any(
                name in ("*", resource.plural) and below in ("*", attributes.subresource)
                for name, below in self.resources
            )
            and self._in_scope(attributes)
            and (not self.names or attributes.name in self.names)
        )

    def _in_scope(self, attributes: AdmissionAttributes) -> bool:
        if self.scope == "*":
            return True
        inside = bool(attributes.namespace) and not is_namespace(attributes)
        return inside is (self.scope == "Namespaced")


@dataclass(frozen=True, slots=True)
class Matcher:
    """A webhook's, policy's or binding's matching part, read once. One that is `open` is about everything
    where it has no rules."""

    rules: tuple[Rule, ...]
    excluded: tuple[Rule, ...]
    equivalent: bool
    namespaces: LabelSelector
    objects: LabelSelector
    open: bool

    @classmethod
    def of(cls, found: Object, rules: str = "resourceRules") -> "Matcher":
        """`rules` is the name of the list of rules."""
        return cls(
            tuple(Rule.of(each) for each in parts(found, rules)),
            tuple(Rule.of(each) for each in parts(found, "excludeResourceRules")),
            found.get("matchPolicy", "Equivalent") == "Equivalent",
            LabelSelector.from_object(part(found, "namespaceSelector")),
            LabelSelector.from_object(part(found, "objectSelector")),
            rules == "resourceRules",
        )

    def match(
        self, attributes: AdmissionAttributes, kinds: Kinds, namespaces: ObjectIndex
    ) -> Resource | None:
        """The resource as which it matches: the request's own, or an equivalent one. Raises NotFound for a
        namespace that is gone."""
        anything = self.open and not self.rules
        resource = attributes.resource if anything else self._by_rules(attributes, kinds, self.rules)
        if resource is None or self._by_rules(attributes, kinds, self.excluded) is not None:
            return None
        return resource if self.selects(attributes, namespaces) else None

    def selects(self, attributes: AdmissionAttributes, namespaces: ObjectIndex) -> bool:
        """Whether the selectors agree."""
        return _selects_object(self.objects, attributes) and _selects_namespace(
            self.namespaces, attributes, namespaces
        )

    def _by_rules(
        self, attributes: AdmissionAttributes, kinds: Kinds, rules: Sequence[Rule]
    ) -> Resource | None:
        if any(rule.matches(attributes, attributes.resource) for rule in rules):
            return attributes.resource
        if not self.equivalent or not rules:
            return None
        others = kinds.equivalents(attributes.resource, attributes.subresource)
        for rule in rules:
            for other in others:
                if rule.matches(attributes, other):
                    return other
        return None


def is_exempt(attributes: AdmissionAttributes) -> bool:
    """What configures dynamic admission is not subject to it: nobody could lock himself out."""
    return attributes.resource.group == GROUP


def is_namespace(attributes: AdmissionAttributes) -> bool:
    return attributes.resource.plural == "namespaces" and not attributes.resource.group


def _has(members: frozenset[str], wanted: str) -> bool:
    return wanted in members or "*" in members


def _selects_object(selector: LabelSelector, attributes: AdmissionAttributes) -> bool:
    """Either state of the object, the new one or the old, is enough."""
    if selector.everything:
        return True
    return any(
        found is not None
        and isinstance(found.get("metadata"), dict)
        and selector.matches(found["metadata"].get("labels"))
        for found in (attributes.object, attributes.old_object)
    )


def _selects_namespace(
    selector: LabelSelector, attributes: AdmissionAttributes, namespaces: ObjectIndex
) -> bool:
    """Cluster-scoped objects are always selected."""
    if selector.everything:
        return True
    if is_namespace(attributes):
        written = attributes.operation in (Operation.CREATE, Operation.UPDATE) and not attributes.subresource
        found = attributes.object if written else namespaces.get(attributes.name)
        name = attributes.name
    elif not attributes.namespace:
        return True
    else:
        name = attributes.namespace
        found = namespaces.get(name)
    if found is None:
        raise NotFound.of(NAMESPACES.plural, name)
    return selector.matches(found["metadata"].get("labels"))
