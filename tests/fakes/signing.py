"""A signer's key, journal, limit and audit in memory."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from nacl.signing import SigningKey as Ed25519Key

from shared.domain.errors import Unavailable
from shared.ports.signing import JournalEntry


class FakeSigningKey:
    """ports.signing.SigningKey with a key of this process; `failure` is raised, `is_lying` signs something else."""

    def __init__(self, seed: bytes | None = None) -> None:
        self._key = Ed25519Key.generate() if seed is None else Ed25519Key(seed)
        self.failure: Unavailable | None = None
        self.is_lying = False
        self.signed: list[bytes] = []

    @property
    def key_id(self) -> str:
        return "fake-key"

    def public_key(self) -> bytes:
        return bytes(self._key.verify_key)

    def sign(self, message: bytes) -> bytes:
        if self.failure is not None:
            raise self.failure
        self.signed.append(message)
        return self._key.sign(message + (b"!" if self.is_lying else b"")).signature


class FakeSigningJournal:
    """ports.signing.SigningJournal in memory; `history` keeps every version that ever won."""

    def __init__(self) -> None:
        self.entries: dict[str, JournalEntry] = {}
        self.history: list[JournalEntry] = []
        self._lock = threading.Lock()

    def read(self, journal_id: str) -> JournalEntry | None:
        return self.entries.get(journal_id)

    def insert(self, entry: JournalEntry) -> bool:
        with self._lock:
            if entry.id in self.entries:
                return False
            self._store(entry)
            return True

    def replace(self, entry: JournalEntry, *, expected_generation: int) -> bool:
        with self._lock:
            current = self.entries.get(entry.id)
            if current is None or current.generation != expected_generation:
                return False
            self._store(entry)
            return True

    def _store(self, entry: JournalEntry) -> None:
        self.entries[entry.id] = entry
        self.history.append(entry)


class FakeSignerLimits:
    """ports.signing.SignerLimits in memory: each day's claims with their credits."""

    def __init__(self) -> None:
        self.days: dict[str, dict[str, int]] = {}
        self._lock = threading.Lock()

    def take(self, *, day: str, claim_id: str, credits: int, cap: int) -> bool:
        with self._lock:
            claims = self.days.setdefault(day, {})
            if claim_id in claims:
                return True
            if sum(claims.values()) + credits > cap:
                return False
            claims[claim_id] = credits
            return True


class FakeSignerAudit:
    """ports.signing.SignerAudit in memory."""

    def __init__(self) -> None:
        self.records: list[Mapping[str, Any]] = []

    def append(self, record: Mapping[str, Any]) -> None:
        self.records.append(dict(record))

    @property
    def decisions(self) -> list[tuple[str, str]]:
        return [(record["decision"], record["rule"]) for record in self.records]
