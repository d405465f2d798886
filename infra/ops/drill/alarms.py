"""The template's alarms, and whether they would fire on given periods, as CloudWatch evaluates them.

Source: CloudWatch user guide, "Using Amazon CloudWatch alarms": evaluation, and missing data.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from infra.local.platform_metrics import LOCAL_API_ID
from infra.local.serverless_file import load_yaml
from infra.ops.drill.emissions import Measured, Series

FILES: Final = ("alarms.yml", "platform_alarms.yml")


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm; it fires when `datapoints` of the last `periods` periods are beyond the threshold."""

    name: str
    series: Series
    statistic: str
    comparison: str
    threshold: float
    periods: int
    datapoints: int
    missing: str

    def fires(self, periods: Sequence[Measured]) -> bool:
        """Whether the last of these periods, oldest first, put it into the ALARM state."""
        judged = [self._is_breaching(period.get(self.series, ())) for period in periods[-self.periods :]]
        return sum(judged) >= self.datapoints

    def _is_breaching(self, values: Sequence[float]) -> bool:
        if not values:
            return self.missing == "breaching"
        value = _statistic(self.statistic, values)
        if self.comparison == "GreaterThanThreshold":
            return value > self.threshold
        if self.comparison == "GreaterThanOrEqualToThreshold":
            return value >= self.threshold
        if self.comparison == "LessThanThreshold":
            return value < self.threshold
        raise ValueError(f"{self.name} compares by {self.comparison}, which this evaluation does not know")


def read_alarms(folder: Path, *, service: str, stage: str) -> list[Alarm]:
    """Every alarm of the template's files, for one stage."""
    resources = {
        name: resource
        for file in FILES
        for name, resource in load_yaml(folder / file)["Resources"].items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    }
    return [
        _alarm(name, resource["Properties"], service=service, stage=stage)
        for name, resource in resources.items()
    ]


def _alarm(name: str, properties: dict[str, Any], *, service: str, stage: str) -> Alarm:
    def text(value: Any) -> str:
        if isinstance(value, dict):  # the only reference in a dimension is the API's id
            return LOCAL_API_ID
        return str(value).replace("${self:service}", service).replace("${sls:stage}", stage)

    dimensions = tuple(sorted((each["Name"], text(each["Value"])) for each in properties["Dimensions"]))
    return Alarm(
        name=name.removesuffix("Alarm"),
        series=Series(properties["Namespace"], properties["MetricName"], dimensions),
        statistic=properties.get("Statistic") or properties["ExtendedStatistic"],
        comparison=properties["ComparisonOperator"],
        threshold=float(properties["Threshold"]),
        periods=properties["EvaluationPeriods"],
        datapoints=properties["DatapointsToAlarm"],
        missing=properties["TreatMissingData"],
    )


def _statistic(name: str, values: Sequence[float]) -> float:
    if name == "Sum":
        return sum(values)
    if name == "Average":
        return sum(values) / len(values)
    if name == "Maximum":
        return max(values)
    if name.startswith("p"):
        rank = math.ceil(float(name[1:]) / 100 * len(values))
        return sorted(values)[max(rank - 1, 0)]
    raise ValueError(f"no such statistic: {name}")
