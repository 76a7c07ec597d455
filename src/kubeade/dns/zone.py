"""All of the cluster's records together, by name, kept up one Service at a time.

A name that only leads to longer names exists too (`NAMESPACE.svc`): it has no records, but is not unknown.
"""

from kubeade.dns.records import SPECIFICATION_VERSION, ServiceRecords, Srv, pod_address


class Zone:
    """Looked up by names relative to the cluster domain, in lower case."""

    def __init__(self) -> None:
        self._services: dict[str, ServiceRecords] = {}
        self._owner: dict[str, str] = {}
        self._reverse: dict[str, str] = {}
        self._inner: dict[str, int] = {}

    def set(self, key: str, records: ServiceRecords | None) -> None:
        """Exchange the records of the Service `key`; None: it is gone."""
        old = self._services.pop(key, None)
        if old is not None:
            self._count(old, -1)
            for name in old.names():
                self._owner.pop(name, None)
            for name in old.reverse:
                self._reverse.pop(name, None)
        if records is not None:
            self._services[key] = records
            self._count(records, +1)
            self._owner.update((name, key) for name in records.names())
            self._reverse.update(records.reverse)

    def addresses(self, name: str) -> list[str]:
        if found := pod_address(name):
            return [found]
        records = self._of(name)
        return records.addresses.get(name, []) if records else []

    def services(self, name: str) -> list[Srv]:
        records = self._of(name)
        return records.ports.get(name, []) if records else []

    def alias(self, name: str) -> str:
        records = self._of(name)
        return records.alias.get(name, "") if records else ""

    def pointer(self, name: str) -> str:
        """The name behind a reverse name, relative to the cluster domain; empty when unknown."""
        return self._reverse.get(name, "")

    def text(self, name: str) -> str:
        return SPECIFICATION_VERSION if name == "dns-version" else ""

    def exists(self, name: str) -> bool:
        """Whether the name has records, or is on the way to one that has."""
        known = name in ("", "svc", "pod", "dns-version") or name in self._owner
        return known or name in self._inner or pod_address(name) is not None

    def _of(self, name: str) -> ServiceRecords | None:
        return self._services.get(self._owner.get(name, ""))

    def _count(self, records: ServiceRecords, sign: int) -> None:
        for name in records.names():
            labels = name.split(".")
            for position in range(1, len(labels)):
                inner = ".".join(labels[position:])
                self._inner[inner] = self._inner.get(inner, 0) + sign
                if not self._inner[inner]:
                    del self._inner[inner]
