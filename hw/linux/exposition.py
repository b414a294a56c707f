"""Figures as Prometheus reads them, in its text format (prometheus.io, "Exposition formats", version 0.0.4): for each
family a line of help, a line of type, and a line a sample; label values escape backslash, quote and line feed. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

COUNTER, GAUGE, HISTOGRAM = "counter", "gauge", "histogram"


@dataclass(frozen=True, slots=True)
class Sample:
    """ending : of a histogram's samples `_bucket`, `_sum`, `_count`; else ""."""

    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    ending: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """name : without the prefix of the program; a counter's ends in `_total`. words : what it is, one line."""

    name: str
    kind: str
    words: str
    samples: Sequence[Sample]


class Histogram:
    """How many values were at most so much. bounds : rising."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(bounds)
        self._counts = [0] * len(self._bounds)
        self._n, self._sum = 0, 0.0

    def add(self, value: float) -> None:
        """One more value."""
        self._n, self._sum = self._n + 1, self._sum + value
        for index, bound in enumerate(self._bounds):
            self._counts[index] += value <= bound

    def samples(self) -> list[Sample]:
        """Of a family of kind HISTOGRAM."""
        buckets = [
            Sample(count, {"le": f"{bound:g}"}, "_bucket")
            for bound, count in zip(self._bounds, self._counts, strict=True)
        ]
        return [*buckets, Sample(self._n, {"le": "+Inf"}, "_bucket"), Sample(self._sum, {}, "_sum"),
                Sample(self._n, {}, "_count")]  # fmt: skip


def text_of(families: Sequence[Family], prefix: str) -> str:
    """The whole file. prefix : before every name. Families without a sample are told all the same: their names are
    known from the start."""
    lines: list[str] = []
    for family in families:
        name = prefix + family.name
        lines += [f"# HELP {name} {family.words}", f"# TYPE {name} {family.kind}"]
        lines += [f"{name}{each.ending}{_labels(each.labels)} {each.value:.16g}" for each in family.samples]
    return "\n".join([*lines, ""])


def _labels(labels: Mapping[str, str]) -> str:
    inside = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{inside}}}" if labels else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
