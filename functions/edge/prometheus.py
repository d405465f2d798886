"""The Prometheus text format, version 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from shared.wiring import MetricSample

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


def metrics_text(samples: Iterable[MetricSample]) -> str:
    """One HELP and TYPE per metric, then its samples; samples of one metric may arrive in any order."""
    by_name: dict[str, list[MetricSample]] = {}
    for sample in samples:
        by_name.setdefault(sample.name, []).append(sample)
    return "".join(line + "\n" for family in by_name.values() for line in _family(family))


def _family(samples: list[MetricSample]) -> Iterator[str]:
    first = samples[0]
    yield f"# HELP {first.name} {_escaped(first.help)}"
    yield f"# TYPE {first.name} {first.kind}"
    for sample in samples:
        labels = ",".join(f'{name}="{_escaped(value, quoted=True)}"' for name, value in sample.labels.items())
        yield f"{sample.name}{{{labels}}} {sample.value}" if labels else f"{sample.name} {sample.value}"


def _escaped(text: str, *, quoted: bool = False) -> str:
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n")
    return escaped.replace('"', '\\"') if quoted else escaped
