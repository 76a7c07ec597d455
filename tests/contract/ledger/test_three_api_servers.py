"""Three API servers on one etcd are one cluster, and any one of them can be killed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from api_server_processes import ApiServerProcesses
from etcd_processes import ETCD, MISSING, EtcdCluster

from kubeade.api.errors import ApiError, Forbidden
from kubeade.api.resource import Object, Resource
from kubeade.api.resources import (
    CONFIG_MAPS,
    CUSTOM_RESOURCE_DEFINITIONS,
    ENDPOINT_SLICES,
    ENDPOINTS,
    RESOURCE_QUOTAS,
    SERVICE_ACCOUNTS,
    SERVICES,
)
from kubeade.client.client import Client, WatchEvent
from kubeade.lib.clock import SystemClock
from kubeade.reconcile.leader import LeaderElection, LeaseTerms

pytestmark = pytest.mark.skipif(ETCD is None, reason=MISSING)

RBAC = "rbac.authorization.k8s.io"
ROLES = Resource(RBAC, "v1", "roles", "Role")
ROLE_BINDINGS = Resource(RBAC, "v1", "rolebindings", "RoleBinding")
WEBHOOKS = Resource(
    "admissionregistration.k8s.io",
    "v1",
    "validatingwebhookconfigurations",
    "ValidatingWebhookConfiguration",
    namespaced=False,
)
LEMONS = Resource("shop.example", "v1", "lemons", "Lemon")
WATCHED = 20
_PACE_SECONDS = 0.01
"""Load, and still room on a small machine for a server that starts."""
Made = dict[str, str]
"""Revisions of acknowledged objects by name."""


@asynccontextmanager
async def three_servers(folder: Path) -> AsyncIterator[ApiServerProcesses]:
    etcd = EtcdCluster(folder)
    try:
        async with ApiServerProcesses(folder, etcd.servers[0], 3) as servers:
            yield servers
    finally:
        etcd.stop()


def thing(resource: Resource, name: str, **fields: Any) -> Object:
    metadata = {"name": name, "namespace": "default"} if resource.namespaced else {"name": name}
    metadata |= fields.pop("metadata", {})
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, **fields}


async def until(holds: Callable[[], Awaitable[bool]], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not await holds():
            await asyncio.sleep(0.02)


async def allowed(call: Awaitable[Any]) -> bool:
    try:
        await call
    except Forbidden:
        return False
    return True


async def test_what_one_server_is_told_holds_at_the_others(tmp_path: Path) -> None:
    async with three_servers(tmp_path) as servers:
        first, second, third = await servers.clients()
        await _lead_to_all(servers, first)
        await _tokens_and_rights(servers, first, second)
        await _custom_kinds(first, third)
        await _webhooks(third, first)
        await _quotas_and_addresses([first, second, third])


async def _lead_to_all(servers: ApiServerProcesses, client: Client) -> None:
    expected = [each.address for each in servers.all]

    async def led() -> bool:
        endpoints = await client.get(ENDPOINTS, "kubernetes", "default")
        slices = await client.get(ENDPOINT_SLICES, "kubernetes", "default")
        found = [each["ip"] for each in endpoints["subsets"][0]["addresses"]]
        return found == [each["addresses"][0] for each in slices["endpoints"]] == expected

    await until(led)


async def _tokens_and_rights(servers: ApiServerProcesses, first: Client, second: Client) -> None:
    await first.create(SERVICE_ACCOUNTS, thing(SERVICE_ACCOUNTS, "ann"), "default")
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    made = await first.create(SERVICE_ACCOUNTS, request, "default", name="ann", subresource="token")
    as_ann = await servers.clients(made["status"]["token"])
    for client in as_ann:
        with pytest.raises(Forbidden, match='system:serviceaccount:default:ann" cannot list'):
            await client.list(CONFIG_MAPS, "default")
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}]
    await second.create(ROLES, thing(ROLES, "reader", rules=rules), "default")
    bound = {
        "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "reader"},
        "subjects": [{"kind": "ServiceAccount", "name": "ann", "namespace": "default"}],
    }
    await second.create(ROLE_BINDINGS, thing(ROLE_BINDINGS, "ann", **bound), "default")
    for client in as_ann:
        await until(lambda client=client: allowed(client.list(CONFIG_MAPS, "default")))
    await first.delete(SERVICE_ACCOUNTS, "ann", namespace="default")
    for client in as_ann:

        async def refused(client: Client = client) -> bool:
            try:
                await client.list(CONFIG_MAPS, "default")
            except ApiError as error:
                return error.code == 401
            return False

        await until(refused)


async def _custom_kinds(maker: Client, user: Client) -> None:
    spec = {
        "group": LEMONS.group,
        "scope": "Namespaced",
        "names": {"plural": LEMONS.plural, "singular": "lemon", "kind": LEMONS.kind},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {"type": "object", "properties": {"ripe": {"type": "boolean"}}}
                },
            }
        ],
    }
    kind = CUSTOM_RESOURCE_DEFINITIONS
    await maker.create(kind, thing(kind, f"{LEMONS.plural}.{LEMONS.group}", spec=spec))

    async def established() -> bool:
        found = await maker.get(kind, f"{LEMONS.plural}.{LEMONS.group}")
        conditions = (found.get("status") or {}).get("conditions") or ()
        return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)

    await until(established)
    await user.create(LEMONS, thing(LEMONS, "yellow", ripe=True), "default")
    assert (await maker.get(LEMONS, "yellow", "default"))["ripe"] is True


async def _webhooks(maker: Client, other: Client) -> None:
    hook = {
        "name": "closed.shop.example",
        "clientConfig": {"url": "https://127.0.0.1:1/closed"},
        "rules": [
            {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
        ],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 1,
    }
    await maker.create(WEBHOOKS, thing(WEBHOOKS, "closed", webhooks=[hook]))
    with pytest.raises(ApiError, match=r'failed calling webhook "closed\.shop\.example"'):
        await other.create(CONFIG_MAPS, thing(CONFIG_MAPS, "refused"), "default")
    await maker.delete(WEBHOOKS, "closed")
    await other.create(CONFIG_MAPS, thing(CONFIG_MAPS, "let-in"), "default")


async def _quotas_and_addresses(clients: list[Client]) -> None:
    """All three are asked for the last places at once."""
    quota = thing(RESOURCE_QUOTAS, "few", spec={"hard": {"count/configmaps": "12", "services": "12"}})
    before = len((await clients[0].list(CONFIG_MAPS, "default")).items)
    quota["spec"]["hard"]["count/configmaps"] = str(before + 10)
    await clients[0].create(RESOURCE_QUOTAS, quota, "default")

    async def make(number: int) -> tuple[bool, bool]:
        client, name = clients[number % 3], f"wanted-{number}"
        service = {"type": "NodePort", "ports": [{"port": 80}]}
        return (
            await allowed(client.create(CONFIG_MAPS, thing(CONFIG_MAPS, name), "default")),
            await allowed(client.create(SERVICES, thing(SERVICES, name, spec=service), "default")),
        )

    answers = await asyncio.gather(*(make(number) for number in range(24)))
    services = (await clients[1].list(SERVICES, "default")).items
    maps = (await clients[2].list(CONFIG_MAPS, "default")).items
    assert len(maps) == before + 10
    assert sum(made for made, _ in answers) == 10
    assert len(services) == 12 == sum(made for _, made in answers) + 1  # and `kubernetes`
    assert len({each["spec"]["clusterIP"] for each in services}) == 12
    ports = [port["nodePort"] for each in services for port in each["spec"]["ports"] if "nodePort" in port]
    assert len(set(ports)) == len(ports) == 11


class Writer:
    """Creates one object after the other, at whichever server answers; a word that is missing is no word."""

    def __init__(self, clients: list[Client], number: int, made: Made) -> None:
        self._clients = clients
        self._number = number
        self._made = made
        self.refused: list[str] = []

    async def run(self) -> None:
        step, turn = 0, self._number
        while True:
            step += 1
            name = f"order-{self._number}-{step}"
            try:
                made = await self._clients[turn % 3].create(CONFIG_MAPS, thing(CONFIG_MAPS, name), "default")
                self._made[name] = made["metadata"]["resourceVersion"]
                await asyncio.sleep(_PACE_SECONDS)
            except (OSError, TimeoutError):
                turn += 1
                await asyncio.sleep(0.01)
            except ApiError as error:
                self.refused.append(str(error))


class Watcher:
    """Follows all orders by one server, from where it was when the server comes back."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.events: list[WatchEvent] = []
        self.breaks = 0

    async def run(self, revision: str) -> None:
        while True:
            with suppress(OSError):
                watch = self._client.watch(CONFIG_MAPS, "default", resource_version=revision, bookmarks=False)
                async with aclosing(watch) as events:  # type: ignore[type-var]
                    async for event in events:
                        self.events.append(event)
                        revision = event.object["metadata"]["resourceVersion"]
            self.breaks += 1
            await asyncio.sleep(0.02)

    def seen(self) -> list[tuple[str, str]]:
        found = [event.object["metadata"] for event in self.events]
        return [(each["name"], each["resourceVersion"]) for each in found]


