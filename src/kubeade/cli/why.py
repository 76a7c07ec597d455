"""`kubeade why KIND/NAME`: the first thing in the way of an order, with evidence and what to do."""

import argparse

from kubeade.cli.connect import run_with_client
from kubeade.cli.order_argument import add_order_arguments, resolve
from kubeade.cli.status import tell_expiring
from kubeade.client.client import Client
from kubeade.courier.verdict import Finding, State, Verdict

HELP = "say why what was ordered is not delivered"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_order_arguments(parser)


def run(options: argparse.Namespace) -> int:
    status = run_with_client(options.data, lambda client: _why(client, options))
    tell_expiring(options.data)
    return status


async def _why(client: Client, options: argparse.Namespace) -> int:
    from kubeade.courier.gather import gather
    from kubeade.courier.why import why

    verdict = why(await gather(client, *await resolve(client, options)))
    print(render(verdict))
    return 1 if verdict.state is State.BLOCKED else 0


def render(verdict: Verdict) -> str:
    """The path, one step a line; then the finding."""
    lines = [f"{'  ' * depth}{step}" for depth, step in enumerate(verdict.path)]
    lines.append(verdict.state.value + (f": {verdict.finding.reason}" if verdict.finding else ""))
    return "\n".join([*lines, *(_details(verdict.finding) if verdict.finding else [])])


def _details(finding: Finding) -> list[str]:
    lines = [f"  at    {finding.at}"]
    lines += [f"  seen  {one}" for one in finding.evidence]
    return [*lines, f"  do    {finding.advice}"] if finding.advice else lines
