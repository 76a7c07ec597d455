"""Role-based access control: who is bound to which role, compiled, kept current by key.

The answer for one user is put together once and reused until a role or a binding changes; the number of
remembered users is bounded. Namespaced and cluster-wide bindings, and the order in which they are asked,
are upstream's.
"""

from collections.abc import Iterator
from functools import partial
from typing import Literal

from kubeade.api.resource import Object, Resource
from kubeade.apiserver.authorization.policy import GROUP
from kubeade.apiserver.authorization.rules import CompiledRule, compile_rule
from kubeade.apiserver.derived import Follower
from kubeade.apiserver.seams import Attributes, Decision, Reader, User

CLUSTER_ROLES = Resource(GROUP, "v1", "clusterroles", "ClusterRole", namespaced=False)
CLUSTER_ROLE_BINDINGS = Resource(GROUP, "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced=False)
ROLES = Resource(GROUP, "v1", "roles", "Role")
ROLE_BINDINGS = Resource(GROUP, "v1", "rolebindings", "RoleBinding")

MAX_REMEMBERED_USERS = 4096
ACCOUNT_PREFIX = "system:serviceaccount:"

Key = tuple[str, str]
Scope = Literal["cluster", "namespaces"]
_REFUSED = Decision(False)


class RbacPolicy:
    """The roles and bindings of the cluster, asked by user and namespace."""

    def __init__(self, reader: Reader) -> None:
        self._rules: dict[Key, list[Object]] = {}
        self._bindings: dict[str, dict[str, Object]] = {}
        self._compiled: dict[tuple[str, tuple[str, ...], str], list[CompiledRule]] = {}
        self._followers = [
            Follower(reader, CLUSTER_ROLES, self._role, partial(self._forget_roles, "cluster")),
            Follower(reader, ROLES, self._role, partial(self._forget_roles, "namespaces")),
            Follower(reader, CLUSTER_ROLE_BINDINGS, self._binding, partial(self._forget_bindings, "cluster")),
            Follower(reader, ROLE_BINDINGS, self._binding, partial(self._forget_bindings, "namespaces")),
        ]

    def compiled_rules(self, user: User, namespace: str) -> list[CompiledRule]:
        """The rules that bindings of this namespace give the user; `""` stands for cluster-wide bindings."""
        self._catch_up()
        key = (user.name, user.groups, namespace)
        found = self._compiled.get(key)
        if found is None:
            if len(self._compiled) >= MAX_REMEMBERED_USERS:
                self._compiled.clear()
            found = [compile_rule(rule, source) for rule, source in self._granted(user, namespace)]
            self._compiled[key] = found
        return found

    def rules_of(self, user: User, namespace: str) -> list[Object]:
        """The rules as they stand in the roles: cluster-wide ones, then those of `namespace`."""
        self._catch_up()
        namespaces = ["", namespace] if namespace else [""]
        return [rule for place in namespaces for rule, _ in self._granted(user, place)]

    def rules_of_role(self, role_ref: Object, namespace: str) -> list[Object] | None:
        """The rules of a binding's role; None where there is no such role."""
        self._catch_up()
        return self._rules.get(_role_key(role_ref, namespace))

    def _catch_up(self) -> None:
        changed = False
        for follower in self._followers:
            changed = follower.catch_up() or changed
        if changed:
            self._compiled.clear()

    def _granted(self, user: User, namespace: str) -> Iterator[tuple[Object, str]]:
        for binding in self._bindings.get(namespace, {}).values():
            subject = _matching_subject(binding, user, namespace)
            if subject is None:
                continue
            source = _describe(binding, subject, namespace)
            for rule in self._rules.get(_role_key(binding["roleRef"], namespace), ()):
                yield rule, source

    def _role(self, namespace: str, name: str, role: Object | None) -> None:
        if role is None:
            self._rules.pop((namespace, name), None)
        else:
            self._rules[namespace, name] = role.get("rules") or []

    def _binding(self, namespace: str, name: str, binding: Object | None) -> None:
        if binding is not None:
            self._bindings.setdefault(namespace, {})[name] = binding
        else:
            self._bindings.get(namespace, {}).pop(name, None)

    def _forget_roles(self, scope: Scope) -> None:
        self._rules = {key: rules for key, rules in self._rules.items() if _scope(key[0]) != scope}

    def _forget_bindings(self, scope: Scope) -> None:
        self._bindings = {key: found for key, found in self._bindings.items() if _scope(key) != scope}


class RbacAuthorizer:
    """Allows what some rule allows; has nothing to say against the rest."""

    def __init__(self, policy: RbacPolicy) -> None:
        self._policy = policy

    async def authorize(self, attributes: Attributes) -> Decision:
        namespaces = ("", attributes.namespace) if attributes.namespace else ("",)
        for namespace in namespaces:
            for rule in self._policy.compiled_rules(attributes.user, namespace):
                if rule.allows(attributes):
                    return Decision(True, f"RBAC: allowed by {rule.source}")
        return _REFUSED


def _scope(namespace: str) -> Scope:
    return "namespaces" if namespace else "cluster"


def _role_key(role_ref: Object, namespace: str) -> Key:
    return (namespace if role_ref.get("kind") == "Role" else "", role_ref.get("name", ""))


def _matching_subject(binding: Object, user: User, namespace: str) -> Object | None:
    subject: Object
    for subject in binding.get("subjects") or ():
        kind, name = subject.get("kind"), subject.get("name", "")
        if kind == "User" and name == user.name:
            return subject
        if kind == "Group" and name in user.groups:
            return subject
        if kind == "ServiceAccount":
            place = subject.get("namespace") or namespace
            if place and user.name == f"{ACCOUNT_PREFIX}{place}:{name}":
                return subject
    return None


def _describe(binding: Object, subject: Object, namespace: str) -> str:
    kind = "RoleBinding" if namespace else "ClusterRoleBinding"
    name = binding["metadata"]["name"] + (f"/{namespace}" if namespace else "")
    role = binding["roleRef"]
    subject_name = subject.get("name", "")
    if subject.get("kind") == "ServiceAccount":
        subject_name += f"/{subject.get('namespace') or namespace}"
    to_whom = f'{subject.get("kind")} "{subject_name}"'
    return f'{kind} "{name}" of {role.get("kind")} "{role.get("name")}" to {to_whom}'
