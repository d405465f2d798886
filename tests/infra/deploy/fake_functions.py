"""Seven functions behind one port: what API Gateway and Lambda answer for those that start and those that do not.

tests/infra/deploy/test_smoke_test.py asks the same of the real functions.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
from botocore.config import Config

PROBLEM = "application/problem+json"
FUNCTION_OF = {
    "/health": "health",
    "/health/ready": "health",
    "/api/battle/modes": "battle",
    "/api/economy/me": "economy",
    "/api/claims": "claim",
    "/api/admin/me": "admin",
    "/2015-03-31/functions/arena-staging-signer/invocations": "signer",
    "/2015-03-31/functions/arena-staging-settle/invocations": "settle",
}
NOT_IMPORTED = {"errorType": "Runtime.ImportModuleError", "errorMessage": "Unable to import module"}


@dataclass
class FakeFunctions:
    """`broken` do not start, and with `mends` only the first time; `throttles` says that Lambda is busy instead.

    `answers` replaces what a path or a private function says: status, content type or kind of error, document.
    """

    url: str = ""
    broken: set[str] = field(default_factory=set)
    mends: bool = False
    throttles: bool = False
    answers: dict[str, tuple[int, str, dict[str, Any]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def client(self) -> Any:
        """A real boto3 client of Lambda."""
        return boto3.client(
            "lambda",
            endpoint_url=self.url,
            region_name="eu-central-1",
            aws_access_key_id="FAKE",
            aws_secret_access_key="fake",
            config=Config(retries={"total_max_attempts": 1}),
        )

    def http(self, path: str) -> tuple[int, dict[str, str], dict[str, Any]]:
        """Status, headers and document."""
        function = FUNCTION_OF[path]
        self.asked.append(function)
        if self._is_broken(function):
            return 500, {"content-type": "application/json"}, {"message": "Internal Server Error"}
        ready = (200, "application/json", {"status": "ready"})
        refused = (401, PROBLEM, {"code": "token_missing"})
        status, kind, document = self.answers.get(path, ready if function == "health" else refused)
        return status, {"content-type": kind}, document

    def invoked(self, path: str) -> tuple[int, dict[str, str], dict[str, Any]]:
        """Status, headers and document."""
        function = FUNCTION_OF[path]
        self.asked.append(function)
        if self._is_broken(function):
            if self.throttles:
                return 429, {"x-amzn-errortype": "TooManyRequestsException"}, {"message": "Rate Exceeded."}
            return 200, {"x-amz-function-error": "Unhandled"}, NOT_IMPORTED
        refused = {"error": {"code": "invalid_request", "isRetryable": False}}
        usual: tuple[int, str, dict[str, Any]] = (
            200,
            "",
            refused if function == "signer" else {"claims": {}},
        )
        status, error, document = self.answers.get(function, usual)
        return status, {"x-amz-function-error": error} if error else {}, document

    def _is_broken(self, function: str) -> bool:
        is_broken = function in self.broken
        if self.mends:
            self.broken = self.broken - {function}
        return is_broken


@contextmanager
def running_functions() -> Iterator[FakeFunctions]:
    """On a free port of loopback, for a `with` block."""
    functions = FakeFunctions()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply(*functions.http(self.path))

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self._reply(*functions.invoked(self.path))

        def _reply(self, status: int, headers: dict[str, str], document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    functions.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield functions
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
