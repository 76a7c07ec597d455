"""Nobody grants rights that he does not hold, unless he may `escalate` roles or `bind` them.

Runs as the last of the admission chain, which is where upstream's storage of these four resources asks.
"""

from kubeade.api.errors import NotFound
from kubeade.api.resource import Object
from kubeade.apiserver.admission.plugin import Plugin
from kubeade.apiserver.authorization.forbidden import forbidden_because
from kubeade.apiserver.authorization.policy import GROUP
from kubeade.apiserver.authorization.rbac import RbacPolicy
from kubeade.apiserver.authorization.rules import FULL_AUTHORITY, missing_rights, quoted_list
from kubeade.apiserver.seams import AdmissionAttributes, Attributes, Authorizer, Operation

SUPERUSERS_GROUP = "system:masters"
_PLURALS = ("roles", "clusterroles", "rolebindings", "clusterrolebindings")


class EscalationCheck(Plugin):
    """Refuses writes of roles and bindings that would give more than their author holds."""

    resources = tuple((GROUP, plural) for plural in _PLURALS)
    operations = frozenset({Operation.CREATE, Operation.UPDATE})

    def __init__(self, policy: RbacPolicy, authorizer: Authorizer) -> None:
        self._policy = policy
        self._authorizer = authorizer

    async def validate(self, attributes: AdmissionAttributes) -> None:
        written = attributes.object
        if written is None or attributes.subresource:
            return
        if SUPERUSERS_GROUP in attributes.user.groups or _only_lets_go(written, attributes.old_object):
            return
        if attributes.resource.plural in {"roles", "clusterroles"}:
            await self._check_role(attributes, written)
        else:
            await self._check_binding(attributes, written)

    async def _check_role(self, attributes: AdmissionAttributes, role: Object) -> None:
        plural = attributes.resource.plural
        if await self._may(attributes, "escalate", plural, attributes.name):
            return
        self._confirm(attributes, role.get("rules") or [])
        if not _aggregates(role) and not _aggregates(attributes.old_object or {}):
            return
        owned = self._policy.rules_of(attributes.user, attributes.namespace)
        if missing_rights(owned, FULL_AUTHORITY):
            why = "must have cluster-admin privileges to use the aggregationRule"
            raise forbidden_because(GROUP, plural, attributes.name, why)

    async def _check_binding(self, attributes: AdmissionAttributes, binding: Object) -> None:
        role = binding.get("roleRef") or {}
        plural = {"Role": "roles", "ClusterRole": "clusterroles"}.get(role.get("kind", ""))
        if plural is None:
            return  # refused by validation
        if await self._may(attributes, "bind", plural, role.get("name", "")):
            return
        rules = self._policy.rules_of_role(role, attributes.namespace)
        if rules is None:
            raise NotFound.of(plural, role.get("name", ""), GROUP)
        self._confirm(attributes, rules)

    async def _may(self, attributes: AdmissionAttributes, verb: str, plural: str, name: str) -> bool:
        question = Attributes(
            user=attributes.user,
            verb=verb,
            group=GROUP,
            version="*",
            resource=plural,
            namespace=attributes.namespace,
            name=name,
        )
        return (await self._authorizer.authorize(question)).allowed

    def _confirm(self, attributes: AdmissionAttributes, granted: list[Object]) -> None:
        user = attributes.user
        missing = missing_rights(self._policy.rules_of(user, attributes.namespace), granted)
        if not missing:
            return
        why = (
            f'user "{user.name}" (groups={quoted_list(user.groups)}) is attempting to grant RBAC permissions '
            "not currently held:\n" + "\n".join(missing)
        )
        raise forbidden_because(GROUP, attributes.resource.plural, attributes.name, why)


def _aggregates(role: Object) -> bool:
    return bool((role.get("aggregationRule") or {}).get("clusterRoleSelectors"))


def _only_lets_go(new: Object, old: Object | None) -> bool:
    """Only finalizers and owners change, so that the garbage collector can finish."""
    if old is None:
        return False
    ignored = {"finalizers", "ownerReferences", "managedFields", "resourceVersion"}

    def essence(found: Object) -> Object:
        metadata = {key: value for key, value in found["metadata"].items() if key not in ignored}
        return {**found, "metadata": metadata}

    return essence(new) == essence(old)
