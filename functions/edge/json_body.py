"""A request's JSON body, read within bounds and without JSON's ambiguities (RFC 8259, RFC 7493)."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Final

from functions.edge.exchange import Scope, header
from shared.domain.errors import Refused

if TYPE_CHECKING:
    from functions.edge.replies import Receive

BODY_BYTES_MAX: Final = 64 * 1024
DEPTH_MAX: Final = 16


async def read_body(scope: Scope, receive: Receive) -> bytes:
    """The whole body; raises Refused `body_too_large` as soon as more than 64 KiB are announced or seen."""
    announced = header(scope, "content-length")
    if announced.isdecimal() and int(announced[:20]) > BODY_BYTES_MAX:
        raise _too_large()
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused("The body ended early", code="body_incomplete")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > BODY_BYTES_MAX:
            raise _too_large()
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _too_large() -> Refused:
    return Refused(
        f"A body has at most {BODY_BYTES_MAX} bytes",
        code="body_too_large",
        extra={"maxBytes": BODY_BYTES_MAX},
    )


def check_media_type(content_type: str) -> None:
    """Raise Refused `unsupported_media_type` unless it is application/json, in UTF-8 if it names a charset."""
    media_type, _, parameters = content_type.partition(";")
    charset = parameters.replace(" ", "").lower()
    if media_type.strip().lower() != "application/json" or charset not in (
        "",
        'charset="utf-8"',
        "charset=utf-8",
    ):
        raise Refused("Send application/json in UTF-8", code="unsupported_media_type")


def parse_json(body: bytes) -> Any:
    """The value of a JSON text, nested at most 16 deep.

    Raises Refused `json_too_deep`, or `malformed_json` for anything two parsers could read in two
    ways: a repeated key, NaN and infinities (also spelled 1e999), a lone surrogate, another encoding.
    """
    try:
        value = json.loads(
            body.decode(), object_pairs_hook=_object, parse_constant=_refuse_constant, parse_float=_finite
        )
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:  # includes JSONDecodeError, UnicodeDecodeError, and integers too long to read
        raise _malformed("The body is not JSON") from error
    _walk(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _malformed("An object repeats a key")
    return value


def _refuse_constant(name: str) -> None:
    raise _malformed(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _malformed("A number is out of range")
    return number


def _walk(value: Any) -> None:
    """Bound the depth and refuse texts no UTF-8 can carry; a stack of its own, so depth cannot hurt it."""
    pending = [(value, 1)]
    while pending:
        current, depth = pending.pop()
        if isinstance(current, str):
            _check_text(current)
        elif isinstance(current, (dict, list)):
            if depth > DEPTH_MAX:
                raise _too_deep()
            children: list[Any] = [*current, *current.values()] if isinstance(current, dict) else current
            pending.extend((child, depth + 1) for child in children)


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _malformed("A text holds half a character") from error


def _malformed(detail: str) -> Refused:
    return Refused(detail, code="malformed_json")


def _too_deep() -> Refused:
    return Refused(
        f"A body nests at most {DEPTH_MAX} deep", code="json_too_deep", extra={"maxDepth": DEPTH_MAX}
    )
