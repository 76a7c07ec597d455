"""`kubeade status`: does the cluster run, and how are its parts?"""

import argparse
from typing import TYPE_CHECKING

from kubeade.cli.connect import run_with_client
from kubeade.cli.fork import line as fork_line
from kubeade.client.client import Client

if TYPE_CHECKING:
    from kubeade.cluster.layout import DataDirectory

HELP = "show whether the cluster runs, its node and its pods"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    del parser


def run(options: argparse.Namespace) -> int:
    from kubeade.cluster import daemon, forking

    process = daemon.recorded(options.data.process)
    if process is None:
        state = "stopped" if options.data.settings.exists() else "no cluster"
        print(f"{state}  {options.data.root}")
        tell_expiring(options.data)
        return 1
    print(f"running  process {process.pid}  {options.data.root}", flush=True)
    for fork in forking.forks(options.data):
        print(fork_line(fork))
    tell_expiring(options.data)
    return run_with_client(options.data, _report)


def tell_expiring(data: "DataDirectory") -> None:
    """Which certificates will be in the way soon."""
    from kubeade.cluster.expiry import expiring
    from kubeade.lib.clock import SystemClock

    now = SystemClock().now()
    for each in expiring(data, now):
        print(each.told(now))


async def _report(client: Client) -> int:
    from kubeade.api.resources import NODES, PODS
    from kubeade.courier.facts import condition

    for node in (await client.list(NODES)).items:
        ready = condition(node, "Ready").get("status") == "True"
        print(f"node {node['metadata']['name']}  {'Ready' if ready else 'NotReady'}")
    phases = [pod.get("status", {}).get("phase", "Unknown") for pod in (await client.list(PODS)).items]
    print("  ".join([f"pods {len(phases)}", *(f"{p} {phases.count(p)}" for p in sorted(set(phases)))]))
    return 0
