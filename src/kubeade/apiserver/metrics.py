"""Counters of what the API server does, in Prometheus' text format, under upstream's names.

Counting costs two dictionary updates a request; text is made when somebody asks.
"""

from bisect import bisect_left
from collections.abc import Iterator

_FINE_BUCKETS = (0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0)
_BUCKETS = (*_FINE_BUCKETS, 8.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0)
_Labels = tuple[str, str, str, str, str, str]
_NAMES = ("verb", "group", "version", "resource", "subresource", "scope")


class Metrics:
    """Requests by what was asked and how it ended, and how long they took (watches are not timed)."""

    def __init__(self) -> None:
        self._requests: dict[tuple[_Labels, int], int] = {}
        self._durations: dict[_Labels, list[float]] = {}
        self._gauges: dict[str, tuple[str, dict[str, float]]] = {}

    def observe(self, labels: _Labels, status: int, seconds: float) -> None:
        key = (labels, status)
        self._requests[key] = self._requests.get(key, 0) + 1
        if labels[0] == "WATCH":
            return
        durations = self._durations.get(labels)
        if durations is None:
            durations = self._durations[labels] = [0.0] * (len(_BUCKETS) + 2)
        durations[bisect_left(_BUCKETS, seconds)] += 1
        durations[-1] += seconds

    def text(self, gauges: dict[str, dict[str, float]]) -> str:
        """`gauges` are values as of now: by metric name, then by its label text."""
        return "\n".join([*self._request_lines(), *self._duration_lines(), *_gauge_lines(gauges)]) + "\n"

    def _request_lines(self) -> Iterator[str]:
        yield "# HELP apiserver_request_total Requests by verb, resource and HTTP code."
        yield "# TYPE apiserver_request_total counter"
        for (labels, status), count in self._requests.items():
            yield f'apiserver_request_total{{{_text(labels)},code="{status}"}} {count}'

    def _duration_lines(self) -> Iterator[str]:
        name = "apiserver_request_duration_seconds"
        yield f"# HELP {name} Response latency in seconds by verb and resource."
        yield f"# TYPE {name} histogram"
        for labels, durations in self._durations.items():
            text, total = _text(labels), 0.0
            for bound, count in zip((*_BUCKETS, "+Inf"), durations[:-1], strict=True):
                total += count
                yield f'{name}_bucket{{{text},le="{bound}"}} {total:g}'
            yield f"{name}_sum{{{text}}} {durations[-1]:.6f}"
            yield f"{name}_count{{{text}}} {total:g}"


def _text(labels: _Labels) -> str:
    return ",".join(f'{name}="{value}"' for name, value in zip(_NAMES, labels, strict=True))


def _gauge_lines(gauges: dict[str, dict[str, float]]) -> Iterator[str]:
    for name, values in gauges.items():
        yield f"# TYPE {name} {'counter' if name.endswith('_total') else 'gauge'}"
        for labels, value in values.items():
            yield f"{name}{{{labels}}} {value:g}" if labels else f"{name} {value:g}"
