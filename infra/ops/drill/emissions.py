"""The metrics that a local stack really emitted, read from its logs as CloudWatch would extract them.

Rules and metric filters of the templates are listeners: what they hear in the logs counts one into a series.

Source: CloudWatch user guide, "Specification: Embedded metric format".
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple


class Series(NamedTuple):
    """One metric as an alarm names it; `dimensions` are sorted."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]


Measured = dict[Series, list[float]]
Hear = Callable[[Mapping[str, Any]], Iterable[Series]]
"""Told every JSON document of the logs; gives the series it counts into."""


def hear_nothing(document: Mapping[str, Any]) -> Iterable[Series]:  # noqa: ARG001 - nobody listens
    """For readers of metrics alone."""
    return ()


class LogReader:
    """Reads what was appended to a stack's logs since it last looked."""

    def __init__(self, folder: Path, *, hear: Hear = hear_nothing) -> None:
        self._folder = folder
        self._hear = hear
        self._offsets: dict[Path, int] = {}

    def measured(self) -> Measured:
        """Every value since the last call, by series."""
        found: Measured = defaultdict(list)
        for path in sorted(self._folder.glob("*.log")):
            lines = self._new_lines(path)
            for series, values in _metrics(lines):
                found[series].extend(values)
            for document in _documents(lines):
                for series in self._hear(document):
                    found[series].append(1.0)
        return dict(found)

    def _new_lines(self, path: Path) -> list[str]:
        start = self._offsets.get(path, 0)
        data = path.read_bytes()[start:]
        complete = data[: data.rfind(b"\n") + 1]  # a line that is being written is read the next time
        self._offsets[path] = start + len(complete)
        return complete.decode(errors="replace").splitlines()


def _documents(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        if line.startswith("{") and not line.startswith('{"_aws"'):
            document = json.loads(line)
            if isinstance(document, dict):
                yield document


def _metrics(lines: Iterable[str]) -> Iterator[tuple[Series, list[float]]]:
    for line in lines:
        start = line.find('{"_aws"')
        if start < 0:
            continue
        document = json.loads(line[start:])
        for directive in document["_aws"]["CloudWatchMetrics"]:
            yield from _of_directive(document, directive)


def _of_directive(
    document: dict[str, Any], directive: dict[str, Any]
) -> Iterator[tuple[Series, list[float]]]:
    for names in directive["Dimensions"]:
        dimensions = tuple(sorted((name, str(document[name])) for name in names))
        for metric in directive["Metrics"]:
            value = document[metric["Name"]]
            values = value if isinstance(value, list) else [value]
            yield Series(directive["Namespace"], metric["Name"], dimensions), [float(each) for each in values]
