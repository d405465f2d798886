"""What a process of the model remembers between two operations."""

from __future__ import annotations

from typing import NamedTuple

from tests.model.ledger_state import Decide, Decision, Hold, Row, View

INSERT_TRIES = 2
DAY = 10
OVERDRAWN = "a decider would overdraw the account"


class Request(NamedTuple):
    """What a client or the system asks for; `clock` is what the process's own clock shows."""

    key: str
    account: str
    decide: Decide
    clock: int = 0
    second: Request | None = None


class Process(NamedTuple):
    """A request under way; `at` is the operation that comes next."""

    request: Request
    attempt: str
    at: str = "read"
    view: View = View()
    now: int = 0
    is_capped: bool = False
    decision: Decision | None = None
    wanted: tuple[Hold, ...] = ()
    holds: tuple[Hold, ...] = ()
    returning: tuple[Hold, ...] = ()
    after_return: str = ""
    fullest: str = ""
    tries: int = 0
    is_doubtful: bool = False
    rolled: tuple[Row, ...] = ()
    row: Row | None = None
    closes: tuple[str, str, str] | None = None
    """The key and answer of the first half whose second this is, and the key to close."""


class Network(NamedTuple):
    """Delivers inserts whose sender has given up waiting, at any later time."""

    at: str = "deliver"


class Archiver(NamedTuple):
    """Deletes rows that are projected: what nobody may do."""

    at: str = "delete"
