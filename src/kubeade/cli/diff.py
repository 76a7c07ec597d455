"""`kubeade diff KIND/NAME --from A --to B`: what became different between two moments of an object."""

import argparse

from kubeade.cli.connect import run_with_client
from kubeade.cli.errors import CommandError
from kubeade.cli.order_argument import add_order_arguments, resolve
from kubeade.client.client import Client

HELP = "show the difference between an object at two times or revisions"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_order_arguments(parser)
    parser.add_argument("--from", dest="start", required=True, metavar="TIME|REVISION", help="the older one")
    parser.add_argument(
        "--to", dest="end", default="", metavar="TIME|REVISION", help="the newer one (default: now)"
    )


def run(options: argparse.Namespace) -> int:
    return run_with_client(options.data, lambda client: _diff(client, options))


async def _diff(client: Client, options: argparse.Namespace) -> int:
    from difflib import unified_diff

    import yaml

    from kubeade.courier.past import NoSuchVersion, find_version, read_versions

    named = await resolve(client, options)
    try:
        old = await find_version(client, *named, options.start)
        if options.end:
            new = await find_version(client, *named, options.end)
        else:
            new = (await read_versions(client, *named, count=1))[0]
    except NoSuchVersion as error:
        raise CommandError(str(error)) from error
    pages = []
    for version in (old, new):
        version.object["metadata"].pop("managedFields", None)
        pages.append(yaml.safe_dump(version.object, sort_keys=False).splitlines())
    titles = [f"{options.order} at revision {each.revision} ({each.when})" for each in (old, new)]
    print("\n".join(unified_diff(*pages, *titles, lineterm="")))
    return 0
