"""How single values are written in a cell: ages, selectors, lists that are cut short."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from kubeade.api.parts import part, parts, text, values
from kubeade.api.resource import Object
from kubeade.lib.timestamps import parse_time

NONE = "<none>"
UNSET = "<unset>"
UNKNOWN = "<unknown>"
_DAYS_PER_YEAR = 365


def age(obj: Object, now: datetime) -> str:
    """How long ago the object was created."""
    return since(part(obj, "metadata").get("creationTimestamp"), now)


def since(timestamp: object, now: datetime) -> str:
    """How long ago a timestamp was; unknown when there is none or it cannot be read."""
    moment = moment_of(timestamp)
    return UNKNOWN if moment is None else human_duration(now - moment)


def moment_of(timestamp: object) -> datetime | None:
    """A timestamp's moment, or None."""
    if not isinstance(timestamp, str) or not timestamp:
        return None
    try:
        return parse_time(timestamp)
    except (ValueError, OverflowError):
        return None


def human_duration(duration: timedelta) -> str:
    """`45s`, `3m20s`, `5h12m`, `6d4h`, `2y30d`: at most two units, as upstream does."""
    total_seconds = duration.total_seconds()
    seconds = int(total_seconds)
    if seconds < -1:
        return "<invalid>"
    if total_seconds < 0:
        return "0s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return _two(minutes, "m", seconds % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if hours < 192:
        return _two(days, "d", hours % 24, "h")
    return _long_duration(days)


def _long_duration(days: int) -> str:
    if days < 2 * _DAYS_PER_YEAR:
        return f"{days}d"
    years = days // _DAYS_PER_YEAR
    return _two(years, "y", days % _DAYS_PER_YEAR, "d") if years < 8 else f"{years}y"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}" + (f"{small}{small_unit}" if small else "")


def name_of(obj: Object) -> str:
    """`metadata.name`."""
    return text(obj, "metadata", "name")


def true_false(value: object) -> str:
    """`True`, `False`, or unset."""
    return UNSET if value is None else str(bool(value))


def labels(found: object) -> str:
    """`a=1,b=2`, or none."""
    return ",".join(f"{key}={value}" for key, value in sorted(part(found).items())) or NONE


def label_selector(selector: object) -> str:
    """A LabelSelector as kubectl's -l would take it, or none."""
    return selector_text(selector) or NONE


def selector_text(selector: object) -> str:
    """A LabelSelector's requirements, sorted by key; empty where it selects everything or nothing."""
    equal = [(str(key), f"{key}={value}") for key, value in part(selector, "matchLabels").items()]
    matched = [(text(e, "key"), _expression(e)) for e in parts(selector, "matchExpressions")]
    return ",".join(requirement for _, requirement in sorted(equal + matched))


def _expression(expression: Object) -> str:
    key, operator = text(expression, "key"), text(expression, "operator")
    if operator == "Exists":
        return key
    if operator == "DoesNotExist":
        return f"!{key}"
    wanted = ",".join(sorted(map(str, values(expression, "values"))))
    return f"{key} {operator.lower()} ({wanted})"


def some(found: Iterable[str], limit: int = 3, empty: str = UNSET, separator: str = ",") -> str:
    """The first few, and how many more."""
    listed = list(found)
    if not listed:
        return empty
    shown = separator.join(listed[:limit])
    return f"{shown} + {len(listed) - limit} more..." if len(listed) > limit else shown


def container_names(spec: object) -> tuple[str, str]:
    """Names and images of a pod spec's containers, each joined."""
    containers = parts(spec, "containers")
    return tuple(",".join(text(c, key) for c in containers) for key in ("name", "image"))  # type: ignore[return-value]


def address_of(ingress: Object) -> str:
    """A load balancer's entry: its IP, else its host name."""
    return text(ingress, "ip") or text(ingress, "hostname")
