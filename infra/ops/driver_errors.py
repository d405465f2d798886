"""What a person may read of a database's error, and what to look at.

A driver's own text can hold the URI and what is secret in it, so that only its kind is told.
"""

from __future__ import annotations

from typing import Final

from pymongo.errors import ConfigurationError, ConnectionFailure, InvalidName, OperationFailure, PyMongoError

from shared.domain.errors import ArenaError

_NOT_LOGGED_IN: Final = (18, 8000)
"""AuthenticationFailed, and Atlas's own word for it."""
_NOT_ALLOWED: Final = 13


def reason(error: ArenaError | PyMongoError) -> str:
    """Our own sentence, or what the driver's error behind it means."""
    if isinstance(error, PyMongoError):
        return f"{_meaning(error)} ({type(error).__name__})"
    behind = error.__cause__
    return reason(behind) if isinstance(behind, PyMongoError) else error.detail


def _meaning(error: PyMongoError) -> str:
    if isinstance(error, ConfigurationError):
        return "the driver takes no such URI, or its host has no address"
    if isinstance(error, InvalidName):
        return "a database cannot have this name; a stage's is arena_<stage>"
    if isinstance(error, ConnectionFailure):
        return "no server of the URI answered: does it run, and does it let this address in?"
    code = error.code if isinstance(error, OperationFailure) else None
    if code in _NOT_LOGGED_IN:
        return "the database does not know this user with this password"
    if code == _NOT_ALLOWED:
        return "the database does not let this user do that: infra/mongo/roles.json"
    return "the database refused"
