"""`kubeade track KIND/NAME`: follow a delivery live, until it is delivered or blocked."""

import argparse
import asyncio

from kubeade.cli.connect import run_with_client
from kubeade.cli.order_argument import add_order_arguments, resolve
from kubeade.cli.terminal import Progress
from kubeade.client.client import Client
from kubeade.cluster.progress import Step
from kubeade.courier.facts import Facts
from kubeade.courier.verdict import State, Verdict

HELP = "follow a delivery live, until it is delivered or blocked"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_order_arguments(parser)


def run(options: argparse.Namespace) -> int:
    return run_with_client(options.data, lambda client: _track(client, options))


async def _track(client: Client, options: argparse.Namespace) -> int:
    from kubeade.api.resources import ENDPOINT_SLICES, EVENTS, PODS, REPLICA_SETS
    from kubeade.courier.track import track

    resource, name, namespace = await resolve(client, options)
    watched = (resource, PODS, EVENTS, REPLICA_SETS, ENDPOINT_SLICES)
    started = asyncio.get_running_loop().time()
    progress = Progress(f"delivering {options.order}")
    last, verdict = "", None
    try:
        async for facts, verdict in track(client, resource, name, namespace, watched):
            line = describe(facts, verdict)
            if line != last:
                progress.show(Step("step", line, asyncio.get_running_loop().time() - started))
            last = line
    finally:
        progress.close()
    if verdict is not None and verdict.state is State.BLOCKED:
        from kubeade.cli.why import render

        print(render(verdict))
        return 1
    return 0


def describe(facts: Facts, verdict: Verdict) -> str:
    """One line: how much is delivered, and what is in the way."""
    from kubeade.courier.gap import measure_of

    ordered, delivered, unit = measure_of(facts.root) or (0, 0, "")
    amount = f"{delivered} of {ordered} {unit}" if ordered else ""
    if verdict.finding is None:
        return ", ".join(one for one in (verdict.state.value, amount) if one)
    return ", ".join(one for one in (amount, f"{verdict.finding.at}: {verdict.finding.reason}") if one)
