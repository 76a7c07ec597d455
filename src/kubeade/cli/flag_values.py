"""Values of flags as upstream's commands read them."""

import argparse
import re
from pathlib import Path

from kubeade.cli.errors import CommandError

_DURATION = re.compile(r"(?:(?P<h>[\d.]+)h)?(?:(?P<m>[\d.]+)m)?(?:(?P<s>[\d.]+)s)?(?:(?P<ms>[\d.]+)ms)?")
_UNITS = (("h", 3600), ("m", 60), ("s", 1), ("ms", 0.001))


def seconds(options: argparse.Namespace, name: str) -> float:
    """A duration as Go writes it: 2m0s. Raises CommandError (2)."""
    text: str = getattr(options, name)
    match = _DURATION.fullmatch(text)
    if match is None or not text:
        raise CommandError(f"--{name.replace('_', '-')} {text} is not a duration such as 2m0s", exit_code=2)
    return sum(float(match[unit] or 0) * factor for unit, factor in _UNITS)


def absolute(file: str) -> str:
    """A detached process works in another directory."""
    return str(Path(file).absolute()) if file else ""
