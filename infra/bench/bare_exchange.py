"""What one HTTP exchange costs a process that does nothing else: the part of a start that is waiting for others."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

_EXCHANGES: Final = 50
_PROGRAM: Final = """
import http.client, json, statistics, sys, time
asked = json.load(sys.stdin)
took = []
for _ in range(asked["exchanges"] + 1):
    began = time.perf_counter()
    connection = http.client.HTTPConnection(asked["host"])
    connection.request(asked["verb"], asked["path"], asked["body"], asked["headers"])
    answer = connection.getresponse()
    answer.read()
    connection.close()
    took.append((time.perf_counter() - began) * 1000)
    assert answer.status == 200, answer.status
print(statistics.median(took[1:]))
"""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question on a connection of its own; `url` may have a path and a query."""

    url: str
    verb: str = "GET"
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)


def exchange_ms(exchange: Exchange) -> float:
    """The median, in a bare Python process. Raises CalledProcessError when an answer is not a 200."""
    parts = urlsplit(exchange.url)
    asked = {
        "host": parts.netloc,
        "verb": exchange.verb,
        "path": f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/",
        "body": exchange.body,
        "headers": exchange.headers,
        "exchanges": _EXCHANGES,
    }
    done = subprocess.run(  # noqa: S603 - our own interpreter and program
        [sys.executable, "-c", _PROGRAM], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    return float(done.stdout)
