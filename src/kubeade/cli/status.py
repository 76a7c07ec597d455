"""`kubeade status`: does the cluster run, and how are its parts?"""

import argparse
import asyncio

from kubeade.cli.errors import CommandError

HELP = "show whether the cluster runs, its node and its pods"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    del parser


def run(options: argparse.Namespace) -> int:
    from kubeade.cluster import daemon

    process = daemon.recorded(options.data.process)
    if process is None:
        state = "stopped" if options.data.settings.exists() else "no cluster"
        print(f"{state}  {options.data.root}")
        return 1
    print(f"running  process {process.pid}  {options.data.root}")
    return asyncio.run(_report(options))


async def _report(options: argparse.Namespace) -> int:
    from kubeade.api.errors import ApiError
    from kubeade.api.resources import NODES, PODS
    from kubeade.cli.connect import connect

    async with connect(options.data) as client:
        try:
            nodes, pods = await client.list(NODES), await client.list(PODS)
        except (ApiError, OSError) as error:
            raise CommandError(f"the API does not answer: {error}") from error
    for node in nodes.items:
        conditions = node.get("status", {}).get("conditions", [])
        ready = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
        print(f"node {node['metadata']['name']}  {'Ready' if ready else 'NotReady'}")
    phases = [pod.get("status", {}).get("phase", "Unknown") for pod in pods.items]
    print(f"pods {len(phases)}  " + "  ".join(f"{p} {phases.count(p)}" for p in sorted(set(phases))))
    return 0
