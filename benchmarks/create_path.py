"""What each step of one Pod's creation costs, in microseconds of one core: the pure rules alone, then the whole
request in process (without a socket; the ledger writes to disk). The least of many runs: machines are noisy.

    python benchmarks/create_path.py
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable
from itertools import islice
from pathlib import Path

import msgspec
from run import config_map, pod

from kubeade.api.apply.field_manager import FieldManager
from kubeade.api.apply.field_set import of_paths
from kubeade.api.catalogue import Catalogue
from kubeade.api.decoding import Decoder, field_duplicates
from kubeade.api.decoding.json_text import read_json
from kubeade.api.defaults import apply_defaults
from kubeade.api.resource import Object
from kubeade.api.schema import Schema
from kubeade.api.strategy import prepare_for_create
from kubeade.api.validation import ValidationOptions, validate_create, warnings
from kubeade.apiserver.admission.build import build_admission
from kubeade.apiserver.authorization.authorizer import build_authorizer
from kubeade.apiserver.encoding import encode_object
from kubeade.apiserver.seams import User
from kubeade.apiserver.server import ApiServer, ApiServerConfig
from kubeade.apiserver.storage import Storage
from kubeade.lib.clock import SystemClock
from kubeade.lib.http.message import Request
from kubeade.lib.ids import Ids
from kubeade.store.sqlite import SqliteLedger

ROUNDS, RUNS = 30, 50
REQUESTS, AT_ONCE = 160, 16
TIME = "2026-01-01T00:00:00Z"
ADMIN = User("admin", "", ("system:masters", "system:authenticated"))


def least_us(step: Callable[[], object]) -> float:
    """Microseconds of one call, in the best of the rounds."""
    step()
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(RUNS):
            step()
        best = min(best, time.perf_counter() - began)
    return best / RUNS * 1e6


def show(what: str, microseconds: float) -> None:
    print(f"{microseconds:8.1f}  {what}")


def measure_rules() -> None:
    """The rules of `api`, each on what the one before leaves."""
    catalogue, schema, body = Catalogue.built_in(), Schema.load(), pod(1)
    kind = catalogue.find("", "v1", "pods")
    assert kind is not None
    decoder, resource = Decoder(schema), kind.resource
    copy_us = least_us(lambda: msgspec.json.decode(body))
    sent: Object = read_json(body)
    show("read JSON", least_us(lambda: read_json(body)))
    show("find duplicates", least_us(lambda: field_duplicates(body, sent)))
    show("check fields", least_us(lambda: decoder.decode(resource, sent)))
    show("defaults", least_us(lambda: apply_defaults(resource, msgspec.json.decode(body))) - copy_us)
    apply_defaults(resource, sent)
    sent["metadata"].update({"namespace": "default", "uid": "u", "creationTimestamp": TIME})
    whole = msgspec.json.encode(sent)
    copy_us = least_us(lambda: msgspec.json.decode(whole))
    prepared = lambda: prepare_for_create(kind, msgspec.json.decode(whole), TIME)  # noqa: E731
    show("strategy", least_us(prepared) - copy_us)
    prepare_for_create(kind, sent, TIME)
    show("validation", least_us(lambda: validate_create(resource, sent)))
    show("warnings", least_us(lambda: warnings(resource, sent)))
    manager = FieldManager(schema.node(resource), "v1", "Pod", "", of_paths(("status",)))
    show("managedFields", least_us(lambda: manager.update(None, sent, "benchmark", TIME)))
    owned = manager.update(None, sent, "benchmark", TIME)
    show("encode", least_us(lambda: encode_object(owned)))


class Nobody:
    """Is not asked: the requests below say who they are from."""

    async def authenticate(self, request: Request) -> User | None:
        return None


async def served(directory: Path) -> tuple[ApiServer, SqliteLedger]:
    ledger = await SqliteLedger.open(directory / "ledger")
    storage, clock, ids = Storage.on(ledger), SystemClock(), Ids()
    authorization = build_authorizer(storage)
    server = ApiServer(
        ApiServerConfig(validation=ValidationOptions()),
        storage,
        clock,
        ids,
        Nobody(),
        authorization.authorizer,
        build_admission(storage, authorization, ids, clock).chain,
    )
    await server.start()
    return server, ledger


async def measure_requests() -> None:
    """Whole requests, several under way, by CPU time of the process."""
    with tempfile.TemporaryDirectory() as directory:
        server, ledger = await served(Path(directory))

        async def post(path: str, body: bytes) -> None:
            headers = {"content-type": "application/json"}
            response = await server.handle(Request("POST", path, "", headers, body, path, identity=ADMIN))
            if response.status != 201:
                sys.exit(f"{response.status}: {response.body!r}")

        await post("/api/v1/namespaces", b'{"metadata":{"name":"default"}}')
        await post("/api/v1/namespaces/default/serviceaccounts", b'{"metadata":{"name":"default"}}')
        for plural, body in (("configmaps", config_map), ("pods", pod)):
            path = f"/api/v1/namespaces/default/{plural}"
            bodies = [body(n) for n in range(ROUNDS * REQUESTS)]
            loop_us, process_us = await cpu_us(lambda n: post(path, bodies[n]))  # noqa: B023
            show(f"create one of {plural}: the event loop", loop_us)
            show(f"create one of {plural}: all threads", process_us)
        await server.stop()
        await ledger.close()


async def cpu_us(ask: Callable[[int], Awaitable[None]]) -> tuple[float, float]:
    """Microseconds of the event loop's thread, and of the whole process, in the best of the rounds."""
    numbers, best = iter(range(ROUNDS * REQUESTS)), (float("inf"), float("inf"))
    for _ in range(ROUNDS):
        began = time.thread_time(), time.process_time()
        await asyncio.gather(*(work(ask, islice(numbers, REQUESTS // AT_ONCE)) for _ in range(AT_ONCE)))
        best = min(best[0], time.thread_time() - began[0]), min(best[1], time.process_time() - began[1])
    return best[0] / REQUESTS * 1e6, best[1] / REQUESTS * 1e6


async def work(ask: Callable[[int], Awaitable[None]], numbers: Iterable[int]) -> None:
    for number in numbers:
        await ask(number)


if __name__ == "__main__":
    measure_rules()
    asyncio.run(measure_requests())
