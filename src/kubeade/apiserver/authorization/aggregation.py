"""ClusterRoles that are gathered from others by label: what they should hold, and the loop that writes it.

Upstream runs this loop in its controller manager (clusterrole-aggregation-controller) and its result is the
same there and here: two of them agree. Ours sits in the API server because authorization depends on it.
"""

import asyncio
import logging
from collections.abc import Iterable

from kubeade.api.errors import ApiError
from kubeade.api.resource import Object
from kubeade.api.selectors import LabelSelector
from kubeade.apiserver.authorization.rbac import CLUSTER_ROLES
from kubeade.apiserver.seams import Reader, Writer

_RETRY_AFTER_SECONDS = 1.0
_log = logging.getLogger(__name__)


def gathered_rules(role: Object, roles: Iterable[Object]) -> list[Object]:
    """The rules of every role that the aggregation rule selects, without repetitions, in order of names."""
    rules: list[Object] = []
    selectors = role["aggregationRule"]["clusterRoleSelectors"]
    ordered = sorted(roles, key=lambda found: str(found["metadata"]["name"]))
    for selector in map(LabelSelector.from_object, selectors):
        for other in ordered:
            labels = other["metadata"].get("labels") or {}
            if other["metadata"]["name"] == role["metadata"]["name"]:
                continue
            if selector.matches(labels):
                rules += [rule for rule in other.get("rules") or () if rule not in rules]
    return rules


def stale_roles(roles: list[Object]) -> list[Object]:
    """The gathered roles whose rules have to change, as they should be."""
    stale = []
    for role in roles:
        if not (role.get("aggregationRule") or {}).get("clusterRoleSelectors"):
            continue
        rules = gathered_rules(role, roles)
        if rules != (role.get("rules") or []):
            stale.append({**role, "rules": rules})
    return stale


class Aggregation:
    """Keeps gathered roles current. `run` ends only by cancellation."""

    def __init__(self, reader: Reader, writer: Writer) -> None:
        self._reader = reader
        self._writer = writer
        self._changed = asyncio.Event()
        self._changed.set()
        reader.subscribe(CLUSTER_ROLES, lambda _namespace, _name: self._changed.set())

    async def run(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self.update()
            except ApiError as error:
                _log.info("gathering cluster roles: %s; trying again", error)
                await asyncio.sleep(_RETRY_AFTER_SECONDS)
                self._changed.set()

    async def update(self) -> None:
        """One pass: a role that changed meanwhile raises Conflict and is seen again."""
        for role in stale_roles(list(self._reader.read_all(CLUSTER_ROLES))):
            await self._writer.update(CLUSTER_ROLES, role)
