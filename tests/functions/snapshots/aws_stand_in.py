"""Container credentials and Parameter Store on one port, and whose credentials asked there."""

from __future__ import annotations

import json

from typing_extensions import override

from infra.bench.quiet_server import QuietHandler, QuietServer


class _Aws(QuietHandler):
    """Container credentials and Parameter Store: what a snapshotted function asks."""

    server: AwsStandIn

    @override
    def do_GET(self) -> None:
        document = {
            "AccessKeyId": self.server.access_key_id,
            "SecretAccessKey": "local-fake-secret-access-key",
            "Token": "local-fake",
            "Expiration": "2999-01-01T00:00:00Z",
        }
        self.reply(200, json.dumps(document).encode())

    @override
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.callers.append(self.headers["authorization"].split("Credential=")[1].split("/")[0])
        found = [{"Name": name, "Value": self.server.values[name]} for name in asked["Names"]]
        self.reply(200, json.dumps({"Parameters": found, "InvalidParameters": []}).encode())


class AwsStandIn(QuietServer):
    def __init__(self) -> None:
        super().__init__(_Aws)
        self.access_key_id = "LOCALFAKEBEFORE"
        self.values: dict[str, str] = {}
        self.callers: list[str] = []
