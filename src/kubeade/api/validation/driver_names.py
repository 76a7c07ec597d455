"""What a driver of volumes or devices is called (upstream: ValidateCSIDriverName)."""

from kubeade.api.validation.fields import Errors, messages, required, too_long
from kubeade.api.validation.names import dns_subdomain

_LIMIT_BYTES = 63


def driver_name(name: str, path: str) -> Errors:
    """A domain, in any case."""
    if not name:
        yield required(path)
        return
    if len(name.encode()) > _LIMIT_BYTES:
        yield too_long(path, _LIMIT_BYTES)
    yield from messages(path, name, dns_subdomain(name.lower()))
