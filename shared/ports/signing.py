"""What signing needs: the key, the journal it shares with refunds, the global limit and the audit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

JournalState = Literal["intent", "signed", "void"]


class SigningKey(Protocol):
    """An Ed25519 key whose private half we may not see."""

    @property
    def key_id(self) -> str: ...

    def public_key(self) -> bytes:
        """The 32 raw bytes."""
        ...

    def sign(self, message: bytes) -> bytes:
        """64 bytes, pure Ed25519, of a message of 1 to 4,096 bytes.

        Raises Unavailable `kms_unavailable`, `kms_key_disabled`, `kms_access_denied` or
        `kms_key_not_found`; never returns anything else.
        """
        ...


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """The one document a signer and a refunder compete for, per (network, vault, recipient, seqno).

    `state`: intent (written before signing; counts as signed), signed, or void (never to be signed).
    `generation` rises by one with every change and guards it.
    """

    id: str
    claim_id: str
    state: JournalState
    payload_hash: str
    valid_until_s: int
    signature: str = ""
    generation: int = 1


class SigningJournal(Protocol):
    """Write-ahead journal of signatures; both writes say whether this writer won."""

    def read(self, journal_id: str) -> JournalEntry | None: ...

    def insert(self, entry: JournalEntry) -> bool: ...

    def replace(self, entry: JournalEntry, *, expected_generation: int) -> bool:
        """Store the entry, whose generation is the expected one plus one, if nobody changed it since."""
        ...


class SignerLimits(Protocol):
    """The signer's own global limit of credits per UTC day, in a collection nobody else writes."""

    def take(self, *, day: str, claim_id: str, credits: int, cap: int) -> bool:
        """Count the claim's credits unless they would pass `cap`, in one write; False when they would.

        A claim counts once a day however often it is asked for: a client that repeats itself cannot use
        up what others may claim.
        """
        ...


class SignerAudit(Protocol):
    """Append-only: one record per decision of the signer, refusals too."""

    def append(self, record: Mapping[str, Any]) -> None: ...
