"""Fakes of everything a claim meets, passing the same contract suites as the real adapters."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from nacl.signing import SigningKey as Ed25519Key

from shared.domain.claims import Claim
from shared.domain.errors import Unavailable
from shared.domain.signing_policy import Approval
from shared.ports import JournalEntry, SignerAnswer, WalletName


class FakeClaimStore:
    """ports.ClaimStore in memory."""

    def __init__(self) -> None:
        self.claims: dict[str, Claim] = {}
        self._lock = threading.Lock()

    def insert(self, claim: Claim) -> None:
        self.claims.setdefault(claim.terms.id, claim)

    def read(self, claim_id: str) -> Claim | None:
        return self.claims.get(claim_id)

    def replace(self, claim: Claim, *, expected_revision: int) -> bool:
        with self._lock:
            current = self.claims.get(claim.terms.id)
            if current is None or current.revision != expected_revision:
                return False
            self.claims[claim.terms.id] = claim
            return True

    def of_account(self, account: str) -> list[Claim]:
        return [claim for claim in self.claims.values() if claim.terms.account == account]

    def open_claims(self, *, limit: int) -> list[Claim]:
        return [claim for claim in self.claims.values() if claim.is_open][:limit]

    def in_state(self, state: str, *, limit: int) -> list[Claim]:
        return [claim for claim in self.claims.values() if claim.state == state][:limit]


class FakeApprovalStore:
    """ports.ApprovalStore in memory."""

    def __init__(self) -> None:
        self.approvals: dict[str, Approval] = {}

    def read(self, claim_id: str) -> Approval | None:
        return self.approvals.get(claim_id)

    def write(self, claim_id: str, approval: Approval) -> None:
        self.approvals[claim_id] = approval


class FakeSigningJournal:
    """ports.SigningJournal in memory; `history` keeps every version that ever won."""

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
    """ports.SignerLimits in memory: each day's claims with their credits."""

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
    """ports.SignerAudit in memory."""

    def __init__(self) -> None:
        self.records: list[Mapping[str, Any]] = []

    def append(self, record: Mapping[str, Any]) -> None:
        self.records.append(dict(record))

    @property
    def decisions(self) -> list[tuple[str, str]]:
        return [(record["decision"], record["rule"]) for record in self.records]


class FakeWalletNames:
    """ports.WalletNames in memory."""

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


class FakeSigningKey:
    """ports.SigningKey with a key of this process; `failure` is raised, `is_lying` signs something else."""

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


class FakeClaimSigner:
    """ports.ClaimSigner: the signer's own work in this process; `is_away` makes it unreachable."""

    def __init__(self, sign_claim: Callable[[str], SignerAnswer]) -> None:
        self._sign_claim = sign_claim
        self.is_away = False
        self.asked: list[str] = []

    def request_signature(self, claim_id: str) -> SignerAnswer:
        self.asked.append(claim_id)
        if self.is_away:
            raise Unavailable("The fake signer is away", code="signer_unavailable")
        return self._sign_claim(claim_id)
