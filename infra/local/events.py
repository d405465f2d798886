"""HTTP requests as API Gateway payload 2.0 events, and function results as HTTP responses.

Source: API Gateway developer guide, "Lambda proxy integrations for HTTP APIs". The path arrives decoded,
as HTTP APIs deliver it; the query string arrives raw.
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from infra.local.http1 import Request, Response, json_response, message_response
from infra.local.routes import Match

_TEXT_TYPES = ("text/", "application/json", "application/javascript", "application/xml")
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "upgrade", "te"})


def split_target(target: str) -> tuple[str, str]:
    """A request target as (decoded path, raw query string)."""
    path, _, query = target.partition("?")
    return unquote(path), query


def request_event(
    request: Request, match: Match, *, request_id: str, now_ms: int, port: int
) -> dict[str, Any]:
    """The payload 2.0 event of a request; `now_ms` is the stack's clock, sourceIp is the peer and nobody else."""
    path, query = split_target(request.target)
    now = datetime.fromtimestamp(now_ms / 1000, tz=UTC)
    host = request.header("host") or f"127.0.0.1:{port}"
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": match.route.key,
        "rawPath": path,
        "rawQueryString": query,
        "headers": _event_headers(request, host=host, port=port, request_id=request_id),
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": host,
            "domainPrefix": host.split(".", maxsplit=1)[0],
            "http": {
                "method": request.method,
                "path": path,
                "protocol": request.protocol,
                "sourceIp": request.peer,
                "userAgent": request.header("user-agent") or "",
            },
            "requestId": request_id,
            "routeKey": match.route.key,
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": now_ms,
        },
        "isBase64Encoded": False,
    }
    cookies = [part for name, value in request.headers if name == "cookie" for part in value.split("; ")]
    if cookies:
        event["cookies"] = cookies
    if query:
        event["queryStringParameters"] = _joined(parse_qsl(query, keep_blank_values=True))
    if match.path_parameters:
        event["pathParameters"] = dict(match.path_parameters)
    if request.body:
        event["body"], event["isBase64Encoded"] = _event_body(request)
    return event


def _event_headers(request: Request, *, host: str, port: int, request_id: str) -> dict[str, str]:
    """Lower-case names, repetitions joined; the peer is appended to whatever X-Forwarded-For the client claims."""
    headers = _joined([(name, value) for name, value in request.headers if name != "cookie"])
    claimed = headers.get("x-forwarded-for")
    headers["x-forwarded-for"] = f"{claimed}, {request.peer}" if claimed else request.peer
    headers |= {"host": host, "x-forwarded-port": str(port), "x-forwarded-proto": "http"}
    headers.setdefault("x-amzn-trace-id", f"Root=1-{request_id[:8]}-{request_id.replace('-', '')[8:32]}")
    return headers


def _joined(pairs: list[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _event_body(request: Request) -> tuple[str, bool]:
    """The body as text for text types, else base64; bytes that are not UTF-8 are never passed as text."""
    content_type = (request.header("content-type") or "text/plain").strip().lower()
    if content_type.startswith(_TEXT_TYPES):
        try:
            return request.body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(request.body).decode(), True


def http_response(payload: bytes, *, request_id: str) -> Response:
    """A function's result as HTTP; a result API Gateway could not use becomes its 500.

    An object without statusCode is, by payload 2.0's rule, itself the JSON body of a 200.
    """
    tag = ("apigw-requestid", request_id)
    try:
        result = json.loads(payload)
    except ValueError:
        return message_response(500)
    if not isinstance(result, dict) or "statusCode" not in result:
        return json_response(200, json.dumps(result), tag)
    try:
        status = int(result["statusCode"])
        headers = [
            (str(name).lower(), _header_text(value)) for name, value in (result.get("headers") or {}).items()
        ]
        headers += [("set-cookie", _header_text(cookie)) for cookie in result.get("cookies") or []]
        body = _response_body(result)
    except (TypeError, ValueError, AttributeError, binascii.Error):
        return message_response(500)
    if not 200 <= status <= 599:
        return message_response(500)
    kept = [(name, value) for name, value in headers if name not in _HOP_BY_HOP]
    if body and not any(name == "content-type" for name, _ in kept):
        kept.append(("content-type", "text/plain;charset=UTF-8"))
    return Response(status, (*kept, tag), body)


def _header_text(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if any(character in text for character in "\r\n\0"):
        raise ValueError("a header value holds a line break")
    text.encode("latin-1")
    return text


def _response_body(result: dict[str, Any]) -> bytes:
    body = result.get("body") or ""
    if not isinstance(body, str):
        raise TypeError("the body of a result is text")
    return base64.b64decode(body, validate=True) if result.get("isBase64Encoded") else body.encode()
