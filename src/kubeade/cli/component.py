"""One component on its own, against any API server: what the commands named after components share."""

import argparse
import asyncio
import logging
import re
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from kubeade.cli.errors import CommandError
from kubeade.client.client import Client

Start = Callable[[Client], Awaitable[None]]


def add_kubeconfig(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--kubeconfig",
        metavar="FILE",
        default="",
        help="the API server to work for (default: this cluster's)",
    )


def kubeconfig_path(options: argparse.Namespace) -> Path:
    return Path(options.kubeconfig) if options.kubeconfig else Path(options.data.kubeconfig)


def add_leader_election(parser: argparse.ArgumentParser, name: str) -> None:
    """The flags of upstream's components, of which several copies may run and one works."""
    group = parser.add_argument_group("leader election")
    group.add_argument(
        "--leader-elect",
        nargs="?",
        const=True,
        default=True,
        type=truth,
        metavar="BOOL",
        help="work only while this copy holds the lease (default: true)",
    )
    group.add_argument("--leader-elect-resource-name", default=name, help="default: %(default)s")
    group.add_argument(
        "--leader-elect-resource-namespace", default="kube-system", help="default: %(default)s"
    )
    for flag, default in (("lease-duration", "15s"), ("renew-deadline", "10s"), ("retry-period", "2s")):
        group.add_argument(
            f"--leader-elect-{flag}", type=seconds, default=default, metavar="T", help="default: %(default)s"
        )


def truth(text: str) -> bool:
    """A boolean flag's value, as Go's flags read it."""
    if text.lower() in ("1", "t", "true"):
        return True
    if text.lower() in ("0", "f", "false"):
        return False
    raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")


def seconds(text: str) -> float:
    """A duration of upstream's form (1h30m, 15s, 500ms) in seconds."""
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|h|m|s)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration (15s, 1m30s)")
    return sum(float(number) * _UNIT_SECONDS[unit] for number, unit in parts)


_UNIT_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def run_component(options: argparse.Namespace, name: str, start: Start) -> int:
    """Run `start` with a client of the kubeconfig until SIGTERM or SIGINT. Raises CommandError."""
    from kubeade.client import kubeconfig
    from kubeade.cluster.event_loop import runner

    work = _elected(options, start) if getattr(options, "leader_elect", False) else start

    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname).1s %(name)s: %(message)s", stream=sys.stderr
    )
    try:
        credentials = kubeconfig.load(kubeconfig_path(options))
    except kubeconfig.KubeconfigError as error:
        raise CommandError(str(error)) from error
    runner()(_until_told(kubeconfig_path(options), credentials, name, work))
    return 0


def _elected(options: argparse.Namespace, start: Start) -> Start:
    """`start`, done only by whichever copy holds the lease."""
    from kubeade.lib.clock import SystemClock
    from kubeade.lib.ids import Ids
    from kubeade.reconcile.leader import LeaderElection, LeaseTerms

    if options.leader_elect_renew_deadline >= options.leader_elect_lease_duration:
        raise CommandError(
            "--leader-elect-renew-deadline must be shorter than --leader-elect-lease-duration", exit_code=2
        )
    terms = LeaseTerms(
        options.leader_elect_resource_name,
        f"{socket.gethostname()}_{Ids().uid()}",
        options.leader_elect_resource_namespace,
        int(options.leader_elect_lease_duration),
        options.leader_elect_renew_deadline,
        options.leader_elect_retry_period,
    )
    return lambda client: LeaderElection(client, SystemClock(), terms).run(lambda: start(client))


async def _until_told(path: Path, credentials: object, name: str, start: Start) -> None:
    from kubeade.client.kubeconfig import Credentials
    from kubeade.client.socket import SocketTransport
    from kubeade.cluster.renewed_kubeconfig import follow_kubeconfig
    from kubeade.cluster.supervise import supervise

    assert isinstance(credentials, Credentials)
    async with SocketTransport(credentials) as transport:
        client = Client(transport, user_agent=f"kubeade-{name}")
        task = asyncio.ensure_future(supervise(name, lambda: start(client)))
        following = asyncio.ensure_future(follow_kubeconfig(path, transport))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, task.cancel)
        print(f"{name} works for {credentials.server}", file=sys.stderr, flush=True)
        with suppress(asyncio.CancelledError):
            await task
        following.cancel()
