"""Dates as Kubernetes writes them: RFC 3339 in UTC, in seconds (`Time`) or microseconds (`MicroTime`)."""

from datetime import UTC, datetime

_SECONDS_LENGTH = len("2026-01-31T12:00:00")
_MICROSECONDS_LENGTH = len("2026-01-31T12:00:00.000000")


def format_time(moment: datetime) -> str:
    """`2026-01-31T12:00:00Z`, as in `metadata.creationTimestamp`."""
    return _in_utc(moment).isoformat(timespec="seconds")[:_SECONDS_LENGTH] + "Z"


def format_micro_time(moment: datetime) -> str:
    """`2026-01-31T12:00:00.000000Z`, as in `Lease.spec.renewTime`."""
    return _in_utc(moment).isoformat(timespec="microseconds")[:_MICROSECONDS_LENGTH] + "Z"


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def parse_time(text: str) -> datetime:
    """Read either form. Raises ValueError for anything that is not RFC 3339."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r} lies outside of the years 1 to 9999 in UTC") from error
