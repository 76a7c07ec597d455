"""The argument that says which Kubernetes to be."""

import argparse

from kubeade.cli.errors import CommandError
from kubeade.cluster.settings import KUBERNETES_VERSION


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--kubernetes-version",
        default=KUBERNETES_VERSION,
        metavar="V",
        help="the version to be: its kinds, their versions and fields (default: %(default)s)",
    )


def read(options: argparse.Namespace) -> str:
    """`1.37`, of 1.37, v1.37 or v1.37.2. Raises CommandError (2)."""
    from kubeade.api.schema import VERSIONS

    given: str = options.kubernetes_version
    found = ".".join(given.removeprefix("v").split(".")[:2])
    if found not in VERSIONS:
        raise CommandError(
            f"--kubernetes-version {given} is not supported: use one of {', '.join(VERSIONS)}", exit_code=2
        )
    return found
