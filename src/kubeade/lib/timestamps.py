"""Dates as Kubernetes writes them: RFC 3339 in UTC, in seconds (`Time`) or microseconds (`MicroTime`)."""

from datetime import UTC, datetime


def format_time(moment: datetime) -> str:
    """`2026-01-31T12:00:00Z`, as in `metadata.creationTimestamp`."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").removesuffix("+00:00") + "Z"


def format_micro_time(moment: datetime) -> str:
    """`2026-01-31T12:00:00.000000Z`, as in `Lease.spec.renewTime`."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def parse_time(text: str) -> datetime:
    """Read either form. Raises ValueError for anything that is not RFC 3339."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r} lies outside of the years 1 to 9999 in UTC") from error
