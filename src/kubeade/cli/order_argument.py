"""`KIND/NAME` on the command line: which object is meant."""

import argparse

from kubeade.api.resource import Resource
from kubeade.cli.errors import CommandError
from kubeade.client.client import Client


def add_order_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("order", metavar="KIND/NAME", help="for example deployment/lemonade")
    parser.add_argument("-n", "--namespace", default="default", help="its namespace (default: %(default)s)")


async def resolve(client: Client, options: argparse.Namespace) -> tuple[Resource, str, str]:
    """(resource, name, namespace). Raises CommandError for a word that the server does not know."""
    from kubeade.client.discovery import UnknownResource, find_resource

    kind, _, name = options.order.partition("/")
    if not kind or not name:
        raise CommandError(f"{options.order!r} is not KIND/NAME (deployment/lemonade)", exit_code=2)
    try:
        resource = await find_resource(client, kind)
    except UnknownResource as error:
        raise CommandError(str(error), exit_code=2) from error
    return resource, name, options.namespace if resource.namespaced else ""
