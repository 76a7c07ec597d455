"""`kubeade scheduler`: the scheduler on its own."""

import argparse

from kubeade.cli.component import add_kubeconfig, add_leader_election, run_component

HELP = "run the scheduler alone, against any API server"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_kubeconfig(parser)
    add_leader_election(parser, "kube-scheduler")
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
