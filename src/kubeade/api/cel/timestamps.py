"""Points in time as RFC 3339 writes them, to the nanosecond."""

import re
from datetime import UTC, datetime, timedelta

from kubeade.api.cel.operators import TIME_LEAST, TIME_MOST
from kubeade.api.cel.values import Timestamp

_TEXT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9})\d*)?(?:Z|([+-])(\d\d):(\d\d))", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_timestamp(text: str) -> Timestamp:
    """Raises ValueError."""
    found = _TEXT.fullmatch(text)
    if found is None:
        raise ValueError(f'parsing time "{text}"')
    moment = datetime(*map(int, found.group(1, 2, 3, 4, 5, 6)), tzinfo=UTC)  # type: ignore[misc, arg-type]
    offset = 0 if found[8] is None else (int(found[9]) * 3600 + int(found[10]) * 60) * int(f"{found[8]}1")
    since = moment - _EPOCH
    nanoseconds = (since.days * 86400 + since.seconds - offset) * 10**9 + int((found[7] or "").ljust(9, "0"))
    if not TIME_LEAST <= nanoseconds <= TIME_MOST or (
        found[8] and (int(found[9]) > 23 or int(found[10]) > 59)
    ):
        raise ValueError(f'parsing time "{text}"')
    return Timestamp(nanoseconds)


def moment_of(value: Timestamp) -> datetime:
    return _EPOCH + timedelta(microseconds=value.nanoseconds // 1000)


def timestamp_text(value: Timestamp) -> str:
    seconds, rest = divmod(value.nanoseconds, 10**9)
    moment = _EPOCH + timedelta(seconds=seconds)
    fraction = f".{rest:09}".rstrip("0") if rest else ""
    return f"{moment.year:04}-{moment:%m-%dT%H:%M:%S}{fraction}Z"
