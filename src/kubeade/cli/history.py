"""`kubeade history KIND/NAME`: each version that is kept, when, by whom, and what it changed; with `--events`
also what was reported about it, long after the API has forgotten that."""

import argparse

from kubeade.api.errors import NotFound
from kubeade.cli.connect import run_with_client
from kubeade.cli.errors import CommandError
from kubeade.cli.order_argument import add_order_arguments, resolve
from kubeade.client.client import Client

HELP = "show an object's versions: when, by whom, what changed"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_order_arguments(parser)
    parser.add_argument(
        "--at",
        default="",
        metavar="REVISION",
        help="up to that one, also where it was deleted and made anew since",
    )
    parser.add_argument(
        "--events", action="store_true", help="the Events about it instead, also those that have expired"
    )


def run(options: argparse.Namespace) -> int:
    if options.at and not options.at.isdigit():
        raise CommandError(f"--at {options.at} is not a revision", exit_code=2)
    return run_with_client(options.data, lambda client: _history(client, options))


async def _history(client: Client, options: argparse.Namespace) -> int:
    from kubeade.courier.past import NoSuchVersion, read_deleted, read_versions
    from kubeade.courier.versions import changes

    if options.events:
        return await _events(client, options)
    try:
        order = await resolve(client, options)
        try:
            versions = await read_versions(client, *order, at=int(options.at or 0))
        except NotFound:
            if options.at:
                raise
            versions = await read_deleted(client, *order)
            print(f"{options.order} is deleted now")
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


async def _events(client: Client, options: argparse.Namespace) -> int:
    from kubeade.api.parts import text
    from kubeade.courier.past import NoSuchVersion, read_events

    resource, name, namespace = await resolve(client, options)
    try:
        told = await read_events(client, resource.kind, name, namespace)
    except NoSuchVersion as error:
        raise CommandError(str(error)) from error
    for each in told:
        event = each.event
        when = text(event, "lastTimestamp") or text(event, "eventTime") or "no date"
        gone = "  (gone)" if each.gone else ""
        print(f"{when}  {text(event, 'type')}  {text(event, 'reason')}  {text(event, 'message')}{gone}")
    if not told:
        print(f"no events about {options.order} are kept")
    return 0
