"""`kubeade history KIND/NAME`: each version that is kept, when, by whom, and what it changed."""

import argparse

from kubeade.cli.connect import run_with_client
from kubeade.cli.errors import CommandError
from kubeade.cli.order_argument import add_order_arguments, resolve
from kubeade.client.client import Client

HELP = "show an object's versions: when, by whom, what changed"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_order_arguments(parser)
    parser.add_argument(
        "--at", default="", metavar="REVISION", help="up to that one; also finds what was deleted later"
    )


def run(options: argparse.Namespace) -> int:
    if options.at and not options.at.isdigit():
        raise CommandError(f"--at {options.at} is not a revision", exit_code=2)
    return run_with_client(options.data, lambda client: _history(client, options))


async def _history(client: Client, options: argparse.Namespace) -> int:
    from kubeade.courier.past import NoSuchVersion, read_versions
    from kubeade.courier.versions import changes

    try:
        versions = await read_versions(client, *await resolve(client, options), at=int(options.at or 0))
    except NoSuchVersion as error:
        raise CommandError(str(error)) from error
    for version, before in zip(versions, [*versions[1:], None], strict=True):
        print(f"revision {version.revision}  {version.when or 'no date'}  by {version.author or 'unknown'}")
        if before is None:
            print("    the oldest version that is kept")
            continue
        for line in changes(before.object, version.object):
            print(f"    {line}")
    return 0
