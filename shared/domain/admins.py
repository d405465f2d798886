"""Administrators: who they are, and the one table of which role may do what."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from shared.domain.errors import Refused

Role = Literal["owner", "economist", "support", "viewer"]
Action = Literal[
    "session",
    "config.read",
    "config.change",
    "limits.change",
    "game.pause",
    "game.resume",
    "players.read",
    "players.note",
    "players.ban",
    "players.adjust",
    "adjustments.confirm",
    "claims.read",
    "claims.decide",
    "reports.read",
    "exports.read",
    "audit.read",
    "admins.read",
    "admins.change",
]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
OWNER_ID: Final = "owner"
"""The administrator of the environment's ADMIN_EMAIL; the only one who exists without a document."""

_EVERYBODY: Final = frozenset(ROLES)
_MONEY: Final = frozenset[Role]({"owner", "economist"})
_PLAYERS: Final = frozenset[Role]({"owner", "economist", "support"})
_OWNER: Final = frozenset[Role]({"owner"})

PERMISSIONS: Final[Mapping[Action, frozenset[Role]]] = {
    "session": _EVERYBODY,
    "config.read": _EVERYBODY,
    "config.change": _MONEY,
    "limits.change": _OWNER,
    # Stopping is always safe, starting again is not: whoever sees the fire may pull the alarm.
    "game.pause": _PLAYERS,
    "game.resume": _MONEY,
    "players.read": _EVERYBODY,
    "players.note": _PLAYERS,
    "players.ban": frozenset({"owner", "support"}),
    "players.adjust": _PLAYERS,
    "adjustments.confirm": _MONEY,
    "claims.read": _EVERYBODY,
    "claims.decide": _MONEY,
    "reports.read": _EVERYBODY,
    "exports.read": _MONEY,
    "audit.read": frozenset({"owner", "economist", "viewer"}),
    "admins.read": _OWNER,
    "admins.change": _OWNER,
}

PASSWORD_LENGTH_MIN: Final = 12
PASSWORD_BYTES_MAX: Final = 72
"""bcrypt reads no further; a longer password would be cut without a word."""
_EMAIL = re.compile(r"[a-z0-9._%+-]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+\Z", re.ASCII)
_EMAIL_LENGTH_MAX: Final = 254


@dataclass(frozen=True, slots=True)
class Admin:
    """An administrator now; `email` is lower case, `revision` guards changes of the document.

    `generation` rises when all sessions are to end. `changed_by` are the audit records of the
    last changes, the newest last.
    """

    id: str
    email: str
    role: Role
    password_hash: str = field(repr=False)
    generation: int = 1
    is_active: bool = True
    created_ms: int = 0
    revision: int = 1
    changed_by: tuple[str, ...] = ()

    def epoch(self) -> str:
        """What a session is bound to: another password or generation, and it is over.

        A bcrypt hash holds 128 bits of salt, so that its hash tells nothing about the password.
        """
        return hashlib.sha256(f"{self.generation}:{self.password_hash}".encode()).hexdigest()[:24]


def check_permission(role: Role, action: Action) -> None:
    """Raise Refused `forbidden` unless the table allows it."""
    if role not in PERMISSIONS[action]:
        raise Refused("Your role may not do that", code="forbidden", extra={"action": action, "role": role})


def actions_of(role: Role) -> list[Action]:
    """Everything the role may do, in the table's order."""
    return [action for action in ACTIONS if role in PERMISSIONS[action]]


def normal_email(text: str) -> str:
    """The one spelling of an address. Raises Refused `invalid_email`."""
    email = text.strip().lower()
    if len(email) > _EMAIL_LENGTH_MAX or _EMAIL.match(email) is None:
        raise Refused("This is not an e-mail address", code="invalid_email", extra={"field": "email"})
    return email


def check_new_password(password: str) -> None:
    """Raise Refused `weak_password` unless it has 12 characters or more, at most 72 bytes, five different."""
    if (
        len(password) < PASSWORD_LENGTH_MIN
        or len(password.encode()) > PASSWORD_BYTES_MAX
        or "\0" in password
        or len(set(password)) < 5
    ):
        raise Refused(
            "A password has 12 characters or more, at most 72 bytes, and at least five different ones",
            code="weak_password",
            extra={"field": "password"},
        )
