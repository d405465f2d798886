"""Looking at the vault each minute: what it holds against what is owed, and whom it paid against what was signed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from shared.domain.calendar import MS_PER_SECOND
from shared.domain.errors import InvariantBroken, Unavailable
from shared.domain.money import INT64_MAX
from shared.domain.observations import VAULT, Observation
from shared.domain.ton.address import stored_address
from shared.domain.ton.claim_payload import ClaimPayload, payload_hash
from shared.domain.vault_watch import VaultFacts, broken_rules
from shared.services.promised_claims import promised_claims

if TYPE_CHECKING:
    from shared.domain.claims import VaultIdentity
    from shared.domain.ton_views import Delivery, VaultAccount
    from shared.ports.chain import Chain
    from shared.ports.claims import ClaimStore
    from shared.ports.clock import Clock
    from shared.ports.game_configs import GameConfigs
    from shared.ports.ledger import LedgerStore
    from shared.ports.observations import Observations
    from shared.ports.signing import SigningJournal
    from shared.ports.watermarks import Watermarks

WATERMARK: Final = "vault_outflow"
FIRST_LOOKBACK_MS: Final = 24 * 3600 * MS_PER_SECOND
OVERLAP_MS: Final = 15 * 60 * MS_PER_SECOND
"""The index may show a transfer late; one that was judged already is judged alike again."""
CATCH_UP_MS: Final = 2 * 3600 * MS_PER_SECOND
"""After a longer time without a look the newest hours are judged each minute, and as many of the oldest."""
OPEN_CLAIMS: Final = 10_000

Report = Callable[[str, Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True)
class VaultWatch:
    """What watching needs; `public_key` is the pinned key in hex, `pause_claims` stops every new signature."""

    chain: Chain
    store: LedgerStore
    claims: ClaimStore
    journal: SigningJournal
    watermarks: Watermarks
    observations: Observations
    configs: GameConfigs
    clock: Clock
    allowed: VaultIdentity
    code_hash: str
    public_key: str
    pause_claims: Callable[[], None]
    report: Report


@dataclass(slots=True)
class WatchTally:
    """What one look found: broken rules by name, transfers judged, and those nobody signed."""

    broken: list[str] = field(default_factory=list)
    outflows: int = 0
    unknown_outflows: int = 0
    undecided: int = 0


def watch_vault(watch: VaultWatch) -> WatchTally:
    """Report every rule the vault breaks and every transfer nobody signed; stop claims where that is grave.

    A provider that does not answer decides nothing; the next minute looks again. What was seen is noted
    after it acted: a crash in between leaves the last look standing, and its age growing.
    """
    tally = WatchTally()
    began_ms = watch.clock.now_ms()
    try:
        account = watch.chain.vault_account()
        seen = _judge_account(watch, account, tally)
        watch.observations.note(Observation(VAULT, began_ms, seen))
        _judge_outflows(watch, account, tally)
    except Unavailable as error:
        tally.undecided += 1
        watch.report("vault_unwatched", {"code": error.code})
    return tally


def _judge_account(watch: VaultWatch, account: VaultAccount, tally: WatchTally) -> Mapping[str, int]:
    # Read after the vault: a claim paid in between is counted as owed still, never the other way round.
    claims = watch.claims.open_claims(limit=OPEN_CLAIMS)
    open_units = sum(claim.terms.units for claim in promised_claims(watch.store, claims))
    day_credits = watch.configs.current().economy.claim_max_aiba_per_day
    facts = VaultFacts(
        account=account,
        allowed=watch.allowed,
        code_hash=watch.code_hash,
        public_key=watch.public_key,
        open_units=open_units,
        day_units=day_credits * watch.allowed.units_per_credit,
    )
    measured = facts.numbers()
    watch.report("vault", measured)
    broken = broken_rules(facts)
    tally.broken = [rule.id for rule in broken]
    for rule in broken:
        watch.report(rule.id, measured)
    if any(rule.stops_claims for rule in broken):
        watch.pause_claims()
    return measured


def _judge_outflows(watch: VaultWatch, account: VaultAccount, tally: WatchTally) -> None:
    now_ms = watch.clock.now_ms()
    since_ms = (watch.watermarks.read(WATERMARK) or now_ms - FIRST_LOOKBACK_MS) - OVERLAP_MS
    judged_ms = min(now_ms, since_ms + CATCH_UP_MS)
    deliveries = list(watch.chain.deliveries(since_s=max(since_ms, now_ms - CATCH_UP_MS) // MS_PER_SECOND))
    if judged_ms < now_ms:
        since_s, until_s = since_ms // MS_PER_SECOND, judged_ms // MS_PER_SECOND
        deliveries += watch.chain.deliveries(since_s=since_s, until_s=until_s)
    for delivery in _paid(deliveries, owner=account.owner):
        tally.outflows += 1
        if not _was_signed(watch, delivery):
            tally.unknown_outflows += 1
            facts = {
                "recipient": delivery.recipient,
                "units": delivery.amount_units,
                "seqno": delivery.query_id,
            }
            watch.report("vault_unknown_outflow", facts)
            watch.pause_claims()
    watch.watermarks.write(WATERMARK, judged_ms)


def _paid(deliveries: Iterable[Delivery], *, owner: str) -> Iterable[Delivery]:
    """Transfers that happened, but for the owner's withdrawals to itself."""
    return (each for each in deliveries if not each.is_aborted and each.recipient != owner)


def _was_signed(watch: VaultWatch, delivery: Delivery) -> bool:
    """Whether the journal knows a signature for exactly this payment: it is written before any signing.

    The claim's own document is not asked: others may write it. An entry that cannot be read knows nothing.
    """
    vault = watch.allowed
    try:
        entry = watch.journal.read(f"{vault.network}:{vault.vault}:{delivery.recipient}:{delivery.query_id}")
    except InvariantBroken:
        return False
    if entry is None or entry.state == "void" or delivery.amount_units > INT64_MAX:
        return False
    paid = ClaimPayload(
        vault=stored_address(vault.vault),
        jetton_master=stored_address(vault.jetton_master),
        to=stored_address(delivery.recipient),
        amount_units=delivery.amount_units,
        seqno=delivery.query_id,
        valid_until_s=entry.valid_until_s,
    )
    return payload_hash(paid).hex() == entry.payload_hash
