"""The three families of failure, and the refusals a client can act on.

    ArenaError
    |-- Refused          the answer is no; asking again unchanged gives no again (4xx)
    |-- Unavailable      nothing was decided; ask again unchanged (503)
    |   `-- OutcomeUnknown   a write may or may not have happened
    `-- InvariantBroken  we are wrong; 500 and a page

The domain raises, adapters translate vendor errors at the call, services neither catch nor wrap,
and the edge alone turns a family into an HTTP status.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ArenaError(Exception):
    """Anything this backend raises on purpose.

    `code` is stable, snake_case and part of the public API; `detail` is a sentence for people;
    `extra` holds what helps the client go on (`need`, `have`, `nextEnergyAt`, `retryAfterMs`, ...).
    """

    code = "error"

    def __init__(
        self, detail: str, *, code: str | None = None, extra: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.extra: dict[str, Any] = dict(extra or {})


class Refused(ArenaError):
    """The answer is no. `code` decides the HTTP status in one table of the edge."""

    code = "refused"


class Unavailable(ArenaError):
    """A store, the chain or the key service did not answer; nothing was decided by us."""

    code = "unavailable"


class OutcomeUnknown(Unavailable):
    """A write was sent and its acknowledgement never came: it may have happened."""

    code = "outcome_unknown"


class InvariantBroken(ArenaError):
    """Our own rule does not hold. Never shown to a client, always paged."""

    code = "internal"


def ensure(condition: object, rule: str) -> None:
    """Raise InvariantBroken unless `condition` holds; `rule` states it positively."""
    if not condition:
        raise InvariantBroken(f"broken: {rule}")
