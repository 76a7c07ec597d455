"""The OpenAPI documents of extension API servers, as far as they are about their own group version.

Asked for when somebody wants ours, and kept for a minute; a server that does not answer has no part in them.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec

from kubeade.apiserver.aggregation.registered import Extension, Registered
from kubeade.apiserver.aggregation.servers import ExtensionServers, Told
from kubeade.lib.clock import Clock

KEPT = timedelta(minutes=1)
_JSON = [("accept", "application/json")]
_Document = dict[str, Any]


@dataclass(slots=True)
class _Kept:
    value: _Document | None
    until: datetime
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class ExtensionOpenApi:
    def __init__(self, registered: Registered, servers: ExtensionServers, clock: Clock) -> None:
        self._registered = registered
        self._servers = servers
        self._clock = clock
        self._kept: dict[tuple[str, str], _Kept] = {}

    async def v3_index(self) -> dict[str, str]:
        """The place of each extension's document (`apis/shop.example/v1`), and its hash or ""."""
        extensions = [each for each in self._registered.all() if each.available]
        indices = await asyncio.gather(*(self._document(each, "/openapi/v3") for each in extensions))
        found = {}
        for extension, index in zip(extensions, indices, strict=True):
            place = extension.path.strip("/")
            entry = ((index or {}).get("paths") or {}).get(place)
            if isinstance(entry, dict):
                found[place] = str(entry.get("serverRelativeURL", "")).partition("hash=")[2]
        return found

    async def v3(self, group: str, version: str) -> Told | None:
        """One extension's document, as it gives it; None where there is none."""
        extension = self._registered.find(group, version)
        if extension is None or not extension.available:
            return None
        try:
            told = await self._servers.ask(extension, f"/openapi/v3{extension.path}", _JSON)
        except (OSError, TimeoutError):
            return None
        return told if told.status == 200 else None

    async def v2(self) -> list[_Document]:
        """The documents of all extensions, each with only the paths of its own group version."""
        extensions = [each for each in self._registered.all() if each.available]
        documents = await asyncio.gather(*(self._document(each, "/openapi/v2") for each in extensions))
        return [
            own_part(document, extension.path)
            for extension, document in zip(extensions, documents, strict=True)
            if document is not None
        ]

    async def _document(self, extension: Extension, path: str) -> _Document | None:
        now = self._clock.now()
        kept = self._kept.setdefault((extension.name, path), _Kept(None, now - KEPT))
        async with kept.lock:
            if kept.until <= now:
                kept.value = await self._fetch(extension, path)
                kept.until = now + KEPT
        return kept.value

    async def _fetch(self, extension: Extension, path: str) -> _Document | None:
        try:
            told = await self._servers.ask(extension, path, _JSON)
            document = msgspec.json.decode(told.body) if told.status == 200 else None
        except (OSError, TimeoutError, msgspec.DecodeError):
            return None
        return document if isinstance(document, dict) else None


def own_part(document: _Document, path: str) -> _Document:
    """A v2 document without what its server also says of `/version`, other groups and the like."""
    paths = {key: item for key, item in (document.get("paths") or {}).items() if key.startswith(f"{path}/")}
    return {"paths": paths, "definitions": document.get("definitions") or {}}
