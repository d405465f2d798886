"""The local Upstash: its REST interface in front of a real redis-server.

    python -m infra.local.upstash_endpoint --port 0 --data .arena/redis --token <token>

`POST /` runs one command, `POST /pipeline` several, `POST /multi-exec` several as a transaction, and
`GET /set/key/value` one from the path, as https://upstash.com/docs/redis/features/restapi describes.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from infra.local.endpoint_lifetime import endpoint_arguments, run_endpoint
from infra.local.http_endpoint import BodyTooLarge, Message, Receive, Send, read_body, reply_json, serve_http
from infra.local.redis_connection import RedisConnections, RedisError, RedisGone, Reply
from infra.local.redis_server import running_redis
from infra.local.upstash_commands import BadCommand, CommandTranslator, answer

MAX_PIPELINE_COMMANDS = 1000


class UpstashEndpoint:
    """An ASGI application for holders of `token`."""

    def __init__(self, redis: RedisConnections, *, token: str) -> None:
        self._redis = redis
        self._token = token.encode()
        self._translator = CommandTranslator()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
        if not hmac.compare_digest(token, self._token) or scheme.lower() != b"bearer":
            await reply_json(send, 401, {"error": "WRONGPASS invalid or missing auth token"})
            return
        as_base64 = headers.get(b"upstash-encoding") == b"base64"
        try:
            status, document = await self._answer(scope, await read_body(receive), as_base64=as_base64)
        except BadCommand as refusal:
            status, document = 400, {"error": str(refusal)}
        except BodyTooLarge:
            status, document = 413, {"error": "ERR max request size exceeded"}
        except RedisGone:
            status, document = 503, {"error": "ERR upstream unavailable"}
        await reply_json(send, status, document)

    async def _answer(self, scope: Message, body: bytes, *, as_base64: bool) -> tuple[int, Any]:
        path = scope["path"].strip("/")
        if scope["method"] == "POST" and path in ("pipeline", "multi-exec"):
            commands = self._batch(body)
            run = self._run_transaction if path == "multi-exec" else self._redis.run
            replies = await run(commands) if commands else []
            return 200, [answer(reply, as_base64=as_base64) for reply in replies]
        command = _json(body) if scope["method"] == "POST" and not path else _path_command(scope, body)
        [reply] = await self._redis.run([self._translator.arguments(command)])
        return 400 if isinstance(reply, RedisError) else 200, answer(reply, as_base64=as_base64)

    def _batch(self, body: bytes) -> list[list[bytes]]:
        commands = _json(body)
        if not isinstance(commands, list) or len(commands) > MAX_PIPELINE_COMMANDS:
            raise BadCommand("ERR failed to parse pipeline request")
        return [self._translator.arguments(command) for command in commands]

    async def _run_transaction(self, commands: list[list[bytes]]) -> list[Reply]:
        """Run all or none. Raises BadCommand with the first error Redis queued nothing for."""
        *queued, result = await self._redis.run([[b"MULTI"], *commands, [b"EXEC"]])
        if isinstance(result, list):
            return result
        reasons = [reply.message for reply in queued if isinstance(reply, RedisError)]
        raise BadCommand(reasons[0] if reasons else "ERR transaction discarded")


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise BadCommand("ERR failed to parse command") from error


def _path_command(scope: Message, body: bytes) -> list[str]:
    """`/set/key/value` as a command; a body is its last argument."""
    parts = [unquote(part) for part in scope["raw_path"].decode().strip("/").split("/")]
    return [*parts, body.decode()] if body else parts


def main() -> None:
    """Serve until told to stop."""
    parser = endpoint_arguments("Upstash's REST interface over a local redis-server")
    parser.add_argument("--data", type=Path, required=True, help="directory of the redis socket")
    parser.add_argument("--token", required=True, help="the bearer token clients must send")
    options = parser.parse_args()

    async def serve(stopping: asyncio.Event) -> None:
        with running_redis(options.data) as path:
            app = UpstashEndpoint(RedisConnections(path), token=options.token)
            await serve_http(app, stopping, name="upstash_endpoint", port=options.port)

    run_endpoint(serve, exits_with_parent=options.exit_with_parent)


if __name__ == "__main__":
    main()
