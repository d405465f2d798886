"""A player asks for tokens: escrow first, then the signer, and the same key continues where it stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from shared.domain.calendar import MS_PER_SECOND
from shared.domain.claim_decision import ClaimWish, SeenSeqno, claim_refusal, decide_claim, known_seqno
from shared.domain.claims import (
    CLAIM_KIND,
    Claim,
    VaultIdentity,
    check_promised,
    claim_of_row,
    refunded_effect,
    settle_name,
)
from shared.domain.errors import Refused, Unavailable, ensure
from shared.domain.ledger import SYSTEM_FINGERPRINT, Decision, Declined, client_key, system_key
from shared.ports.claims import ClaimSigner, ClaimStore, SignerAnswer
from shared.services.commit import CAP_REACHED, Committer, Decide, DecisionContext
from shared.services.signing_ballot import Ballot, can_never_be_signed

if TYPE_CHECKING:
    from shared.ports.chain import Chain
    from shared.ports.game_configs import GameConfigs
    from shared.ports.signing import SigningJournal

ASKING_STATES: Final = ("reserved", "approved", "awaiting_approval")
LOOKING_STATES: Final = ("approved",)
"""A person's yes is worth nothing unsigned; for any other claim a look changes nothing at the signer."""
SIGNER_AWAY: Final = "signer_unavailable"
"""What the player is told whatever the signer lacks: its key, its store or itself. The signer's audit knows."""


@dataclass(frozen=True, slots=True)
class ClaimDesk:
    """What claiming needs; one per process of the claim function, which only reads the journal."""

    committer: Committer
    claims: ClaimStore
    journal: SigningJournal
    configs: GameConfigs
    chain: Chain
    signer: ClaimSigner
    vault: VaultIdentity


@dataclass(frozen=True, slots=True)
class ClaimProgress:
    """A claim as it stands now; `signer` is None when the signer was not asked or gave a signature."""

    claim: Claim
    is_replay: bool
    signer: SignerAnswer | None = None


def request_claim(
    desk: ClaimDesk, *, account: str, credits: int, key: str, fingerprint: str
) -> ClaimProgress:
    """Reserve `credits` AIBA and ask for the signature; safe to repeat with the same key for ever.

    Raises Refused with the recorded refusal; Unavailable `claims_paused` with nothing recorded, or when
    the chain or a store is away before the row. Once the row stands neither a pause nor a signer that is
    away hides the claim: it stays `reserved`, and the same key asks again.
    """
    stored_key = client_key(account, key)
    if desk.committer.store.row_by_key(stored_key) is not None:
        decide: Decide = _never_reached
    else:
        if desk.configs.current().paused.claims:
            raise Unavailable("Claims are paused", code="claims_paused")
        decide = _decider(desk, ClaimWish(credits, stored_key, _seen_seqno(desk, account, credits=credits)))
    outcome = desk.committer.commit(
        account=account, key=stored_key, fingerprint=fingerprint, decide=decide, scope="withdraw"
    )
    outcome.answer()  # raises the recorded refusal
    claim = claim_of_row(outcome.row)
    desk.claims.insert(claim)
    return continue_claim(desk, account=account, claim_id=claim.terms.id, is_replay=outcome.is_replay)


def _decider(desk: ClaimDesk, wish: ClaimWish) -> Decide:
    def decide(context: DecisionContext) -> Decision:
        return decide_claim(
            context.player,
            wish,
            economy=context.config.economy,
            vault=desk.vault,
            now_ms=context.now_ms,
            is_capped=context.emission_block == CAP_REACHED,
        )

    return decide


def _never_reached(context: DecisionContext) -> Decision:  # noqa: ARG001 - the key's row answers before
    return Declined(CLAIM_KIND, "claim_unknown", "This key was answered before")


def continue_claim(desk: ClaimDesk, *, account: str, claim_id: str, is_replay: bool) -> ClaimProgress:
    """The claim's current state, with a signature asked for when it still lacks one.

    For the request that made the claim, and its repetitions. Raises Refused `claim_unknown` for a claim
    that does not exist or is another player's.
    """
    return _progress(desk, account=account, claim_id=claim_id, asking=ASKING_STATES, is_replay=is_replay)


