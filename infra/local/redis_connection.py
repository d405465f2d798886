"""RESP2, the wire protocol of Redis, and a few connections that speak it over a unix socket.

Source of the format: https://redis.io/docs/latest/develop/reference/protocol-spec/ (version 2).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ANSWER_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class RedisError:
    """An error Redis answered with, as a value: in a pipeline it stands among the other answers."""

    message: str


Reply = bytes | int | None | RedisError | list["Reply"]


class RedisGone(Exception):
    """Redis did not answer."""


def encode_command(arguments: Sequence[bytes]) -> bytes:
    """One command as an array of bulk strings."""
    parts = [b"*%d\r\n" % len(arguments)]
    parts.extend(b"$%d\r\n%b\r\n" % (len(argument), argument) for argument in arguments)
    return b"".join(parts)


async def read_reply(reader: asyncio.StreamReader) -> Reply:
    """The next complete answer. Raises IncompleteReadError when the connection ends before it does."""
    line = (await reader.readuntil(b"\r\n"))[:-2]
    kind, rest = line[:1], line[1:]
    match kind:
        case b"+":
            return rest
        case b"-":
            return RedisError(rest.decode())
        case b":":
            return int(rest)
        case b"$":
            size = int(rest)
            return None if size < 0 else (await reader.readexactly(size + 2))[:-2]
        case b"*":
            count = int(rest)
            return None if count < 0 else [await read_reply(reader) for _ in range(count)]
        case _:
            raise RedisGone(f"redis spoke something other than RESP2: {kind!r}")


class RedisConnections:
    """At most `size` connections, opened on demand; each serves one batch of commands at a time."""

    def __init__(self, path: Path, *, size: int = 8) -> None:
        self._path = path
        self._free = asyncio.Semaphore(size)
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def run(self, commands: Sequence[Sequence[bytes]]) -> list[Reply]:
        """Send all commands at once and give their answers in order.

        Nothing is ever sent twice. Raises RedisGone when an answer did not come within 5 s.
        """
        async with self._free:
            try:
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    reader, writer = await self._connection()
                    try:
                        writer.write(b"".join(encode_command(command) for command in commands))
                        replies = [await read_reply(reader) for _ in commands]
                    except BaseException:
                        # Half-read answers would be taken for the next batch's.
                        writer.close()
                        raise
            except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
                raise RedisGone("redis did not answer") from error
            self._idle.append((reader, writer))
            return replies

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        return await asyncio.open_unix_connection(str(self._path))
