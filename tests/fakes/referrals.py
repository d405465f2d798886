"""Referral codes in memory."""

from __future__ import annotations

from shared.ports.referrals import ReferralCode


class FakeReferralCodes:
    """ports.referrals.ReferralCodes in memory."""

    def __init__(self) -> None:
        self.taken: dict[str, tuple[str, int]] = {}

    def take(self, code: str, account: str, *, now_ms: int) -> str:
        return self.taken.setdefault(code, (account, now_ms))[0]

    def owner(self, code: str) -> str | None:
        return self.taken[code][0] if code in self.taken else None

    def release(self, code: str, account: str) -> None:
        if self.owner(code) == account:
            del self.taken[code]

    def taken_between(self, *, from_ms: int, until_ms: int, limit: int) -> list[ReferralCode]:
        found = [
            ReferralCode(code, account, instant)
            for code, (account, instant) in self.taken.items()
            if from_ms <= instant < until_ms
        ]
        return sorted(found, key=lambda code: code.taken_ms)[:limit]
