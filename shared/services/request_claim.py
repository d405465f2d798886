"""A player asks for tokens: escrow first, then the signer, and the same key continues where it stopped."""

from __future__ import annotations

from dataclasses import dataclass, replace

from shared.domain.claim_decision import ClaimWish, decide_claim, known_seqno
from shared.domain.claims import Claim, VaultIdentity, claim_of_row, refunded_effect, settle_name
from shared.domain.errors import InvariantBroken, Refused, Unavailable
from shared.domain.ledger import SYSTEM_FINGERPRINT, Decision, client_key, system_key
from shared.ports import Chain, ClaimSigner, ClaimStore, GameConfigs, SignerAnswer
from shared.services.commit import CAP_REACHED, Committer, DecisionContext

ASKING_STATES = ("reserved", "approved", "awaiting_approval")


@dataclass(frozen=True, slots=True)
class ClaimDesk:
    """What claiming needs; one per process of the claim function."""

    committer: Committer
    claims: ClaimStore
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
    the chain or a store is away before the row. Once the row stands, a signer that is away only leaves
    the claim `reserved`: the same key asks again.
    """
    if desk.configs.current().paused.claims:
        raise Unavailable("Claims are paused", code="claims_paused")
    stored_key = client_key(account, key)
    chain_last_seqno = _chain_seqno(desk, account)

    def decide(context: DecisionContext) -> Decision:
        return decide_claim(
            context.player,
            ClaimWish(credits, stored_key, chain_last_seqno),
            economy=context.config.economy,
            vault=desk.vault,
            now_ms=context.now_ms,
            is_capped=context.emission_block == CAP_REACHED,
        )

    outcome = desk.committer.commit(
        account=account, key=stored_key, fingerprint=fingerprint, decide=decide, scope="withdraw"
    )
    outcome.answer()  # raises the recorded refusal
    claim = claim_of_row(outcome.row)
    desk.claims.insert(claim)
    return continue_claim(desk, account=account, claim_id=claim.terms.id, is_replay=outcome.is_replay)


def continue_claim(desk: ClaimDesk, *, account: str, claim_id: str, is_replay: bool = True) -> ClaimProgress:
    """The claim's current state, with a signature asked for when it still lacks one.

    Raises Refused `claim_unknown` for a claim that does not exist or is another player's.
    """
    claim = read_claim(desk, account=account, claim_id=claim_id)
    if claim.state not in ASKING_STATES:
        return ClaimProgress(claim, is_replay)
    answer = desk.signer.request_signature(claim_id)
    claim = read_claim(desk, account=account, claim_id=claim_id)
    if claim.state == "refused":
        claim = refund_unsigned(desk, claim, why=claim.rule)
    return ClaimProgress(claim, is_replay, None if answer.code is None else answer)


def read_claim(desk: ClaimDesk, *, account: str, claim_id: str) -> Claim:
    """One claim of this player; another player's is as unknown as one that does not exist."""
    claim = desk.claims.read(claim_id)
    if claim is None or claim.terms.account != account:
        raise Refused("There is no such claim", code="claim_unknown")
    return claim


def refund_unsigned(desk: ClaimDesk, claim: Claim, *, why: str) -> Claim:
    """Give a finally refused claim back at once: the signer wrote `void` before it said so."""
    terms = claim.terms
    outcome = desk.committer.commit(
        account=terms.account,
        key=system_key(terms.account, settle_name(terms.id)),
        fingerprint=SYSTEM_FINGERPRINT,
        decide=lambda _: refunded_effect(claim, why=why, answer={}),
        scope=None,
    )
    if outcome.row.answer["outcome"] != "refunded":
        raise InvariantBroken("a voided claim was never paid")
    refunded = replace(
        claim, state="refunded", settled_ms=outcome.row.ts_ms, reason=why, revision=claim.revision + 1
    )
    desk.claims.replace(refunded, expected_revision=claim.revision)
    return refunded


def _chain_seqno(desk: ClaimDesk, account: str) -> int | None:
    """The vault's last seqno for the player's wallet, asked of the chain only when no row knows it."""
    player = desk.committer.read_player(account)
    wallet = player.state.get("wallet")
    if wallet is None or player.state.get("claim", {}).get("open") is not None:
        return None  # the decider refuses before it needs a seqno, or the key is a replay
    recipient = wallet["address"]
    if known_seqno(player, vault=desk.vault.vault, recipient=recipient) is not None:
        return None
    return desk.chain.vault_snapshot(recipient).last_seqno
