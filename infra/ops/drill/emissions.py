"""The metrics that a local stack really emitted, read from its logs as CloudWatch would extract them.

Source: CloudWatch user guide, "Specification: Embedded metric format".
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple


class Series(NamedTuple):
    """One metric as an alarm names it; `dimensions` are sorted."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]


Measured = dict[Series, list[float]]


class LogReader:
    """Reads what was appended to a stack's logs since it last looked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._offsets: dict[Path, int] = {}

    def measured(self) -> Measured:
        """Every value since the last call, by series."""
        found: Measured = defaultdict(list)
        for path in sorted(self._folder.glob("*.log")):
            for series, values in _metrics(self._new_lines(path)):
                found[series].extend(values)
        return dict(found)

    def _new_lines(self, path: Path) -> list[str]:
        start = self._offsets.get(path, 0)
        data = path.read_bytes()[start:]
        complete = data[: data.rfind(b"\n") + 1]  # a line that is being written is read the next time
        self._offsets[path] = start + len(complete)
        return complete.decode(errors="replace").splitlines()


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
