"""Writes into every quota's status what is used of it (upstream: the resourcequota controller).

Here, next to the admission that counts the same things, so that a quota shows what it enforces. An upstream
controller manager beside it writes the same figures.
"""

import asyncio
import logging

from kubeade.api.errors import ApiError
from kubeade.api.resource import Object, Resource
from kubeade.api.resources import RESOURCE_QUOTAS
from kubeade.apiserver.admission.quota_ledger import QuotaLedger
from kubeade.apiserver.admission.quota_usage import counted_resource
from kubeade.apiserver.seams import Reader, Writer

_QUIET_SECONDS = 0.05
"""Changes come in bursts: one count for all of them."""
_RETRY_AFTER_SECONDS = 1.0
_log = logging.getLogger(__name__)


class QuotaStatus:
    """`run` ends only by cancellation. Only namespaces that have a quota cost anything."""

    def __init__(self, reader: Reader, writer: Writer, ledger: QuotaLedger) -> None:
        self._reader = reader
        self._writer = writer
        self._ledger = ledger
        self._changed = asyncio.Event()
        self._namespaces: set[str] = set()
        self._followed: set[tuple[str, str]] = set()
        reader.subscribe(RESOURCE_QUOTAS, self._note)
        self._note_all()

    async def run(self) -> None:
        while True:
            await self._changed.wait()
            await asyncio.sleep(_QUIET_SECONDS)
            self._changed.clear()
            namespaces, self._namespaces = self._namespaces, set()
            for namespace in namespaces:
                await self._update(namespace)

    async def _update(self, namespace: str) -> None:
        try:
            for quota in self._ledger.quotas(namespace):
                await self._update_one(quota)
        except ApiError as error:
            _log.info("counting the quotas of %s: %s; trying again", namespace, error)
            asyncio.get_running_loop().call_later(_RETRY_AFTER_SECONDS, self._note, namespace, "")

    async def _update_one(self, quota: Object) -> None:
        hard = quota["spec"].get("hard") or {}
        for name in hard:
            self._follow(*counted_resource(name))
        used = self._ledger.used(quota, hard, promised=False)
        status = {"hard": hard, "used": {name: str(amount) for name, amount in used.items()}}
        if status != (quota.get("status") or {}):
            await self._writer.update(RESOURCE_QUOTAS, {**quota, "status": status}, "status")

    def _follow(self, group: str, plural: str) -> None:
        if (group, plural) not in self._followed:
            self._followed.add((group, plural))
            self._reader.subscribe(Resource(group, "", plural, ""), self._note)

    def _note(self, namespace: str, _name: str) -> None:
        if not namespace:
            self._note_all()
        elif self._ledger.quotas(namespace):
            self._namespaces.add(namespace)
            self._changed.set()

    def _note_all(self) -> None:
        for quota in self._reader.read_all(RESOURCE_QUOTAS):
            self._namespaces.add(quota["metadata"]["namespace"])
        if self._namespaces:
            self._changed.set()
