"""A stand-in of the AWS Parameters and Secrets extension: values by parameter name, and outages.

Source: Systems Manager user guide, "Using Parameter Store parameters in AWS Lambda functions".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from typing_extensions import override

from infra.bench.quiet_server import QuietHandler, QuietServer


class _Questions(QuietHandler):
    server: ExtensionEndpoint

    @override
    def do_GET(self) -> None:
        name = parse_qs(urlsplit(self.path).query).get("name", [""])[0]
        self.server.questions.append(name)
        if self.server.is_down:
            self.reply(500, b"an internal error was encountered")
        elif name in self.server.values:
            self.reply(200, json.dumps({"Parameter": {"Value": self.server.values[name]}}).encode())
        else:
            self.reply(400, b'{"code": "ParameterNotFound"}')


class ExtensionEndpoint(QuietServer):
    """`questions` are the names it was asked for; `values` and `is_down` may change while it serves."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__(_Questions)
        self.values = dict(values)
        self.is_down = False
        self.questions: list[str] = []
