"""What Upstash's REST accepts as a command, turned into what open Redis accepts."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from infra.local.redis_connection import RedisError, Reply

# Commands that own a connection, or the server: Upstash's REST has neither to give.
UNAVAILABLE_COMMANDS = frozenset(
    b"SUBSCRIBE PSUBSCRIBE SSUBSCRIBE MONITOR BLPOP BRPOP BLMOVE BLMPOP BZPOPMIN BZPOPMAX BZMPOP WAIT "
    b"SHUTDOWN CONFIG DEBUG MULTI EXEC DISCARD WATCH AUTH SELECT HELLO CLIENT QUIT REPLICAOF SLAVEOF "
    b"MODULE CLUSTER SAVE BGSAVE".split()
)


class BadCommand(Exception):
    """A request that is not a command Upstash would run; answered with 400."""


class CommandTranslator:
    """Redis arguments from JSON, remembering the scripts whose text it had to change."""

    def __init__(self) -> None:
        self._rewritten_sha1s: dict[bytes, bytes] = {}

    def arguments(self, command: Any) -> list[bytes]:
        """`["SET", "key", 1]` as bytes. Raises BadCommand."""
        if not isinstance(command, list) or not command:
            raise BadCommand("ERR empty command")
        arguments = [_argument(value) for value in command]
        name = arguments[0].upper()
        if name in UNAVAILABLE_COMMANDS:
            raise BadCommand(f"ERR Command is not available: '{command[0]}'")
        if name in (b"EVAL", b"EVAL_RO") and len(arguments) > 1:
            arguments[1] = self._script(arguments[1])
        elif name == b"SCRIPT" and len(arguments) > 2 and arguments[1].upper() == b"LOAD":
            arguments[2] = self._script(arguments[2])
        elif name in (b"EVALSHA", b"EVALSHA_RO") and len(arguments) > 1:
            arguments[1] = self._rewritten_sha1s.get(arguments[1].lower(), arguments[1])
        return arguments

    def _script(self, text: bytes) -> bytes:
        """Comment out Upstash's `#!lua flags=allow-key-locking`, which open Redis does not know.

        EVALSHA names the text the client knows, so its digest leads to the changed text's.
        """
        if not text.startswith(b"#!"):
            return text
        changed = b"--" + text
        self._rewritten_sha1s[_sha1(text)] = _sha1(changed)
        return changed


def answer(reply: Reply, *, as_base64: bool) -> dict[str, Any]:
    """`{"result": ...}` or `{"error": ...}`."""
    if isinstance(reply, RedisError):
        return {"error": reply.message}
    return {"result": _encoded(reply, as_base64=as_base64)}


def _argument(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value).encode()
    raise BadCommand("ERR invalid command: arguments must be strings or numbers")


def _encoded(reply: Reply, *, as_base64: bool) -> Any:
    """Upstash leaves the bare `OK` alone when a client asked for base64; clients count on it."""
    match reply:
        case bytes():
            if as_base64 and reply != b"OK":
                return base64.b64encode(reply).decode()
            return reply.decode("utf-8", "replace")
        case list():
            return [_encoded(item, as_base64=as_base64) for item in reply]
        case RedisError():
            return reply.message
        case _:
            return reply


def _sha1(text: bytes) -> bytes:
    return hashlib.sha1(text, usedforsecurity=False).hexdigest().encode()
