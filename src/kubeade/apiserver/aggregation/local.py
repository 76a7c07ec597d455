"""An APIService for every group version of our own, kept as upstream keeps them.

Those of built-in groups are made at the start; those of custom groups come and go with their definitions.
Both carry a label that says so; without it an APIService is its maker's, and let be.
"""

import asyncio
import logging

from kubeade.api.catalogue import Catalogue
from kubeade.api.errors import ApiError
from kubeade.api.group_priorities import group_priority, is_built_in, version_priority
from kubeade.api.parts import text
from kubeade.api.resource import Object
from kubeade.api.resources import API_SERVICES, CUSTOM_RESOURCE_DEFINITIONS
from kubeade.apiserver.seams import Writer
from kubeade.apiserver.storage import Storage
from kubeade.apiserver.writer import LOOPBACK
from kubeade.store.ledger import LedgerError

MANAGED = "kube-aggregator.kubernetes.io/automanaged"
_ON_START, _ALWAYS = "onstart", "true"
_RETRY_SECONDS = 1.0
_log = logging.getLogger(__name__)


def wanted_services(catalogue: Catalogue) -> dict[str, Object]:
    """By name. apiregistration.k8s.io has none: it is what APIServices themselves are served by."""
    found = {}
    for group in ["", *catalogue.groups()]:
        if group != API_SERVICES.group:
            for version in catalogue.versions(group):
                made = _api_service(group, version)
                found[made["metadata"]["name"]] = made
    return found


def _api_service(group: str, version: str) -> Object:
    labels = {MANAGED: _ON_START if is_built_in(group) else _ALWAYS}
    spec: Object = {"version": version} | ({"group": group} if group else {})
    spec["groupPriorityMinimum"] = group_priority(group)
    spec["versionPriority"] = version_priority(group, version)
    return {
        "apiVersion": API_SERVICES.api_version,
        "kind": API_SERVICES.kind,
        "metadata": {"name": f"{version}.{group}", "labels": labels},
        "spec": spec,
    }


class LocalServices:
    """Writes what is missing or wrong. `run` ends only by cancellation."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._changed = asyncio.Event()
        self._changed.set()
        self._started: set[str] = set()
        for resource in (API_SERVICES, CUSTOM_RESOURCE_DEFINITIONS):
            storage.subscribe(resource, lambda _, __: self._changed.set())

    async def run(self, writer: Writer, catalogue: Catalogue) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._bring_in_line(writer, wanted_services(catalogue))
            except (ApiError, LedgerError) as error:  # another server was quicker, or refuses for now
                _log.debug("APIServices: %s", error)
                asyncio.get_running_loop().call_later(_RETRY_SECONDS, self._changed.set)

    async def _bring_in_line(self, writer: Writer, wanted: dict[str, Object]) -> None:
        there = {each["metadata"]["name"]: each for each in self._storage.read_all(API_SERVICES)}
        missing = [each for name, each in wanted.items() if name not in there and name not in self._started]
        results = await asyncio.gather(
            *(writer.create(API_SERVICES, each) for each in missing), return_exceptions=True
        )
        for name, existing in there.items():
            await self._keep(writer, existing, wanted.get(name))
        self._started |= {name for name, each in wanted.items() if _managed(each) == _ON_START}
        for failure in results:
            if isinstance(failure, BaseException):
                raise failure

    async def _keep(self, writer: Writer, existing: Object, wanted: Object | None) -> None:
        name = existing["metadata"]["name"]
        if not _managed(existing) or (_managed(existing) == _ON_START and name in self._started):
            return
        if wanted is None:
            record = self._storage.find(API_SERVICES, name)
            if record is not None:
                await self._storage.delete(record, LOOPBACK.name)
        elif existing["spec"] != wanted["spec"]:
            await writer.update(API_SERVICES, {**existing, "spec": wanted["spec"]})


def _managed(api_service: Object) -> str:
    return text(api_service, "metadata", "labels", MANAGED)
