"""From a word that people type (`deploy`, `deployments.apps`, `Pod`) to the resource that the server means
by it."""

from dataclasses import dataclass, field

from kubeade.api.errors import ApiError, NotFound
from kubeade.api.resource import Object, Resource, split_api_version
from kubeade.client.client import Client, decode_body


class UnknownResource(LookupError):
    """The server has no resource of that name."""


async def find_resource(client: Client, word: str) -> Resource:
    """The resource with this plural, singular, kind or short name, preferred versions first; `.GROUP`
    narrows it.

    Raises UnknownResource.
    """
    name, _, group = word.lower().partition(".")
    for api_version in await _api_versions(client, group):
        try:
            entries = await _resources(client, api_version)
        except ApiError:
            continue
        for entry in entries:
            if name in _names(entry):
                owner, version = split_api_version(api_version)
                return Resource(owner, version, entry["name"], entry["kind"], entry["namespaced"])
    raise UnknownResource(f'the server has no resource type "{word}"')


@dataclass(slots=True)
class Discovered:
    """Every resource of every group's preferred version, with its verbs; subresources left out.

    One group that does not answer (an aggregated one) does not hide the others: it is in `failures`.
    """

    resources: list[tuple[Resource, list[str]]] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    """What was said, by group and version."""


async def discover(client: Client) -> Discovered:
    found = Discovered()
    for api_version in await _api_versions(client, ""):
        group, version = split_api_version(api_version)
        try:
            entries = await _resources(client, api_version)
        except NotFound:
            continue  # it went away meanwhile
        except ApiError as error:
            found.failures[api_version] = error.message
            continue
        for entry in entries:
            resource = Resource(group, version, entry["name"], entry["kind"], entry["namespaced"])
            found.resources.append((resource, entry.get("verbs") or []))
    return found


async def _api_versions(client: Client, group: str) -> list[str]:
    groups = (await _read(client, "/apis")).get("groups") or []
    versions = [one["preferredVersion"]["groupVersion"] for one in groups if group in ("", one["name"])]
    return versions if group else ["v1", *versions]


async def _resources(client: Client, api_version: str) -> list[Object]:
    path = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
    listed = await _read(client, path)
    return [entry for entry in listed.get("resources") or [] if "/" not in entry["name"]]


def _names(entry: Object) -> set[str]:
    short = entry.get("shortNames") or []
    return {entry["name"], entry["kind"].lower(), entry.get("singularName") or entry["kind"].lower(), *short}


async def _read(client: Client, path: str) -> Object:
    return await decode_body(await client.raw("GET", path))
