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
LOOKED_FURTHER_BACK: Final = 2
"""Periods that CloudWatch reads beyond those it judges, before it takes data for missing: so many in the guide's
example ("Configuring how alarms treat missing data"); AWS promises no number, only that there are some."""
_SAMPLES_BEYOND: Final = 10
"""A percentile is of few samples unless ten lie beyond it ("Percentile-based alarms and low data samples")."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm; it fires when `datapoints` of the last `periods` periods, `period_s` each, are beyond the threshold.

    `missing` is TreatMissingData, `few_samples` EvaluateLowSampleCountPercentile.
    """

    name: str
    series: Series
    statistic: str
    comparison: str
    threshold: float
    periods: int
    datapoints: int
    missing: str
    period_s: int = 60
    few_samples: str = "evaluate"

    def fires(self, periods: Sequence[Measured]) -> bool:
        """Whether the last of these periods, oldest first, put it from OK into the ALARM state.

        Data that is there counts before data that is missing, from further back than the periods judged:
        silence is believed only as far as too little real data is left.
        """
        in_range = periods[-(self.periods + LOOKED_FURTHER_BACK) :]
        real = [values for period in in_range if (values := period.get(self.series, ()))][-self.periods :]
        breaching = sum(map(self._is_breaching, real))
        if self.missing == "breaching":
            breaching += self.periods - len(real)
        return breaching >= self.datapoints

    def _is_breaching(self, values: Sequence[float]) -> bool:
        if self.few_samples == "ignore" and len(values) < _samples_needed(self.statistic):
            return False  # the state stays as it was, which was OK
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
        period_s=properties["Period"],
        few_samples=properties.get("EvaluateLowSampleCountPercentile", "evaluate"),
    )


def _samples_needed(statistic: str) -> int:
    """For pNN: 10/(1 - NN/100) above the median, 10/(NN/100) below it."""
    share = float(statistic.removeprefix("p")) / 100
    return round(_SAMPLES_BEYOND / min(share, 1 - share))


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
