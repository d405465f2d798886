"""Wallets' names and challenges in memory."""

from __future__ import annotations

from dataclasses import replace

from shared.adapters.mongo_wallets import FORGOTTEN_AT_ONCE
from shared.ports.wallets import WalletName


class FakeWalletNames:
    """ports.wallets.WalletNames in memory."""

    def __init__(self) -> None:
        self.names: dict[str, WalletName] = {}

    def take(self, name: str, account: str, *, ticket: str, now_ms: int) -> str:
        current = self.names.get(name)
        if current is not None and current.account != account:
            return current.account
        self.names[name] = WalletName(name, account, ticket, now_ms)
        return account

    def release(self, name: str, account: str, *, ticket: str, now_ms: int) -> None:
        current = self.names.get(name)
        if current is None or current.account != account:
            return
        if current.ticket == ticket:
            del self.names[name]
        else:
            self.names[name] = replace(current, taken_ms=now_ms)

    def owner(self, name: str) -> str | None:
        current = self.names.get(name)
        return None if current is None else current.account

    def taken_between(self, *, from_ms: int, until_ms: int, limit: int) -> list[WalletName]:
        found = [name for name in self.names.values() if from_ms <= name.taken_ms < until_ms]
        return sorted(found, key=lambda name: name.taken_ms)[:limit]


class FakeChallenges:
    """ports.wallets.Challenges in memory."""

    def __init__(self) -> None:
        self.open: dict[str, tuple[str, int]] = {}
        self.used: dict[str, tuple[str, int]] = {}

    def create(self, nonce: str, *, account: str, expires_ms: int) -> None:
        self.open[nonce] = (account, expires_ms)

    def consume(self, nonce: str, *, account: str, now_ms: int) -> bool:
        owner, expires_ms = self.open.get(nonce, ("", 0))
        if owner != account or now_ms > expires_ms:
            return False
        del self.open[nonce]
        self.used[nonce] = (owner, expires_ms)
        return True

    def forget_expired(self, *, before_ms: int) -> int:
        kept = (self.open, self.used)
        expired = [
            nonce for held in kept for nonce, (_, expires_ms) in held.items() if expires_ms < before_ms
        ]
        for nonce in expired[:FORGOTTEN_AT_ONCE]:
            self.open.pop(nonce, None)
            self.used.pop(nonce, None)
        return len(expired[:FORGOTTEN_AT_ONCE])
