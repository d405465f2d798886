"""A stand-in of Parameter Store: values by name, ten at a time, and outages.

Source: Systems Manager API reference, GetParameters (AWS JSON 1.1).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from typing_extensions import override

from infra.bench.quiet_server import QuietHandler, QuietServer

GET_PARAMETERS: Final = "AmazonSSM.GetParameters"
NAMES_A_CALL: Final = 10


class _Questions(QuietHandler):
    server: ParameterStoreEndpoint

    @override
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        names, values = asked.get("Names", []), self.server.values
        self.server.questions += names
        is_call = self.headers["x-amz-target"] == GET_PARAMETERS and len(names) <= NAMES_A_CALL
        if self.server.is_down or not is_call:
            status = 500 if self.server.is_down else 400
            self.reply(status, b'{"__type": "InternalServerError", "message": "no"}')
            return
        answer = {
            "Parameters": [{"Name": name, "Value": values[name]} for name in names if name in values],
            "InvalidParameters": [name for name in names if name not in values],
        }
        self.reply(200, json.dumps(answer).encode())


class ParameterStoreEndpoint(QuietServer):
    """`questions` are the names it was asked for; `values` and `is_down` may change while it serves."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__(_Questions)
        self.values = dict(values)
        self.is_down = False
        self.questions: list[str] = []
