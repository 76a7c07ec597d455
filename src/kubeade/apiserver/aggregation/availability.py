"""Whether extension API servers answer, written into their APIServices; and what they serve.

A server is looked at when its APIService, Service or endpoints change, every `RESYNC_SECONDS`, and soon after
a failure. The question it is asked is its discovery document, which is kept for `/apis`.
"""

import asyncio
import logging
from typing import Any

import msgspec

from kubeade.api.errors import ApiError
from kubeade.api.parts import part, parts, text
from kubeade.api.resource import Object
from kubeade.api.resources import API_SERVICES, ENDPOINT_SLICES, SERVICES
from kubeade.apiserver.aggregation.registered import Extension, Registered, available
from kubeade.apiserver.aggregation.servers import ExtensionServers
from kubeade.apiserver.seams import Reader, Writer
from kubeade.lib.backoff import Backoff
from kubeade.lib.clock import Clock
from kubeade.lib.timestamps import format_time

RESYNC_SECONDS = 30.0
_RETRY = Backoff(initial_seconds=0.25, limit_seconds=RESYNC_SECONDS)
_ATTEMPTS = 5
_SERVICE_NAME = "kubernetes.io/service-name"
_log = logging.getLogger(__name__)

Verdict = tuple[str, str, str]
"""Status, reason and message of the condition."""

PASSED: Verdict = ("True", "Passed", "all checks passed")
LOCAL: Verdict = ("True", "Local", "Local APIServices are always available")


def judge(extension: Extension, service: Object | None, slices: list[Object]) -> Verdict | None:
    """What can be said without asking the server; None where it has to be asked."""
    where = f'service/{extension.service} in "{extension.namespace}"'
    if service is None:
        return "False", "ServiceNotFound", f"{where} is not present"
    if (text(service, "spec", "type") or "ClusterIP") != "ClusterIP":
        return None
    port = next((p for p in parts(service, "spec", "ports") if p.get("port") == extension.port), None)
    if port is None:
        return "False", "ServicePortError", f"{where} is not listening on port {extension.port}"
    if not slices:
        return "False", "EndpointsNotFound", f"cannot find endpointslices for {where}"
    name = text(port, "name")
    if not any(_has_endpoint(each, name) for each in slices):
        message = f'endpointslices for {where} have no addresses with port name "{name}"'
        return "False", "MissingEndpoints", message
    return None


def _has_endpoint(piece: Object, port_name: str) -> bool:
    ready = any(part(e, "conditions").get("ready") is not False for e in parts(piece, "endpoints"))
    return ready and any(
        (port.get("name") or "") == port_name and port.get("port") for port in parts(piece, "ports")
    )


def with_condition(api_service: Object, verdict: Verdict, now: str) -> Object:
    """The object with its condition; the same one where nothing changed."""
    status, reason, message = verdict
    old = available(api_service)
    since = now if old.get("status") != status else old.get("lastTransitionTime", now)
    condition = {"type": "Available", "status": status, "lastTransitionTime": since}
    condition |= {"reason": reason, "message": message}
    if condition == old:
        return api_service
    others = [each for each in parts(api_service, "status", "conditions") if each is not old]
    return {**api_service, "status": {"conditions": [*others, condition]}}


class Availability:
    """`resources` has the last known APIResources of each extension, by name of its APIService."""

    def __init__(
        self, reader: Reader, registered: Registered, servers: ExtensionServers, clock: Clock
    ) -> None:
        self._reader = reader
        self._registered = registered
        self._servers = servers
        self._clock = clock
        self._pending: set[str] = set()
        self._busy: set[str] = set()
        self._wakeup = asyncio.Event()
        self._failures: dict[str, int] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self.resources: dict[str, list[Any]] = {}
        self.generation = 0
        reader.subscribe(API_SERVICES, lambda _, name: self._queue(name))
        for resource in (SERVICES, ENDPOINT_SLICES):
            reader.subscribe(resource, lambda namespace, _: self._queue_all(namespace))

    async def run(self, writer: Writer) -> None:
        """Ends only by cancellation."""
        async with asyncio.TaskGroup() as group:
            while True:
                await self._wakeup.wait()
                self._wakeup.clear()
                if "" in self._pending:
                    everything = (each["metadata"]["name"] for each in self._reader.read_all(API_SERVICES))
                    self._pending = {*self._pending, *everything} - {""}
                for name in self._pending - self._busy:
                    self._pending.discard(name)
                    self._busy.add(name)
                    group.create_task(self._look_at(name, writer))

    def _queue(self, name: str) -> None:
        self._pending.add(name)
        self._wakeup.set()

    def _queue_all(self, namespace: str) -> None:
        for extension in self._registered.all():
            if namespace in ("", extension.namespace):
                self._queue(extension.name)

    async def _look_at(self, name: str, writer: Writer) -> None:
        try:
            await self._settle(name, writer)
        except ApiError as error:  # somebody else wrote it, or it is gone: it is looked at again
            _log.debug("APIService %s: %s", name, error)
            self._again(name, failed=True)
        finally:
            self._busy.discard(name)
            self._wakeup.set()

    async def _settle(self, name: str, writer: Writer) -> None:
        api_service = self._reader.read(API_SERVICES, name)
        if api_service is None:
            self._forget(name)
            return
        spec = part(api_service, "spec")
        extension = self._registered.find(text(spec, "group"), text(spec, "version"))
        verdict = LOCAL if extension is None else await self._judge(extension)
        if extension is not None:
            self._again(name, failed=verdict is not PASSED)
        changed = with_condition(api_service, verdict, format_time(self._clock.now()))
        if changed is not api_service:
            await writer.update(API_SERVICES, changed, "status")

    def _again(self, name: str, *, failed: bool) -> None:
        """Look at it once more: later when it was well, soon when it was not."""
        failures = self._failures[name] = self._failures.get(name, 0) + 1 if failed else 0
        seconds = _RETRY.delay_seconds(failures) if failed else RESYNC_SECONDS
        self._cancel(name)
        self._timers[name] = asyncio.get_running_loop().call_later(seconds, self._queue, name)

    def _cancel(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    async def _judge(self, extension: Extension) -> Verdict:
        service = self._reader.read(SERVICES, extension.service, extension.namespace)
        slices = [
            each
            for each in self._reader.read_all(ENDPOINT_SLICES, extension.namespace)
            if (part(each, "metadata").get("labels") or {}).get(_SERVICE_NAME) == extension.service
        ]
        return judge(extension, service, slices) or await self._ask(extension)

    async def _ask(self, extension: Extension) -> Verdict:
        """One good answer of several is enough: not every endpoint need be well."""
        why = ""
        for _ in range(_ATTEMPTS):
            try:
                told = await self._servers.ask(extension, extension.path, [("accept", "application/json")])
            except (OSError, TimeoutError) as error:
                why = f"failing or missing response from {extension.path}: {error or 'timed out'}"
                continue
            if 200 <= told.status < 300:
                self._learn(extension, told.body)
                return PASSED
            why = f"failing or missing response from {extension.path}: bad status: {told.status}"
        return "False", "FailedDiscoveryCheck", why

    def _learn(self, extension: Extension, body: bytes) -> None:
        try:
            resources = parts(msgspec.json.decode(body), "resources")
        except msgspec.DecodeError:
            return
        if self.resources.get(extension.name) != resources:
            self.resources[extension.name] = resources
            self.generation += 1

    def _forget(self, name: str) -> None:
        self._cancel(name)
        self._failures.pop(name, None)
        if self.resources.pop(name, None) is not None:
            self.generation += 1
