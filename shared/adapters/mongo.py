"""One MongoDB client per process, and the translation of its errors into our families."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from shared.adapters.xray import FAULT, traced
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
    """A lazy client: connects on first use, writes at w=majority, reads from the primary what a majority has.

    Time limits are well under the function's own, so that a dead database answers 503 and not a
    time-out of the platform. `retryWrites` is the driver's own, safe repetition; nothing of ours
    repeats a write (the ledger's protocol alone decides that). A URI that says otherwise of concerns,
    servers or times is overruled: people copy it from somewhere. `event_listeners` hear every command:
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
        readPreference="primary",
        readConcernLevel="majority",
        tz_aware=True,
        event_listeners=list(event_listeners),
    )


def database_of(client: MongoClient[dict[str, Any]], name: str) -> Database[dict[str, Any]]:
    """The database every adapter of this process shares."""
    return client[name]


class DatabaseOnDemand:
    """A database whose driver is imported at the first operation: a fifth of a function's start, often not needed.

    Requests that the edge refuses never need it, and a snapshot carries it anyway. `[name]` answers a
    stand-in of that collection; every operation of it reaches the one real client.
    """

    def __init__(self, open_client: Callable[[], MongoClient[dict[str, Any]]], name: str) -> None:
        self._open_client = open_client
        self._name = name
        self._lock = threading.Lock()
        self._opened: Database[dict[str, Any]] | None = None

    def __getitem__(self, collection: str) -> _CollectionOnDemand:
        return _CollectionOnDemand(self, collection)

    def for_adapters(self) -> Database[dict[str, Any]]:
        """The type that adapters are written for; all they take of it are collections."""
        return cast("Database[dict[str, Any]]", self)

    def opened(self) -> Database[dict[str, Any]]:
        """The real database; only one client is ever made."""
        with self._lock:
            if self._opened is None:
                self._opened = database_of(self._open_client(), self._name)
        return self._opened

    def close(self) -> None:
        """Close the client, if there is one, for good: whoever goes on builds everything anew."""
        if self._opened is not None:
            self._opened.client.close()


class _CollectionOnDemand:
    def __init__(self, database: DatabaseOnDemand, name: str) -> None:
        self._database = database
        self._name = name

    def __getattr__(self, operation: str) -> Any:
        found = getattr(self._database.opened()[self._name], operation)
        setattr(self, operation, found)  # from now on without a detour
        return found


@contextmanager
def reading() -> Iterator[None]:
    """Translate a failed read: nothing happened, ask again."""
    from pymongo.errors import OperationFailure, PyMongoError

    with traced("MongoDB"):
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

    with traced("MongoDB", flags=_answer_or_fault):
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


def _answer_or_fault(error: Exception) -> Mapping[str, bool]:
    from pymongo.errors import DuplicateKeyError

    return {} if isinstance(error, DuplicateKeyError) else FAULT


# Codes with which a server says "not now": failover, shutdown, time limits, lost cursors, write concern not met in time.
_NOT_NOW = {6, 7, 43, 50, 64, 89, 91, 189, 237, 262, 9001, 10107, 11600, 11602, 13435, 13436}


def _refused_by_server(error: Any) -> Exception:
    if error.timeout or error.code in _NOT_NOW or error.has_error_label("RetryableWriteError"):
        return OutcomeUnknown("The database did not acknowledge", code="database_unavailable")
    return InvariantBroken(f"the database refused an operation: code {error.code}")
