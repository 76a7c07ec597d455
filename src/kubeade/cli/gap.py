"""`kubeade gap`: everything that is ordered and not delivered."""

import argparse

from kubeade.cli.connect import run_with_client
from kubeade.client.client import Client

HELP = "list everything that is ordered and not delivered"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-n", "--namespace", default="", help="only this namespace (default: all)")


def run(options: argparse.Namespace) -> int:
    return run_with_client(options.data, lambda client: _gap(client, options.namespace))


async def _gap(client: Client, namespace: str) -> int:
    from kubeade.courier.survey import survey

    gaps = await survey(client, namespace)
    for gap in gaps:
        print(gap)
    if not gaps:
        print("no gap: everything that was ordered is delivered")
    return 1 if gaps else 0
