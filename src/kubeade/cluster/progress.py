"""What a start or a stop reports while it goes on: steps as values, shown by whoever runs it.

A step goes through a pipe from the detached process to the command that waits for it, one JSON object a line.
"""

from collections.abc import Callable

import msgspec


class Step(msgspec.Struct, omit_defaults=True):
    """`kind` is step (something is done), serving (the API answers), note (worth knowing), ready (all is up)
    or failed (it ends here)."""

    kind: str
    text: str
    seconds: float = 0.0


Report = Callable[[Step], None]


def encode(step: Step) -> bytes:
    return msgspec.json.encode(step) + b"\n"


def decode(line: bytes) -> Step:
    return msgspec.json.decode(line, type=Step)
