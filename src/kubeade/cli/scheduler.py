"""`kubeade scheduler`: the scheduler on its own."""

import argparse

from kubeade.cli.component import add_kubeconfig, run_component

HELP = "run the scheduler alone, against any API server"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_kubeconfig(parser)
    parser.add_argument(
        "--scheduler-name", default="default-scheduler", help="whose pods (default: %(default)s)"
    )


def run(options: argparse.Namespace) -> int:
    from kubeade.lib.clock import SystemClock
    from kubeade.scheduler.scheduler import Scheduler

    return run_component(
        options,
        "scheduler",
        lambda client: Scheduler(client, SystemClock(), name=options.scheduler_name).run(),
    )
