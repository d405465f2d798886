"""The outside world in our words; adapters implement these, services depend on nothing else."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:  # a function that plays battles must not pay for the words of claims
    from shared.domain.boards import BoardEntry, BoardSummary, Standing
    from shared.domain.budgets import BudgetPlan
    from shared.domain.claims import Claim, ClaimState
    from shared.domain.fairness import FairnessRecord
    from shared.domain.game_config import GameConfig
    from shared.domain.ledger import Hold, Row
    from shared.domain.player import Player
    from shared.domain.row_heads import RowHead
    from shared.domain.signing_policy import Approval
    from shared.domain.ton_views import ClaimRejection, Delivery, VaultAccount, VaultSnapshot


class Clock(Protocol):
    """UTC now. Locally shifted by the stack's one clock offset, never in production."""

    def now_ms(self) -> int: ...


@dataclass(frozen=True, slots=True)
class BudgetShard:
    """One shard of an emission budget: `<name>:<period>:<shard>`, `available` of `cap` units left."""

    id: str
    cap: int
    available: int


class LedgerStore(Protocol):
    """Single-document operations on ledger, players and budgets; the protocol over them is a service.

    Every method raises Unavailable when the store did not answer. Writes whose acknowledgement was
    lost raise OutcomeUnknown. No method retries: repeating is a decision of the protocol.
    """

    def read_player(self, player_id: str) -> Player | None: ...

    def create_player(self, player_id: str, *, now_ms: int) -> None:
        """Insert at seq 0; a duplicate means the player exists already and is fine."""
        ...

    def row_by_key(self, key: str) -> Row | None: ...

    def row_at(self, account: str, seq: int) -> Row | None: ...

    def rows_at(self, account: str, seqs: Sequence[int]) -> list[Row]:
        """The rows of these seqs that exist, in seq order: one find by `_id`."""
        ...

    def rows_with_ids(self, ids: Sequence[str]) -> list[Row]:
        """Those of these rows that exist, of any accounts, in no promised order."""
        ...

    def players_with_ids(self, ids: Sequence[str]) -> list[Player]:
        """Those of these players that exist, in no promised order."""
        ...

    def seqs_of(self, ids: Sequence[str]) -> Mapping[str, int]:
        """The seq of each of these players that exists, and nothing else of them."""
        ...

    def insert_row(self, row: Row) -> bool:
        """True when inserted, False when its `_id` or key is taken already (never says which)."""
        ...

    def project_row(self, row: Row) -> None:
        """Apply the row to its player where seq is the row's minus one; no match means done already."""
        ...

    def take_hold(self, hold: Hold) -> bool:
        """Lower `available` by the amount if it is there; False when it is not (or no such shard)."""
        ...

    def give_back(self, hold: Hold) -> None: ...

    def budget_shards(self, group: str) -> list[BudgetShard]:
        """All shards of one budget of one period; `group` is `<name>:<period>`."""
        ...

    def ensure_budget(self, group: str, plan: BudgetPlan) -> list[BudgetShard]:
        """Create the budget unless it exists, and return its shards.

        The plan is a document of its own, inserted first: of two instances with different
        configurations one fixes the plan and both create the same shards from it.
        """
        ...

    def add_shard(self, group: str, name: str, *, cap: int) -> None:
        """Insert the shard `<group>:<name>` with all of its cap available; existing ones stay."""
        ...

    def lower_shard(self, shard_id: str, *, amount: int, name: str) -> int:
        """Take `amount` out of the shard's cap and of what is available, together and once per `name`.

        Answers what was taken under that name, now or before: 0 while less than `amount` is available.
        `name` has letters, digits and underscores alone.
        """
        ...

    def open_rows(self, *, limit: int) -> list[Row]:
        """First halves of transfers that nobody has finished yet."""
        ...

    def close_row(self, row: Row) -> None: ...

    def rows_between(self, *, from_ms: int, until_ms: int) -> Iterable[Row]:
        """Rows with from_ms <= ts < until_ms, in no promised order, streamed."""
        ...

    def heads_between(self, *, from_ms: int, until_ms: int, limit: int) -> list[RowHead]:
        """The first `limit` of the rows with from_ms <= ts < until_ms, by ts."""
        ...


class GameConfigs(Protocol):
    """The one configuration document; `current` may be at most 3 s old."""

    def current(self) -> GameConfig: ...


@dataclass(frozen=True, slots=True)
class LimitCheck:
    """One token bucket: at most `limit` in `window_s` seconds for `subject` under `policy`."""

    policy: str
    subject: str
    limit: int
    window_s: int


@dataclass(frozen=True, slots=True)
class LimitVerdict:
    """All-or-nothing answer of a rate-limit check; `policy` is the tightest or the refusing one."""

    is_allowed: bool
    policy: str
    limit: int
    remaining: int
    window_s: int
    retry_after_ms: int
    is_fallback: bool = False


class RateLimiter(Protocol):
    """Shared token buckets, checked in one round trip; raises Unavailable when the store is down."""

    def check(self, checks: Sequence[LimitCheck]) -> LimitVerdict: ...


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


class Chain(Protocol):
    """TON as the backend needs it; every answer is read at one pinned masterchain block."""

    def network_id(self) -> int:
        """-239 mainnet, -3 testnet, as the network itself reports it."""
        ...

    def vault_snapshot(self, recipient: str) -> VaultSnapshot:
        """Vault state and getLastSeqno(recipient) in ONE pinned state; any doubt raises Unavailable."""
        ...

    def vault_account(self) -> VaultAccount: ...

    def deliveries(self, *, since_s: int) -> Sequence[Delivery]:
        """Jetton transfers out of the vault since then; shows that one happened, never that none did."""
        ...

    def rejections(self, *, since_s: int) -> Sequence[ClaimRejection]:
        """Claims the vault refused since then, newest first, as far as one answer goes; proves nothing."""
        ...


