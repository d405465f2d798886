"""What AWS itself would count about functions and gateway, in the format the functions use for their own metrics.

Source: Lambda developer guide, "Types of metrics for Lambda functions"; API Gateway developer guide,
"Working with metrics for HTTP APIs".
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

LOCAL_API_ID: Final = "local"


class PlatformMetrics:
    """Appends one line per invocation and per HTTP answer to a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def invoked(self, function: str, *, is_error: bool, is_throttled: bool) -> None:
        """An invocation by the function's deployed name ended; a throttled one never began."""
        values = {
            "Invocations": int(not is_throttled),
            "Errors": int(is_error),
            "Throttles": int(is_throttled),
        }
        self._write("AWS/Lambda", {"FunctionName": function}, values)

    def answered(self, status: int) -> None:
        """The gateway answered an HTTP request."""
        values = {"Count": 1, "4xx": int(400 <= status < 500), "5xx": int(status >= 500)}
        self._write("AWS/ApiGateway", {"ApiId": LOCAL_API_ID}, values)

    def _write(self, namespace: str, dimensions: Mapping[str, str], values: Mapping[str, int]) -> None:
        directive = {
            "Namespace": namespace,
            "Dimensions": [list(dimensions)],
            "Metrics": [{"Name": name, "Unit": "Count"} for name in values],
        }
        document = {
            "_aws": {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [directive]},
            **dimensions,
            **values,
        }
        with self._path.open("a") as file:
            file.write(json.dumps(document, separators=(",", ":")) + "\n")
