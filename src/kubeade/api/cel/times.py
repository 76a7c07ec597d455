"""Parts of points in time and of durations: `t.getHours("Europe/Berlin")` (cel-go: timestamp.go)."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kubeade.api.cel.overload import Overload, method
from kubeade.api.cel.timestamps import moment_of
from kubeade.api.cel.values import Duration, Timestamp

_OFFSET = re.compile(r"([+-]?\d+):([+-]?\d+)", re.ASCII)
_PARTS: dict[str, Callable[[datetime], int]] = {
    "getFullYear": lambda moment: moment.year,
    "getMonth": lambda moment: moment.month - 1,
    "getDayOfYear": lambda moment: moment.timetuple().tm_yday - 1,
    "getDate": lambda moment: moment.day,
    "getDayOfMonth": lambda moment: moment.day - 1,
    "getDayOfWeek": lambda moment: moment.isoweekday() % 7,
    "getHours": lambda moment: moment.hour,
    "getMinutes": lambda moment: moment.minute,
    "getSeconds": lambda moment: moment.second,
    "getMilliseconds": lambda moment: moment.microsecond // 1000,
}
_NANOSECONDS = {
    "getHours": 3600 * 10**9,
    "getMinutes": 60 * 10**9,
    "getSeconds": 10**9,
    "getMilliseconds": 10**6,
}


def _part(name: str) -> Callable[[Timestamp], int]:
    return lambda value: _PARTS[name](moment_of(value))


def _part_in_zone(name: str) -> Callable[[Timestamp, str], int]:
    return lambda value, zone: _PARTS[name](moment_of(value).astimezone(_zone(zone)))


def _zone(name: str) -> tzinfo:
    """Raises ValueError for one that there is not."""
    found = _OFFSET.fullmatch(name)
    if found is None:
        return _named_zone(name)
    hours, minutes = int(found[1]), int(found[2])
    offset = hours * 60 - minutes if name.startswith("-") else hours * 60 + minutes
    return timezone(timedelta(minutes=offset))


def _named_zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, OSError, ValueError):
        raise ValueError(f"unknown time zone {name}") from None


def _whole(name: str) -> Callable[[Duration], int]:
    unit = _NANOSECONDS[name]
    return lambda value: abs(value.nanoseconds) // unit * (-1 if value.nanoseconds < 0 else 1)


TIMES: tuple[Overload, ...] = (
    *(method(name, "int", "timestamp", _part(name)) for name in _PARTS),
    *(method(name, "int", "timestamp string", _part_in_zone(name)) for name in _PARTS),
    *(method(name, "int", "duration", _whole(name)) for name in _NANOSECONDS),
)
