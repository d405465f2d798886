"""One MongoDB client per process, and the translation of its errors into our families."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from shared.domain.errors import InvariantBroken, OutcomeUnknown, Unavailable

if TYPE_CHECKING:
    from pymongo import MongoClient
    from pymongo.database import Database
    from pymongo.monitoring import CommandListener

SERVER_SELECTION_MS = 1_200
OPERATION_MS = 1_200


def connect(
    uri: str, *, app_name: str, event_listeners: Sequence[CommandListener] = ()
) -> MongoClient[dict[str, Any]]:
    """A lazy client: connects on first use, writes at w=majority, reads from the primary.

    Time limits are well under the function's own, so that a dead database answers 503 and not a
    time-out of the platform. `retryWrites` is the driver's own, safe repetition; nothing of ours
    repeats a write (the ledger's protocol alone decides that). `event_listeners` hear every command:
    tests count and judge them.
    """
    from pymongo import MongoClient

    return MongoClient(
        uri,
        appname=app_name,
        connect=False,
        maxPoolSize=8,
        serverSelectionTimeoutMS=SERVER_SELECTION_MS,
        connectTimeoutMS=SERVER_SELECTION_MS,
        timeoutMS=OPERATION_MS,
        w="majority",
        tz_aware=True,
        event_listeners=list(event_listeners),
    )


def database_of(client: MongoClient[dict[str, Any]], name: str) -> Database[dict[str, Any]]:
    """The database every adapter of this process shares."""
    return client[name]


@contextmanager
def reading() -> Iterator[None]:
    """Translate a failed read: nothing happened, ask again."""
    from pymongo.errors import OperationFailure, PyMongoError

    try:
        yield
    except OperationFailure as error:
        raise _refused_by_server(error) from error
    except PyMongoError as error:
        raise Unavailable("The database did not answer", code="database_unavailable") from error


@contextmanager
def writing() -> Iterator[None]:
    """Translate a failed write: unless the server said no, it may have happened.

    DuplicateKeyError passes through: it is an answer, not a failure.
    """
    from pymongo.errors import DuplicateKeyError, OperationFailure, PyMongoError, ServerSelectionTimeoutError

    try:
        yield
    except DuplicateKeyError:
        raise
    except ServerSelectionTimeoutError as error:  # nothing was sent
        raise Unavailable("The database did not answer", code="database_unavailable") from error
    except OperationFailure as error:
        raise _refused_by_server(error) from error
    except PyMongoError as error:
        raise OutcomeUnknown("The database did not acknowledge", code="database_unavailable") from error


# Codes with which a server says "not now": failover, shutdown, time limits, write concern not met in time.
_NOT_NOW = {6, 7, 50, 64, 89, 91, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436}


def _refused_by_server(error: Any) -> Exception:
    if error.timeout or error.code in _NOT_NOW or error.has_error_label("RetryableWriteError"):
        return OutcomeUnknown("The database did not acknowledge", code="database_unavailable")
    return InvariantBroken(f"the database refused an operation: code {error.code}")
