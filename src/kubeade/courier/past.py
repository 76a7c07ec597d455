"""Asks the API server for an object's past, a query of its private subresource `order`."""

from dataclasses import dataclass
from datetime import datetime

from kubeade.api.errors import NotFound
from kubeade.api.resource import Object, Resource
from kubeade.api.resources import EVENTS
from kubeade.client.client import Client, decode_body
from kubeade.courier.versions import Version, at_time, version_of

VERSIONS_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Told:
    """An Event, and whether the API has it no more."""

    event: Object
    gone: bool


class NoSuchVersion(Exception):
    """What is asked for is not kept, or never was; the message says which."""


async def read_versions(
    client: Client, resource: Resource, name: str, namespace: str, *, count: int = VERSIONS_LIMIT, at: int = 0
) -> list[Version]:
    """Newest first; with `at`, those up to that revision. Raises NoSuchVersion, ApiError."""
    return await _ask(client, resource.path(namespace, name, "order"), {"versions": count, "at": at or ""})


async def read_deleted(client: Client, resource: Resource, name: str, namespace: str) -> list[Version]:
    """The versions of an object that is not there any more. Raises NoSuchVersion, ApiError."""
    query = {"versions": VERSIONS_LIMIT, "deleted": "1"}
    return await _ask(client, resource.path(namespace, name, "order"), query)


async def _ask(client: Client, path: str, query: dict[str, object]) -> list[Version]:
    answer = await decode_body(await client.raw("GET", path, query))
    if "versions" not in answer:
        raise NoSuchVersion("this API server does not tell of the past")
    return [version_of(each) for each in answer["versions"]]


async def read_events(client: Client, kind: str, name: str, namespace: str) -> list[Told]:
    """The Events about an object, the oldest first. Raises NoSuchVersion, ApiError."""
    # Those about an object without a namespace are in this one, as with every client.
    path = EVENTS.path(namespace or "default", name, "order")
    answer = await decode_body(await client.raw("GET", path, {"of": kind}))
    if "events" not in answer:
        raise NoSuchVersion("this API server does not tell of past events")
    return [Told(each["object"], each["gone"]) for each in answer["events"]]


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
