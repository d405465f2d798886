"""Reading back the metrics that a call wrote to its log."""

from __future__ import annotations

import json
from collections.abc import Iterable

Measured = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def metrics_in(log: Iterable[str]) -> Measured:
    """(name, sorted dimensions) -> the last value, from the embedded-metric lines among a log's lines."""
    found: Measured = {}
    for line in log:
        if not line.startswith('{"_aws"'):
            continue
        document = json.loads(line)
        [directive] = document["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "Arena"
        [names] = directive["Dimensions"]
        dimensions = tuple(sorted((name, document[name]) for name in names))
        for metric in directive["Metrics"]:
            found[metric["Name"], dimensions] = document[metric["Name"]][-1]
    return found


def of_service(measured: Measured) -> dict[str, float]:
    """Those without a dimension but `service`."""
    return {name: value for (name, dimensions), value in measured.items() if len(dimensions) == 1}
