"""What is wrong with a cron schedule, in the words of the parser that upstream uses (robfig/cron v3).

Five fields - minute, hour, day of month, month, day of week - or a descriptor such as `@hourly`.
"""

import re
from dataclasses import dataclass, field

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_DESCRIPTORS = {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}
_DURATION = re.compile(
    r"[-+]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))*"
)


@dataclass(frozen=True, slots=True)
class _Bounds:
    low: int
    high: int
    names: dict[str, int] = field(default_factory=dict)


_FIELDS = (
    _Bounds(0, 59),
    _Bounds(0, 23),
    _Bounds(1, 31),
    _Bounds(1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    _Bounds(0, 6, {name: number for number, name in enumerate(_DAYS)}),
)


class _BadScheduleError(Exception):
    """Why a schedule cannot be read."""


def schedule_problem(schedule: str) -> str:
    """Why the schedule cannot be read; empty when it can."""
    try:
        _check(schedule)
    except _BadScheduleError as problem:
        return str(problem)
    return ""


def _check(schedule: str) -> None:
    if schedule.startswith(("TZ=", "CRON_TZ=")):
        _, _, schedule = schedule.partition(" ")
        schedule = schedule.strip()
    if not schedule:
        raise _BadScheduleError("empty spec string")
    if schedule.startswith("@"):
        _check_descriptor(schedule)
        return
    fields = schedule.split()
    if len(fields) != len(_FIELDS):
        raise _BadScheduleError(f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]")
    for text, bounds in zip(fields, _FIELDS, strict=True):
        for expression in filter(None, text.split(",")):
            _check_range(expression, bounds)


def _check_descriptor(descriptor: str) -> None:
    every = "@every "
    if descriptor.startswith(every):
        duration = descriptor[len(every) :]
        if not _DURATION.fullmatch(duration):
            why = f'time: invalid duration "{duration}"'
            raise _BadScheduleError(f"failed to parse duration {descriptor}: {why}")
    elif descriptor not in _DESCRIPTORS:
        raise _BadScheduleError(f"unrecognized descriptor: {descriptor}")


def _check_range(expression: str, bounds: _Bounds) -> None:
    span, *steps = expression.split("/")
    ends = span.split("-")
    if len(steps) > 1:
        raise _BadScheduleError(f"too many slashes: {expression}")
    if ends[0] in ("*", "?"):
        low, high = bounds.low, bounds.high
    elif len(ends) > 2:
        raise _BadScheduleError(f"too many hyphens: {expression}")
    else:
        low = _number(ends[0], bounds)
        high = _number(ends[1], bounds) if len(ends) == 2 else (bounds.high if steps else low)
    step = _number(steps[0], _Bounds(0, 0)) if steps else 1
    if low < bounds.low:
        raise _BadScheduleError(f"beginning of range ({low}) below minimum ({bounds.low}): {expression}")
    if high > bounds.high:
        raise _BadScheduleError(f"end of range ({high}) above maximum ({bounds.high}): {expression}")
    if low > high:
        raise _BadScheduleError(f"beginning of range ({low}) beyond end of range ({high}): {expression}")
    if step == 0:
        raise _BadScheduleError(f"step of range should be a positive number: {expression}")


def _number(text: str, bounds: _Bounds) -> int:
    named = bounds.names.get(text.lower())
    if named is not None:
        return named
    if not re.fullmatch("[-+]?[0-9]+", text):
        why = f'strconv.Atoi: parsing "{text}": invalid syntax'
        raise _BadScheduleError(f"failed to parse int from {text}: {why}")
    if int(text) < 0:
        raise _BadScheduleError(f"negative number ({int(text)}) not allowed: {text}")
    return int(text)
