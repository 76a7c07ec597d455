"""How much of its quotas a namespace uses: counted from what is there, plus what is on its way.

Counting what is there cannot drift and needs nobody to give anything back. A promise bridges the time between
admission and the write; it ends when the object is there (or changed), or by itself. Where several API
servers share the cluster, their promises lie in a note that they share (`shared_notes`).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from kubeade.api.quantity import Quantity
from kubeade.api.resource import Object, Resource
from kubeade.api.resources import RESOURCE_QUOTAS
from kubeade.apiserver.admission.quota_usage import Usage, counted_resource, quota_matches, usage_of
from kubeade.apiserver.derived import ObjectIndex
from kubeade.apiserver.seams import Reader
from kubeade.lib.clock import Clock

PROMISE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Promise:
    """`revision` is that of the object before the change, "" before its creation; `quotas` are the names of
    those that count it."""

    resource: Resource
    name: str
    revision: str
    quotas: frozenset[str]
    usage: Usage
    until: float


class QuotaLedger:
    """`now` is a clock that only moves forward, in seconds (the event loop's)."""

    def __init__(self, reader: Reader, clock: Clock, now: Callable[[], float]) -> None:
        self._reader = reader
        self._clock = clock
        self._now = now
        self._quotas = ObjectIndex(reader, RESOURCE_QUOTAS)
        self._promises: dict[str, list[Promise]] = {}

    def quotas(self, namespace: str) -> list[Object]:
        return self._quotas.of_namespace(namespace)

    def usage_of(self, resource: Resource, found: Object) -> Usage:
        return usage_of(resource.group, resource.plural, found, self._clock.now())

    def used(self, quota: Object, names: Iterable[str], *, promised: bool) -> Usage:
        """Of each of the quota's entries in `names`, how much is in use."""
        namespace = quota["metadata"]["namespace"]
        total: Usage = {name: Quantity.of(0) for name in names}
        for group, plural in {counted_resource(name) for name in total}:
            resource = Resource(group, "", plural, "")
            for found in self._reader.read_all(resource, namespace):
                self._add(total, quota, resource, found)
        for promise in self._standing(namespace) if promised else ():
            if quota["metadata"]["name"] in promise.quotas:
                for name in total.keys() & promise.usage.keys():
                    total[name] += promise.usage[name]
        return total

    def promise(self, namespace: str, resource: Resource, revision: str, found: Object, usage: Usage) -> None:
        """`found` is about to be written over `revision`, and to use so much more."""
        quotas = frozenset(
            quota["metadata"]["name"]
            for quota in self.quotas(namespace)
            if quota_matches(quota, resource.group, resource.plural, found)
        )
        until = self._now() + PROMISE_SECONDS
        promise = Promise(resource, found["metadata"].get("name", ""), revision, quotas, usage, until)
        self._promises.setdefault(namespace, []).append(promise)

    def note(self, namespace: str) -> list[Any]:
        """The promises that stand, as others can read them; `now` must mean the same to them."""
        return [
            (
                (each.resource.group, each.resource.plural, each.resource.namespaced),
                each.name,
                each.revision,
                sorted(each.quotas),
                {name: str(amount) for name, amount in each.usage.items()},
                each.until,
            )
            for each in self._standing(namespace)
        ]

    def adopt(self, namespace: str, note: list[Any]) -> None:
        """Believe a note instead of what was promised here."""
        self._promises[namespace] = [_promise(*each) for each in note]

    def _add(self, total: Usage, quota: Object, resource: Resource, found: Object) -> None:
        if not quota_matches(quota, resource.group, resource.plural, found):
            return
        for name, amount in self.usage_of(resource, found).items():
            if name in total:
                total[name] += amount

    def _standing(self, namespace: str) -> list[Promise]:
        promises = self._promises.get(namespace, ())
        standing = [promise for promise in promises if self._stands(namespace, promise)]
        if standing:
            self._promises[namespace] = standing
        else:
            self._promises.pop(namespace, None)
        return standing

    def _stands(self, namespace: str, promise: Promise) -> bool:
        if promise.until <= self._now():
            return False
        found = self._reader.read(promise.resource, promise.name, namespace)
        revision = "" if found is None else found["metadata"].get("resourceVersion", "")
        return bool(revision == promise.revision)


def _promise(
    place: tuple[str, str, bool],
    name: str,
    revision: str,
    quotas: list[str],
    usage: dict[str, str],
    until: float,
) -> Promise:
    group, plural, namespaced = place
    resource = Resource(group, "", plural, "", namespaced)
    amounts = {each: Quantity.parse(amount) for each, amount in usage.items()}
    return Promise(resource, name, revision, frozenset(quotas), amounts, until)