async def test_each_of_three_servers_is_killed_under_load_and_comes_back(tmp_path: Path) -> None:
    async with three_servers(tmp_path) as servers:
        clients = await servers.clients()
        made: Made = {}
        start = (await clients[0].list(CONFIG_MAPS, "default")).resource_version
        watchers = [Watcher(client) for client in clients]
        writers = [Writer(clients, number, made) for number in range(6)]
        tasks = [asyncio.ensure_future(each.run(start)) for each in watchers]
        tasks += [asyncio.ensure_future(each.run()) for each in writers]
        leaders: list[str] = []
        tasks += [asyncio.ensure_future(_campaign(clients[number], leaders, number)) for number in (0, 1)]

        async def more(count: int) -> None:
            wanted = len(made) + count

            async def there() -> bool:
                return len(made) >= wanted

            await until(there, 30)

        async def led_by_another(than: str) -> bool:
            return bool(leaders) and leaders[-1] != than

        try:
            await until(lambda: led_by_another(""))
            await more(WATCHED)
            for number, server in enumerate(servers.all):
                breaks = [each.breaks for each in watchers]
                leader = leaders[-1]
                await server.kill()
                await more(WATCHED)
                if leader == str(number):
                    await until(lambda leader=leader: led_by_another(leader))
                assert [
                    each.breaks - before
                    for other, (each, before) in enumerate(zip(watchers, breaks, strict=True))
                    if other != number
                ] == [0, 0], "a survivor's watch goes on"
                await server.start()
                await more(WATCHED)
        finally:
            for task in tasks[3:]:
                task.cancel()
            await asyncio.gather(*tasks[3:], return_exceptions=True)
        await _nothing_is_lost(clients, watchers, made)
        for task in tasks:
            task.cancel()
        assert [each.refused for each in writers] == [[]] * len(writers)
        assert len(set(leaders)) == 2


async def _nothing_is_lost(clients: list[Client], watchers: list[Watcher], made: Made) -> None:
    lists = [await client.list(CONFIG_MAPS, "default") for client in clients]
    there = [
        {each["metadata"]["name"]: each["metadata"]["resourceVersion"] for each in found.items}
        for found in lists
    ]
    assert there[0] == there[1] == there[2]
    assert made.items() <= there[0].items()
    in_order = sorted(there[0].items(), key=lambda pair: int(pair[1]))
    for watcher in watchers:

        async def caught_up(watcher: Watcher = watcher) -> bool:
            return len(watcher.events) >= len(in_order)

        await until(caught_up)
        assert watcher.seen() == in_order


async def _campaign(client: Client, leaders: list[str], number: int) -> None:
    """A controller manager's election, by one server."""
    terms = LeaseTerms("managers", str(number), "default", 2, 1.5, 0.2)

    async def work() -> None:
        leaders.append(str(number))
        await asyncio.Event().wait()

    while True:
        with suppress(ApiError, OSError):
            await LeaderElection(client, SystemClock(), terms).run(work)
