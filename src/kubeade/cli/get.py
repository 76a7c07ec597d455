"""`kubeade get KIND/NAME --at TIME|REVISION`: an object as it was."""

import argparse

from kubeade.cli.connect import run_with_client
from kubeade.cli.errors import CommandError
from kubeade.cli.order_argument import add_order_arguments, resolve
from kubeade.client.client import Client

HELP = "print an object as it was at a time or revision"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_order_arguments(parser)
    parser.add_argument(
        "--at", default="", metavar="TIME|REVISION", help="2026-01-31T12:00:00Z or a revision (default: now)"
    )
    parser.add_argument("-o", "--output", choices=["yaml", "json"], default="yaml")


def run(options: argparse.Namespace) -> int:
    return run_with_client(options.data, lambda client: _get(client, options))


async def _get(client: Client, options: argparse.Namespace) -> int:
    import msgspec
    import yaml

    from kubeade.courier.past import NoSuchVersion, find_version

    resource, name, namespace = await resolve(client, options)
    if not options.at:
        found = await client.get(resource, name, namespace)
    else:
        try:
            found = (await find_version(client, resource, name, namespace, options.at)).object
        except NoSuchVersion as error:
            raise CommandError(str(error)) from error
    if options.output == "json":
        print(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        print(yaml.safe_dump(found, sort_keys=False), end="")
    return 0
