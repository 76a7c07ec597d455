"""`kubeade receipt KIND/NAME`: what was ordered, what was delivered, by whom and when."""

import argparse
from collections.abc import Iterator

from kubeade.cli.connect import run_with_client
from kubeade.cli.order_argument import add_order_arguments, resolve
from kubeade.client.client import Client
from kubeade.courier.receipt import Receipt

HELP = "print what was ordered and what was delivered, by whom and when"
RULE = "-" * 72


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_order_arguments(parser)
    parser.add_argument("-o", "--output", choices=["text", "json"], default="text")


def run(options: argparse.Namespace) -> int:
    return run_with_client(options.data, lambda client: _receipt(client, options))


async def _receipt(client: Client, options: argparse.Namespace) -> int:
    import msgspec

    from kubeade.courier.gather import gather
    from kubeade.courier.receipt import receipt_of

    receipt = receipt_of(await gather(client, *await resolve(client, options)))
    if options.output == "json":
        print(msgspec.json.format(msgspec.json.encode(receipt)).decode())
    else:
        print("\n".join(render(receipt)))
    return 1 if receipt.gap else 0


def render(receipt: Receipt) -> Iterator[str]:
    """The receipt as a slip of paper."""
    name = f"{receipt.namespace}/{receipt.name}" if receipt.namespace else receipt.name
    yield RULE
    yield f"RECEIPT     {receipt.kind} {name}"
    yield f"order no.   {receipt.uid}, revision {receipt.revision}"
    yield f"ordered by  {receipt.ordered_by or 'not recorded by this API server'}"
    yield RULE
    for line in receipt.lines:
        yield f"{receipt.ordered:>4} x      {line.image} ({line.container})"
        yield from (f"            {digest}" for digest in line.digests)
    if receipt.ordered:
        yield f"ordered     {receipt.ordered} {receipt.unit}"
        yield f"delivered   {receipt.delivered} {receipt.unit}"
        yield RULE
    yield f"accepted    {receipt.accepted}"
    if receipt.lines:
        yield f"scheduled   {receipt.scheduled or '-'}"
        yield f"made        {receipt.made or '-'}"
        yield f"ready       {receipt.ready or '-'}"
    at = f"  at {', '.join(receipt.reachable_at)}" if receipt.reachable else ""
    yield f"reachable   {receipt.reachable or '-'}{at}"
    yield RULE
    yield f"gap         {receipt.gap or 'none'}"
