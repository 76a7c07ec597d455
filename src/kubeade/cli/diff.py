"""`kubeade diff KIND/NAME --from A --to B`: what became different between two moments of an object."""

import argparse
from typing import TYPE_CHECKING

from kubeade.cli.connect import run_with_client
from kubeade.cli.errors import CommandError
from kubeade.cli.order_argument import add_order_arguments, resolve
from kubeade.client.client import Client

if TYPE_CHECKING:
    from kubeade.courier.versions import Version

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
    titles = [f"{options.order} at revision {each.revision} ({each.when})" for each in (old, new)]
    lines = unified_diff(_page(old), _page(new), titles[0], titles[1], lineterm="")
    print("\n".join(lines))
    return 0


def _page(version: "Version") -> list[str]:
    """As YAML, without the bookkeeping of field owners."""
    import yaml

    metadata = {**version.object["metadata"]}
    metadata.pop("managedFields", None)
    return yaml.safe_dump({**version.object, "metadata": metadata}, sort_keys=False).splitlines()
