"""`kubeade token create|list|delete`: who may join the cluster, with kubeadm's words."""

import argparse
import re
from datetime import timedelta

from kubeade.cli.component import seconds
from kubeade.cli.connect import run_with_client
from kubeade.cli.errors import CommandError
from kubeade.client.client import Client

HELP = "let machines join the cluster: create, list or delete bootstrap tokens"
_TOKEN = re.compile(r"[a-z0-9]{6}\.[a-z0-9]{16}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=["create", "list", "delete"])
    parser.add_argument("token", nargs="?", default="", metavar="TOKEN", help="a token, or its first part")
    parser.add_argument(
        "--ttl", type=seconds, default="24h", metavar="T", help="0s: without end (default: 24h)"
    )
    parser.add_argument("--description", default="", metavar="TEXT")
    parser.add_argument(
        "--print-join-command", action="store_true", help="print what to type on the other machine"
    )


def run(options: argparse.Namespace) -> int:
    if options.action == "create" and options.token and not _TOKEN.fullmatch(options.token):
        raise CommandError(f"{options.token!r} is not a token (abcdef.0123456789abcdef)", exit_code=2)
    if options.action == "delete" and not options.token:
        raise CommandError("token delete needs to know which token", exit_code=2)
    return run_with_client(options.data, lambda client: _act(client, options))


async def _act(client: Client, options: argparse.Namespace) -> int:
    from kubeade.cluster import invitations

    if options.action == "create":
        return await _create(client, options)
    if options.action == "delete":
        await invitations.withdraw(client, options.token.partition(".")[0])
        return 0
    for token in await invitations.tokens(client):
        print(f"{token.id}\t{token.expires or 'without end'}\t{token.description or '-'}")
    return 0


async def _create(client: Client, options: argparse.Namespace) -> int:
    from kubeade.client import kubeconfig
    from kubeade.cluster import invitations, settings
    from kubeade.cluster.joining import hash_of
    from kubeade.lib.clock import SystemClock

    admin = kubeconfig.load(options.data.kubeconfig)
    server = settings.advertised(options.data.settings) or admin.server
    token = options.token or invitations.new_token()
    lifetime = timedelta(seconds=options.ttl) if options.ttl else None
    await invitations.open_door(client, server, admin.ca_pem)
    await invitations.invite(client, SystemClock(), token, lifetime, options.description)
    if options.print_join_command:
        address = server.removeprefix("https://")
        print(
            f"kubeade join {address} --token {token} --discovery-token-ca-cert-hash {hash_of(admin.ca_pem)}"
        )
    else:
        print(token)
    return 0
