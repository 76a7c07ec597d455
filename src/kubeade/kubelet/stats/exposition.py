"""Prometheus' text format: families of samples become text. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


@dataclass(frozen=True, slots=True)
class Sample:
    """`at_milliseconds` None: as of now."""

    labels: Mapping[str, str]
    value: float
    at_milliseconds: int | None = None


@dataclass(slots=True)
class Family:
    """All samples of one metric; `type` is counter or gauge."""

    name: str
    type: str
    help: str
    samples: list[Sample] = field(default_factory=list)

    def add(self, value: float, at_milliseconds: int | None = None, /, **labels: str) -> None:
        self.samples.append(Sample(labels, value, at_milliseconds))


def text_of(families: Iterable[Family]) -> str:
    """Families without samples are left out."""
    return "".join(line + "\n" for family in families if family.samples for line in _lines(family))


def _lines(family: Family) -> Iterator[str]:
    yield f"# HELP {family.name} {family.help}"
    yield f"# TYPE {family.name} {family.type}"
    for sample in family.samples:
        labels = ",".join(
            f'{name}="{str(value).translate(_ESCAPES)}"' for name, value in sorted(sample.labels.items())
        )
        at = "" if sample.at_milliseconds is None else f" {sample.at_milliseconds}"
        yield (
            f"{family.name}{{{labels}}} {_number(sample.value)}{at}"
            if labels
            else (f"{family.name} {_number(sample.value)}{at}")
        )


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
