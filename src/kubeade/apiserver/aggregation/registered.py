"""Which group versions are somebody else's, from the APIServices in the ledger."""

import base64
import binascii
from dataclasses import dataclass

from kubeade.api.parts import number, part, parts, text
from kubeade.api.resource import Object
from kubeade.api.resources import API_SERVICES
from kubeade.apiserver.seams import Reader

_HTTPS = 443


@dataclass(frozen=True, slots=True)
class Extension:
    """One APIService with a service: a group version and who serves it."""

    name: str
    group: str
    version: str
    namespace: str
    service: str
    port: int
    authority_pem: bytes
    insecure: bool
    group_priority: int
    version_priority: int
    available: bool

    @property
    def path(self) -> str:
        return f"/apis/{self.group}/{self.version}"

    @property
    def server_name(self) -> str:
        """What its certificate must be good for."""
        return f"{self.service}.{self.namespace}.svc"


def read_extension(api_service: Object) -> Extension | None:
    """None for a group version of our own."""
    spec = part(api_service, "spec")
    service = part(spec, "service")
    if not service:
        return None
    return Extension(
        api_service["metadata"]["name"],
        text(spec, "group"),
        text(spec, "version"),
        text(service, "namespace"),
        text(service, "name"),
        number(service, "port") or _HTTPS,
        _decoded(text(spec, "caBundle")),
        bool(spec.get("insecureSkipTLSVerify")),
        number(spec, "groupPriorityMinimum"),
        number(spec, "versionPriority"),
        available(api_service).get("status") == "True",
    )


def available(api_service: Object) -> Object:
    """The condition of that name, or an empty one."""
    conditions = parts(api_service, "status", "conditions")
    return next((each for each in conditions if each.get("type") == "Available"), {})


class Registered:
    """The extensions of this moment; `generation` rises when they change."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._by_name: dict[str, Extension] = {}
        self._by_version: dict[tuple[str, str], Extension] = {}
        self.generation = 0
        reader.subscribe(API_SERVICES, self._changed)

    def __bool__(self) -> bool:
        return bool(self._by_version)

    def find(self, group: str, version: str) -> Extension | None:
        return self._by_version.get((group, version))

    def all(self) -> list[Extension]:
        return list(self._by_name.values())

    def _changed(self, _: str, name: str) -> None:
        if name:
            found = self._reader.read(API_SERVICES, name)
            self._put(name, None if found is None else read_extension(found))
            return
        there = {each["metadata"]["name"]: each for each in self._reader.read_all(API_SERVICES)}
        for each in {*self._by_name, *there}:
            self._put(each, read_extension(there[each]) if each in there else None)

    def _put(self, name: str, extension: Extension | None) -> None:
        if self._by_name.get(name) == extension:
            return
        if extension is None:
            del self._by_name[name]
        else:
            self._by_name[name] = extension
        self._by_version = {(each.group, each.version): each for each in self._by_name.values()}
        self.generation += 1


def _decoded(bundle: str) -> bytes:
    try:
        return base64.b64decode(bundle, validate=True)
    except binascii.Error:
        return b""
