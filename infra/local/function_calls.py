"""Calls to the gateway's private port: what state the functions are in, and one of them invoked."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

_TIMEOUT_S = 70.0  # settle may take 55


class FunctionFailed(Exception):
    """The function ended with an error of its own; `error` is Lambda's error object."""

    def __init__(self, function: str, error: Any) -> None:
        super().__init__(f"{function}: {error.get('errorType')}: {error.get('errorMessage')}")
        self.error = error


def function_states(private_url: str) -> dict[str, dict[str, Any]]:
    """Name -> PoolStatus of every function."""
    _, states = _call(private_url, "GET", "/functions")
    return dict(states)


def invoke_function(private_url: str, function: str, event: Any) -> Any:
    """A function's result. Raises FunctionFailed when it failed."""
    path = f"/2015-03-31/functions/{function}/invocations"
    has_failed, result = _call(private_url, "POST", path, json.dumps(event).encode())
    if has_failed:
        raise FunctionFailed(function, result)
    return result


def _call(url: str, method: str, path: str, body: bytes | None = None) -> tuple[bool, Any]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=_TIMEOUT_S)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        document = json.loads(answer.read())
        if answer.status != 200:
            return True, {
                "errorType": answer.getheader("x-amzn-errortype"),
                "errorMessage": document.get("message"),
            }
        return answer.getheader("x-amz-function-error") is not None, document
    finally:
        connection.close()
