"""Who an administrator is, and what administrators alone read and change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from shared.domain.adjustments import Proposal
    from shared.domain.admin_session import AdminToken
    from shared.domain.admins import Admin
    from shared.domain.claims import Claim, ClaimState
    from shared.domain.config_changes import ConfigRevision
    from shared.domain.game_config import GameConfig
    from shared.domain.login_attempts import LoginAttempts


class AdminStore(Protocol):
    """Named administrators, changed by compare-and-set on their revision."""

    def read(self, admin_id: str) -> Admin | None: ...

    def by_email(self, email: str) -> Admin | None: ...

    def everybody(self) -> list[Admin]: ...

    def insert(self, admin: Admin) -> bool:
        """False when the id or the address is taken already."""
        ...

    def replace(self, admin: Admin, *, expected_revision: int) -> bool:
        """Store the administrator, whose revision is the expected one plus one; False when somebody was faster."""
        ...


class RevokedTokens(Protocol):
    """Tokens that ended before their time."""

    def revoke(self, token_id: str, *, expires_at_s: int) -> None: ...

    def is_revoked(self, token_id: str) -> bool: ...

    def forget_expired(self, *, now_s: int) -> int:
        """Drop what no longer needs remembering; answers how many."""
        ...


class AttemptStore(Protocol):
    """Counts of wrong logins that outlive every instance."""

    def read(self, unknown: LoginAttempts) -> LoginAttempts:
        """What is known under this name; `unknown` itself when nothing is."""
        ...

    def replace(self, attempts: LoginAttempts, *, expected_revision: int) -> bool:
        """Store the attempts, whose revision is the expected one plus one; False when somebody was faster."""
        ...

    def forget_before(self, since_ms: int) -> int:
        """Drop counts that began before then; answers how many. Run often: it drops some at a time."""
        ...


class Passwords(Protocol):
    """Slow, salted password hashes."""

    def hash(self, password: str) -> str: ...

    def is_right(self, password: str, *, password_hash: str) -> bool:
        """Takes the same time for right and wrong; False for a password that no hash was ever made of."""
        ...

    def work_for_nothing(self, password: str) -> None:
        """As slow as judging a password, for accounts that do not exist."""
        ...


class AdminTokens(Protocol):
    """Signed tokens."""

    def issue(self, token: AdminToken) -> str: ...

    def read(self, text: str, *, now_s: int) -> AdminToken:
        """Raises Refused `token_invalid` or `token_expired`."""
        ...


class ConfigStore(Protocol):
    """The configuration and its history; changed by compare-and-set on its revision."""

    def current(self) -> GameConfig:
        """At most 3 s old."""
        ...

    def latest(self) -> GameConfig:
        """As it is this moment."""
        ...

    def replace_by(self, revision: ConfigRevision, *, expected_revision: int) -> bool:
        """Store a configuration whose revision is the expected one plus one; False when somebody was faster.

        Every revision that ever was current is found by `revisions` for ever.
        """
        ...

    def revisions(self, numbers: Sequence[int]) -> list[ConfigRevision]:
        """Those of these revisions that exist, the newest first."""
        ...


class ProposalStore(Protocol):
    """Adjustments that wait for a second administrator, changed by compare-and-set."""

    def insert(self, proposal: Proposal) -> None:
        """Insert unless it exists already."""
        ...

    def read(self, proposal_id: str) -> Proposal | None: ...

    def replace(self, proposal: Proposal, *, expected_revision: int) -> bool:
        """Store the proposal, whose revision is the expected one plus one; False when somebody was faster."""
        ...

    def pending(self, *, since_ms: int, limit: int) -> list[Proposal]:
        """Undecided ones that were proposed then or later."""
        ...


class PlayerSearch(Protocol):
    """Accounts by what is not their id; exact, each by one index."""

    def with_alias(self, alias: str, *, limit: int) -> list[str]: ...

    def with_wallet(self, address: str) -> list[str]:
        """`address` raw; on whichever network."""
        ...

    def with_referral_code(self, code: str) -> list[str]: ...


class ClaimQueue(Protocol):
    """Claims by their state."""

    def in_state(self, state: ClaimState, *, limit: int) -> list[Claim]:
        """At most `limit` of them, in no promised order."""
        ...
