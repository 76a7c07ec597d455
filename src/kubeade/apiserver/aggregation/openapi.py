"""The OpenAPI documents of extension API servers, as far as they are about their own group version.

Asked for when somebody wants ours, and kept for a minute; a server that does not answer has no part in them.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec

from kubeade.api.openapi.protobuf import encode_document
from kubeade.apiserver.aggregation.registered import Extension, Registered
from kubeade.apiserver.aggregation.servers import ExtensionServers, Told
from kubeade.lib.clock import Clock

KEPT = timedelta(minutes=1)
_JSON = [("accept", "application/json")]
_PARAMETERS = "#/parameters/"
_log = logging.getLogger(__name__)
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
        return [document for document in documents if document is not None]

    async def _document(self, extension: Extension, path: str) -> _Document | None:
        now = self._clock.now()
        kept = self._kept.setdefault((extension.name, path), _Kept(None, now - KEPT))
        async with kept.lock:
            if kept.until <= now:
                fetched = await self._fetch(extension, path)
                if fetched and path == "/openapi/v2":
                    fetched = _checked(fetched, extension)
                kept.value = fetched
                kept.until = now + KEPT
        return kept.value

    async def _fetch(self, extension: Extension, path: str) -> _Document | None:
        try:
            told = await self._servers.ask(extension, path, _JSON)
            document = msgspec.json.decode(told.body) if told.status == 200 else None
        except (OSError, TimeoutError, msgspec.DecodeError):
            return None
        return document if isinstance(document, dict) else None


def _checked(document: _Document, extension: Extension) -> _Document | None:
    """An extension's own part, if it can be part of ours in every form that we publish."""
    try:
        part = own_part(document, extension.path)
        encode_document(part)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        _log.warning("APIService %s: its OpenAPI v2 document is left out: %s", extension.name, error)
        return None
    return part


def own_part(document: _Document, path: str) -> _Document:
    """A v2 document without what its server also says of `/version`, other groups and the like, and with
    shared parameters put where they are used."""
    shared = document.get("parameters") or {}
    paths = {
        key: _with_parameters(item, shared)
        for key, item in (document.get("paths") or {}).items()
        if key.startswith(f"{path}/")
    }
    return {"paths": paths, "definitions": document.get("definitions") or {}}


def _with_parameters(value: Any, shared: _Document) -> Any:
    """References to shared parameters replaced by what they stand for."""
    if isinstance(value, list):
        return [_with_parameters(each, shared) for each in value]
    if not isinstance(value, dict):
        return value
    reference = value.get("$ref")
    if isinstance(reference, str) and reference.startswith(_PARAMETERS):
        return shared[reference.removeprefix(_PARAMETERS)]
    return {key: _with_parameters(each, shared) for key, each in value.items()}
