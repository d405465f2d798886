"""CloudFormation's two questions of a deployment, over HTTP as the API answers them; tests change the stacks."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import boto3
from botocore.config import Config

NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/"
URL = "https://abc123.execute-api.eu-central-1.amazonaws.com"


def code_of(deployment: str) -> str:
    """Where osls keeps a function's zip of the deployment."""
    return f"serverless/arena/staging/{deployment}-2026-11-22T10:00:00.000Z/health.zip"


@dataclass
class FakeStack:
    """`deployment` empty: there is osls's bucket and nothing else."""

    status: str
    deployment: str = ""


@dataclass
class FakeCloudFormation:
    """What the account holds; `refuses` is an error code that every question gets."""

    stacks: dict[str, FakeStack] = field(default_factory=dict)
    refuses: str = ""
    url: str = ""

    def client(self, service: str) -> Any:
        """A real boto3 client of it."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="eu-central-1",
            aws_access_key_id="FAKE",
            aws_secret_access_key="fake",
            config=Config(retries={"total_max_attempts": 1}),
        )

    def answer(self, question: dict[str, list[str]]) -> tuple[int, str]:
        """Status and XML."""
        [action], [name] = question["Action"], question["StackName"]
        if self.refuses:
            return _error(403, self.refuses, "User is not authorized to perform this action")
        if name not in self.stacks:
            return _error(400, "ValidationError", f"Stack with id {name} does not exist")
        stack = self.stacks[name]
        if action == "DescribeStacks":
            return 200, _result(action, f"<Stacks><member>{_described(name, stack)}</member></Stacks>")
        template = json.dumps({"Resources": {"A": {"Properties": {"S3Key": code_of(stack.deployment)}}}})
        return 200, _result(action, f"<TemplateBody>{escape(template)}</TemplateBody>")


def _described(name: str, stack: FakeStack) -> str:
    outputs = {"ServerlessDeploymentBucketName": "arena-bucket"}
    if stack.deployment:
        outputs["HttpApiUrl"] = URL
    members = "".join(
        f"<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>"
        for key, value in outputs.items()
    )
    return (
        f"<StackName>{name}</StackName><StackId>arn:aws:cloudformation:eu-central-1:111122223333:stack/{name}/1</StackId>"
        f"<CreationTime>2026-11-22T10:00:00Z</CreationTime><StackStatus>{stack.status}</StackStatus>"
        f"<Outputs>{members}</Outputs>"
    )


def _result(action: str, inner: str) -> str:
    return (
        f'<{action}Response xmlns="{NAMESPACE}"><{action}Result>{inner}</{action}Result></{action}Response>'
    )


def _error(status: int, code: str, message: str) -> tuple[int, str]:
    said = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    return status, f'<ErrorResponse xmlns="{NAMESPACE}">{said}<RequestId>1</RequestId></ErrorResponse>'


@contextmanager
def running_cloudformation() -> Iterator[FakeCloudFormation]:
    """On a free port of loopback, for a `with` block."""
    account = FakeCloudFormation()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            status, text = account.answer(parse_qs(body))
            self.send_response(status)
            self.send_header("content-type", "text/xml")
            self.send_header("content-length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    account.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield account
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