class Secrets(Protocol):
    """Values behind `ssm:/path` and `secretsmanager:name#field` references."""

    def resolve(self, references: Collection[str]) -> Mapping[str, str]:
        """Reference -> value, together; a reference behind which there is nothing is left out.

        Raises Unavailable, naming references alone, when a store did not answer or denied the reading.
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
    state: Literal["intent", "signed", "void"]
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


class ApprovalStore(Protocol):
    """Administrators' approvals of claims, one per claim."""

    def read(self, claim_id: str) -> Approval | None: ...

    def write(self, claim_id: str, approval: Approval) -> None:
        """Insert, or replace an earlier (expired) approval of the same claim."""
        ...


class ClaimStore(Protocol):
    """Claims' current state. Derived from ledger rows and guarded by revision; never a source of money."""

    def insert(self, claim: Claim) -> None:
        """Insert unless it exists already."""
        ...

    def read(self, claim_id: str) -> Claim | None: ...

    def replace(self, claim: Claim, *, expected_revision: int) -> bool:
        """Store the claim, whose revision is the expected one plus one, if nobody changed it since."""
        ...

    def of_account(self, account: str) -> list[Claim]: ...

    def open_claims(self, *, limit: int) -> list[Claim]:
        """Claims whose escrow still waits, in no promised order."""
        ...


@dataclass(frozen=True, slots=True)
class WalletName:
    """A linked wallet's global name, `<network>:<raw address>`, and who took it last, by which ticket."""

    name: str
    account: str
    ticket: str
    taken_ms: int


class WalletNames(Protocol):
    """Global uniqueness of linked wallets: `<network>:<raw address>` belongs to one account.

    Every taking renews the name's ticket, and only the ticket it was last taken with releases it: a
    late release can never drop a name that was taken again meanwhile.
    """

    def take(self, name: str, account: str, *, ticket: str, now_ms: int) -> str:
        """Take the name unless another account has it; return the account that has it now."""
        ...

    def release(self, name: str, account: str, *, ticket: str, now_ms: int) -> None:
        """Delete the name if this account took it last with this ticket.

        A name the account took with another ticket stays, as if taken now: the janitor looks again.
        """
        ...

    def owner(self, name: str) -> str | None: ...

    def taken_between(self, *, from_ms: int, until_ms: int, limit: int) -> list[WalletName]:
        """The first `limit` names taken (or looked at again) at from_ms <= instant < until_ms, by instant."""
        ...


class Challenges(Protocol):
    """Nonces for ton_proof: bound to one player, single use, expiring."""

    def create(self, nonce: str, *, account: str, expires_ms: int) -> None: ...

    def consume(self, nonce: str, *, account: str, now_ms: int) -> bool:
        """Use the nonce up, atomically; False when unknown, another player's, expired or used."""
        ...


@dataclass(frozen=True, slots=True)
class SignerAnswer:
    """What the signer decided about a claim: a state of the claim, and the rule that decided.

    `is_final` says that asking again cannot help; `code` is None when signed.
    """

    state: ClaimState
    rule: str
    code: str | None = None
    is_final: bool = False


class ClaimSigner(Protocol):
    """The private signer, told nothing but a claim's id; it re-reads everything itself."""

    def request_signature(self, claim_id: str) -> SignerAnswer: ...


class FairnessStore(Protocol):
    """Commitments of each day's chance and, once the day is over, its seeds; nothing else ever changes."""

    def epochs(self, day: str) -> list[FairnessRecord]:
        """The records of a UTC day, the one that counts last; at most ten."""
        ...

    def of_days(self, days: Sequence[str]) -> list[FairnessRecord]:
        """Each day's first record, for the days that have one, in the order asked for."""
        ...

    def insert(self, record: FairnessRecord) -> None:
        """Insert unless the epoch exists already: a commitment is made once."""
        ...

    def publish(self, epoch: str, *, seed: str) -> None:
        """Set the epoch's seed unless it is public already."""
        ...


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


class Watermarks(Protocol):
    """Until which instant (ms) a scheduled task has seen everything; 0 when it never ran."""

    def read(self, name: str) -> int: ...

    def write(self, name: str, until_ms: int) -> None: ...


class BoardStore(Protocol):
    """Leaderboards: derived from rows, never decided on; a standing only moves forward in seq."""

    def standings(self, accounts: Sequence[str]) -> list[Standing]:
        """Those of these accounts' standings that exist, in no promised order."""
        ...

    def insert(self, standings: Sequence[Standing]) -> bool:
        """Insert each that its account has none of yet; True when that were all of them."""
        ...

    def replace(self, standing: Standing, *, expected_seq: int) -> bool:
        """Store the standing if its account's seq is still the expected one."""
        ...

    def below(self, board: str, rank_key: str, *, limit: int) -> list[BoardEntry]:
        """Entries of the board after this key, best first; an empty key is before all of them."""
        ...

    def above(self, board: str, rank_key: str, *, limit: int) -> list[BoardEntry]:
        """Entries of the board before this key, nearest first."""
        ...

    def rank_keys(self, board: str) -> Iterable[str]:
        """Every entry's key, best first, streamed."""
        ...

    def summary(self, board: str) -> BoardSummary | None: ...

    def store_summary(self, summary: BoardSummary) -> None:
        """Store it in the place of the one of the day or week before."""
        ...
