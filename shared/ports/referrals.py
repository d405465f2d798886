"""Who owns which referral code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ReferralCode:
    """A code as it was taken: by which account, and when."""

    code: str
    account: str
    taken_ms: int


class ReferralCodes(Protocol):
    """Global uniqueness of referral codes: inserted before the row that relies on it."""

    def take(self, code: str, account: str, *, now_ms: int) -> str:
        """Insert the code for the account unless taken; return the account that owns it now."""
        ...

    def owner(self, code: str) -> str | None: ...

    def release(self, code: str, account: str) -> None:
        """Delete the code if it is this account's."""
        ...

    def taken_between(self, *, from_ms: int, until_ms: int, limit: int) -> list[ReferralCode]:
        """The first `limit` codes taken with from_ms <= instant < until_ms, by instant."""
        ...