def look_at_claim(desk: ClaimDesk, *, account: str, claim_id: str) -> ClaimProgress:
    """The claim's current state; a signature is asked for only if the claim was approved meanwhile.

    Raises Refused `claim_unknown` for a claim that does not exist or is another player's.
    """
    return _progress(desk, account=account, claim_id=claim_id, asking=LOOKING_STATES, is_replay=True)


def _progress(
    desk: ClaimDesk, *, account: str, claim_id: str, asking: Sequence[str], is_replay: bool
) -> ClaimProgress:
    claim = read_claim(desk, account=account, claim_id=claim_id)
    answer: SignerAnswer | None = None
    if claim.state in asking:
        answer = _ask_signer(desk, claim)
        claim = read_claim(desk, account=account, claim_id=claim_id)
    if claim.state == "refused":
        claim = _refund_refused(desk, claim)
    return ClaimProgress(claim, is_replay, None if answer is None or answer.code is None else answer)


def read_claim(desk: ClaimDesk, *, account: str, claim_id: str) -> Claim:
    """One claim of this player; another player's is as unknown as one that does not exist."""
    claim = desk.claims.read(claim_id)
    if claim is None or claim.terms.account != account:
        raise Refused("There is no such claim", code="claim_unknown")
    return claim


def _ask_signer(desk: ClaimDesk, claim: Claim) -> SignerAnswer:
    """The claim stands whether or not the signer answers, so its absence is an answer of its own."""
    try:
        return desk.signer.request_signature(claim.terms.id)
    except Unavailable:
        return SignerAnswer(state=claim.state, rule=SIGNER_AWAY, code=SIGNER_AWAY)


def _refund_refused(desk: ClaimDesk, claim: Claim) -> Claim:
    """Give a finally refused claim back at once, if the journal says that it can never be signed.

    The claim's own document is not believed about money; without the journal's word settle decides.
    """
    terms = claim.terms
    ballot = Ballot(desk.journal, desk.claims, desk.committer.store)
    if not can_never_be_signed(ballot, terms, desk.journal.read(terms.journal_id)):
        return claim
    check_promised(claim, desk.committer.store.row_at(terms.account, claim.row_seq))
    outcome = desk.committer.commit(
        account=terms.account,
        key=system_key(terms.account, settle_name(terms.id)),
        fingerprint=SYSTEM_FINGERPRINT,
        decide=lambda _: refunded_effect(claim, why=claim.rule, answer={}),
        scope=None,
    )
    ensure(outcome.row.answer["outcome"] == "refunded", "a claim that cannot be signed is never paid")
    refunded = replace(
        claim, state="refunded", settled_ms=outcome.row.ts_ms, reason=claim.rule, revision=claim.revision + 1
    )
    desk.claims.replace(refunded, expected_revision=claim.revision)
    return refunded


def _seen_seqno(desk: ClaimDesk, account: str, *, credits: int) -> SeenSeqno | None:
    """The vault's last seqno for the player's wallet, asked of the chain only when no row knows it.

    A claim that will be refused anyway asks nobody: its refusal needs no seqno, and no provider.
    """
    player = desk.committer.read_player(account)
    now_ms = max(desk.committer.clock.now_ms(), player.ts_ms)
    economy = desk.configs.current().economy
    if claim_refusal(player, credits, economy=economy, vault=desk.vault, now_ms=now_ms) is not None:
        return None
    recipient = player.state["wallet"]["address"]
    if known_seqno(player, vault=desk.vault.vault, recipient=recipient) is not None:
        return None
    snapshot = desk.chain.vault_snapshot(recipient)
    if snapshot.shard_time_s * MS_PER_SECOND <= int(player.state["wallet"]["linkedMs"]):
        # Before the link the wallet may have been somebody else's, and its seqno moved on meanwhile.
        raise Unavailable("The chain's state is older than the wallet's link", code="chain_behind")
    return SeenSeqno(recipient, snapshot.last_seqno)
