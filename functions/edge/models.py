"""The forms of requests and answers: camelCase, nothing undocumented, money as decimal strings, times ISO 8601."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Amount = Annotated[
    str,
    Field(
        pattern=r"^(0|[1-9][0-9]{0,18})$",
        description="Whole units as a decimal string (int64; JavaScript loses integers above 2^53)",
        examples=["120"],
    ),
]
Time = Annotated[
    str,
    Field(
        json_schema_extra={"format": "date-time"},
        description="ISO 8601, UTC",
        examples=["2026-11-22T10:00:00.000Z"],
    ),
]


class RequestBody(BaseModel):
    """A request's body: unknown fields and wrong types are refused, never dropped or converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, alias_generator=to_camel)


class IdempotentBody(RequestBody):
    """A body whose key may travel in it, for clients that cannot set headers."""

    request_id: Annotated[
        str | None,
        Field(
            pattern=r"^[A-Za-z0-9._:-]{1,128}$", description="The same thing as the Idempotency-Key header"
        ),
    ] = None


class View(BaseModel):
    """Part of an answer."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, validate_by_name=True, serialize_by_alias=True
    )


class Problem(BaseModel):
    """RFC 9457 problem details; `code` is stable, and further members help the client go on."""

    model_config = ConfigDict(extra="allow", alias_generator=to_camel, serialize_by_alias=True)

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str


def utc_text(time_ms: int) -> str:
    """UTC milliseconds as ISO 8601 with milliseconds and Z."""
    moment = datetime.fromtimestamp(time_ms // 1000, tz=UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time_ms % 1000:03d}Z"
