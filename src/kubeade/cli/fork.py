"""`kubeade fork`: a second running cluster from the state of this one."""

import argparse
from functools import partial
from typing import TYPE_CHECKING

from kubeade.cli import access
from kubeade.cli.errors import CommandError
from kubeade.cli.starting import start

if TYPE_CHECKING:
    from kubeade.cluster.forking import Fork

HELP = "start a second cluster from the state of this one, with simulated pods; 'ls' lists them"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME|ls", help="the fork's name; it lives in DIR/forks/NAME")
    parser.add_argument(
        "--port", type=int, default=0, metavar="P", help="its API's port (default: a free one)"
    )
    access.add_arguments(parser)


def run(options: argparse.Namespace) -> int:
    return _list(options) if options.name == "ls" else _fork(options)


def _fork(options: argparse.Namespace) -> int:
    from kubeade.cluster import all_in_one, forking
    from kubeade.cluster.settings import Order

    if not 0 <= options.port <= 65535:
        raise CommandError(f"--port {options.port} is not a port (1-65535)", exit_code=2)
    try:
        data = forking.make(options.data, options.name, options.port)
    except forking.ForkRefused as error:
        raise CommandError(str(error)) from error
    started = argparse.Namespace(data=data, detach=True)
    run_fork = partial(all_in_one.run, data, Order(access=access.read(options)))
    return start(started, f"the fork {options.name}", run_fork, ready=f"export KUBECONFIG={data.kubeconfig}")


def _list(options: argparse.Namespace) -> int:
    from kubeade.cluster import forking

    for fork in forking.forks(options.data):
        print(line(fork))
    return 0


def line(fork: "Fork") -> str:
    """One fork for a listing."""
    return f"fork {fork.name}  {f'running {fork.server}' if fork.running else 'stopped'}  {fork.data.root}"
