"""Notes on Secrets when the tokens in them were last used (upstream: LegacyServiceAccountTokenTracking).

A ConfigMap says since when that is noted: what has no label and is older has not been used since. A token is
noted once a day, after it was let in; nobody waits for it.
"""

import asyncio
import logging
from contextlib import suppress
from datetime import datetime, timedelta

from kubeade.api.errors import AlreadyExists, ApiError, NotFound
from kubeade.api.parts import part, text
from kubeade.api.resource import Object
from kubeade.api.resources import CONFIG_MAPS, SECRETS
from kubeade.apiserver.seams import Reader, Writer
from kubeade.lib.clock import Clock

LAST_USED_LABEL = "kubernetes.io/legacy-token-last-used"
TRACKING = "kube-apiserver-legacy-service-account-token-tracking"
_NAMESPACE = "kube-system"
_DATE = "%Y-%m-%d"
_RETRY_SECONDS = 5.0
_MOST_WAITING = 10_000
_log = logging.getLogger(__name__)


class LegacyTokens:
    """`used` may be called for every request; `run` writes, and ends only by cancellation."""

    def __init__(self, reader: Reader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock
        self._waiting: dict[tuple[str, str], str] = {}
        self._changed = asyncio.Event()
        self._changed.set()
        reader.subscribe(CONFIG_MAPS, self._config_map_changed)

    def used(self, secret: Object) -> None:
        """The token in this Secret is what somebody has just shown."""
        if self._is_noted(secret) or len(self._waiting) >= _MOST_WAITING:
            return
        metadata = secret["metadata"]
        self._waiting[metadata["namespace"], metadata["name"]] = metadata["uid"]
        self._changed.set()

    def end_of_day(self) -> float:
        """Until when a token that was let in need not be looked at again."""
        now = self._clock.now()
        tomorrow = datetime(now.year, now.month, now.day, tzinfo=now.tzinfo) + timedelta(days=1)
        return tomorrow.timestamp()

    async def run(self, writer: Writer) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._track(writer)
                while self._waiting:
                    key = next(iter(self._waiting))
                    await self._note(writer, key, self._waiting[key])
                    self._waiting.pop(key, None)
            except ApiError as error:
                _log.info("noting the use of a token: %s; trying again", error)
                await asyncio.sleep(_RETRY_SECONDS)
                self._changed.set()

    async def _note(self, writer: Writer, key: tuple[str, str], uid: str) -> None:
        namespace, name = key
        secret = self._reader.read(SECRETS, name, namespace)
        if secret is None or secret["metadata"]["uid"] != uid or self._is_noted(secret):
            return
        labels = {**(secret["metadata"].get("labels") or {}), LAST_USED_LABEL: self._today()}
        noted = {**secret, "metadata": {**secret["metadata"], "labels": labels}}
        with suppress(NotFound):
            await writer.update(SECRETS, noted)

    async def _track(self, writer: Writer) -> None:
        found = self._reader.read(CONFIG_MAPS, TRACKING, _NAMESPACE)
        since = text(part(found or {}, "data"), "since")
        if found is None:
            metadata = {"name": TRACKING, "namespace": _NAMESPACE}
            data = {"since": self._today()}
            wanted = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
            with suppress(AlreadyExists):  # another server was quicker
                await writer.create(CONFIG_MAPS, wanted)
        elif not _is_date(since):
            await writer.update(CONFIG_MAPS, {**found, "data": {"since": self._today()}})

    def _is_noted(self, secret: Object) -> bool:
        """Tomorrow is another server's today."""
        tomorrow = (self._clock.now() + timedelta(days=1)).strftime(_DATE)
        return (secret["metadata"].get("labels") or {}).get(LAST_USED_LABEL) in (self._today(), tomorrow)

    def _today(self) -> str:
        return self._clock.now().strftime(_DATE)

    def _config_map_changed(self, namespace: str, name: str) -> None:
        if not name or (namespace, name) == (_NAMESPACE, TRACKING):
            self._changed.set()


def _is_date(found: str) -> bool:
    try:
        datetime.strptime(found, _DATE)  # noqa: DTZ007 - a date has no zone
    except ValueError:
        return False
    return True
