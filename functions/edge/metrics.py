"""Metrics as CloudWatch's embedded metric format, one line each, through Powertools.

Source of the format: CloudWatch user guide, "Specification: Embedded metric format". The only dimension
of most metrics is `service`, `arena-<stage>`: alarms watch the whole service, whichever function spoke.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from shared.config.environment import process_environment
from shared.domain.errors import ensure
from shared.domain.metrics_catalogue import NAMESPACE

if TYPE_CHECKING:
    from aws_lambda_powertools.metrics import EphemeralMetrics

    from shared.domain.metrics_catalogue import Metric

WHOLE: Final = 100
_UNNAMED_STAGE: Final = "dev"


def emit(values: Mapping[Metric, float]) -> None:
    """Write the values of metrics that have no dimension but `service`, as one line."""
    ensure(not any(metric.split_by for metric in values), "a split metric is emitted by its parts")
    _write(values, {})


def emit_split(metric: Metric, values: Mapping[str, float]) -> None:
    """Write one metric by its parts; a line each, because a line has one set of dimensions."""
    for part, value in values.items():
        _write({metric: value}, {metric.split_by: part})


def error_percent(counts: Mapping[str, int]) -> float:
    """The share of failed calls in {"ok": n, "errors": m}; none of none is 0."""
    asked = counts["ok"] + counts["errors"]
    return round(WHOLE * counts["errors"] / asked, 1) if asked else 0.0


def _write(values: Mapping[Metric, float], dimensions: Mapping[str, str]) -> None:
    # An object of its own for each line: where a process serves several requests at once, none mixes.
    line = _new_line()
    for name, value in dimensions.items():
        line.add_dimension(name, value)
    for metric, measured in values.items():
        line.add_metric(metric.name, metric.unit, measured)
    line.flush_metrics()


def _new_line() -> EphemeralMetrics:
    from aws_lambda_powertools.metrics import EphemeralMetrics  # comes with the logger, which is loaded late

    return EphemeralMetrics(namespace=NAMESPACE, service=_service())


@functools.cache
def _service() -> str:
    return f"arena-{process_environment().get('STAGE') or _UNNAMED_STAGE}"
