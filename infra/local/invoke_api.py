"""Lambda's Invoke API on the private port, as boto3's lambda client calls it through endpoint_url.

Source: Lambda API reference, "Invoke". `GET /functions` is ours: the state of every function as JSON.
"""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from urllib.parse import unquote

from infra.local.function_pool import THROTTLED, FunctionPool, is_throttled
from infra.local.http1 import Request, Response, json_response
from infra.local.serverless_file import ServiceSpec

_PATH = re.compile(r"/2015-03-31/functions/([^/?]+)/invocations(?:\?.*)?")


class InvokeApi:
    """Answers the private port; functions go by their short name, deployed name or ARN, qualifier or not."""

    def __init__(self, service: ServiceSpec, *, pools: Mapping[str, FunctionPool]) -> None:
        self._service = service
        self._pools = pools
        self._background: set[asyncio.Task[object]] = set()

    async def answer(self, request: Request) -> Response:
        """One call of the private port."""
        if request.method == "GET" and request.target == "/functions":
            states = {name: asdict(pool.status()) for name, pool in self._pools.items()}
            return json_response(200, json.dumps(states))
        path = _PATH.fullmatch(request.target)
        if request.method != "POST" or path is None:
            return _refusal(404, "ResourceNotFoundException", f"no such operation: {request.target}")
        pool = self._find(unquote(path.group(1)))
        if pool is None:
            return _refusal(404, "ResourceNotFoundException", f"Function not found: {unquote(path.group(1))}")
        return await self._invoke(pool, request)

    def _find(self, name: str) -> FunctionPool | None:
        text = name.split(":function:")[-1].split(":")[0]
        prefix = self._service.deployed_name("")
        return self._pools.get(text.removeprefix(prefix))

    async def _invoke(self, pool: FunctionPool, request: Request) -> Response:
        payload = request.body or b"{}"
        try:
            json.loads(payload)
        except ValueError:
            return _refusal(400, "InvalidRequestContentException", "Could not parse request body into json")
        kind = request.header("x-amz-invocation-type") or "RequestResponse"
        if kind == "DryRun":
            return Response(204)
        call = asyncio.ensure_future(pool.invoke(payload))
        if kind == "Event":
            self._background.add(call)
            call.add_done_callback(self._background.discard)
            return Response(202, (("x-amzn-requestid", str(uuid.uuid4())),))
        # The invocation outlives a caller that went away, as on Lambda.
        outcome = await asyncio.shield(call)
        if is_throttled(outcome):
            return _refusal(429, THROTTLED, "Rate Exceeded.")
        headers = [("x-amzn-requestid", str(uuid.uuid4())), ("x-amz-executed-version", "$LATEST")]
        if outcome.is_error:
            headers.append(("x-amz-function-error", "Unhandled"))
        return json_response(200, outcome.payload.decode(), *headers)


def _refusal(status: int, code: str, message: str) -> Response:
    body = json.dumps({"Type": "User", "message": message, "Message": message})
    return json_response(status, body, ("x-amzn-errortype", code))
