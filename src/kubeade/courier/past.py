"""Asks the API server for an object's past, a query of its private subresource `order`."""

from datetime import datetime

from kubeade.api.errors import NotFound
from kubeade.api.resource import Resource
from kubeade.client.client import Client, decode_body
from kubeade.courier.versions import Version, at_time, version_of

VERSIONS_LIMIT = 500


class NoSuchVersion(Exception):
    """What is asked for is not kept, or never was; the message says which."""


async def read_versions(
    client: Client, resource: Resource, name: str, namespace: str, *, count: int = VERSIONS_LIMIT, at: int = 0
) -> list[Version]:
    """Newest first; with `at`, those up to that revision. Raises NoSuchVersion, ApiError."""
    query = {"versions": count, "at": at or ""}
    path = resource.path(namespace, name, "order")
    answer = await decode_body(await client.raw("GET", path, query))
    if "versions" not in answer:
        raise NoSuchVersion("this API server does not tell of the past")
    return [version_of(each) for each in answer["versions"]]


async def find_version(client: Client, resource: Resource, name: str, namespace: str, at: str) -> Version:
    """The version at a revision or at a time (RFC 3339). Raises NoSuchVersion, ApiError."""
    if at.isdigit():
        try:
            return (await read_versions(client, resource, name, namespace, count=1, at=int(at)))[0]
        except NotFound:
            raise NoSuchVersion(f"{resource.plural} {name!r} was not there at revision {at}") from None
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        message = f"{at!r} is neither a revision nor a time (2026-01-31T12:00:00Z)"
        raise NoSuchVersion(message) from None
    found = at_time(await read_versions(client, resource, name, namespace), moment)
    if found is None:
        raise NoSuchVersion(f"no version of {resource.plural} {name!r} from before {at} is kept")
    return found
