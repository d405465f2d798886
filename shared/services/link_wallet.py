"""Linking a TON wallet by ton_proof: challenge, proof, the global name, then the row on the account."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final

from shared.domain.calendar import MS_PER_SECOND, iso_time
from shared.domain.claim_decision import cooldown_ends_ms
from shared.domain.errors import Refused
from shared.domain.ledger import Accepted, Decision, Declined, client_key
from shared.domain.ton.ton_proof import Verifier, WalletProof, check_proof, confirm_proof
from shared.ports import Challenges, Clock, WalletNames
from shared.services.commit import Committer, DecisionContext, Outcome

CHALLENGE_VALID_MS: Final = 10 * 60 * MS_PER_SECOND
LINK_KIND: Final = "wallet_link"
UNLINK_KIND: Final = "wallet_unlink"


@dataclass(frozen=True, slots=True)
class WalletDesk:
    """What linking needs; `domains` are the miniapp's, `network_id` -239 or -3."""

    committer: Committer
    names: WalletNames
    challenges: Challenges
    clock: Clock
    verify: Verifier
    domains: Collection[str]
    network_id: int
    new_nonce: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Challenge:
    """A nonce to sign and the instant (ms) after which it is worthless."""

    nonce: str
    expires_ms: int


def create_challenge(desk: WalletDesk, *, account: str) -> Challenge:
    """A fresh nonce, bound to this player, good for one proof within 10 minutes."""
    challenge = Challenge(desk.new_nonce(), desk.clock.now_ms() + CHALLENGE_VALID_MS)
    desk.challenges.create(challenge.nonce, account=account, expires_ms=challenge.expires_ms)
    return challenge


def link_wallet(desk: WalletDesk, *, account: str, proof: WalletProof, key: str, fingerprint: str) -> Outcome:
    """Prove the wallet, take its global name, and write it into the account by a row.

    The key is looked up first: a repeated request is answered by its row and needs no second challenge.
    Raises Refused with ton_proof's codes, `challenge_unknown`, `wallet_taken`; the row itself records
    `claim_open` and `wallet_cooldown`.
    """
    stored_key = client_key(account, key)
    if desk.committer.store.row_by_key(stored_key) is not None:
        return _commit(desk, account, stored_key, fingerprint, _never_reached)
    now_ms = desk.clock.now_ms()
    checked = check_proof(
        proof, network_id=desk.network_id, domains=desk.domains, now_s=now_ms // MS_PER_SECOND
    )
    address = confirm_proof(checked, verify=desk.verify).raw
    if not desk.challenges.consume(checked.challenge, account=account, now_ms=now_ms):
        raise Refused("This challenge is not open for you", code="challenge_unknown")
    name = f"{desk.network_id}:{address}"
    if desk.names.take(name, account) != account:
        raise Refused("Another player has this wallet", code="wallet_taken")
    wallet = {
        "address": address,
        "network": desk.network_id,
        "publicKey": checked.public_key.hex(),
        "version": checked.wallet_version,
    }
    outcome = _commit(desk, account, stored_key, fingerprint, lambda context: _decide_link(context, wallet))
    _drop_unused_names(desk, account, outcome, name)
    return outcome


def unlink_wallet(desk: WalletDesk, *, account: str, key: str, fingerprint: str) -> Outcome:
    """Remove the wallet from the account by a row, then free its name; refused while a claim is open."""
    outcome = _commit(desk, account, client_key(account, key), fingerprint, _decide_unlink)
    released = outcome.row.answer.get("released")
    if outcome.row.ok and isinstance(released, str):
        wallet = desk.committer.read_player(account).state.get("wallet", {})
        if f"{wallet.get('network')}:{wallet.get('address')}" != released:
            desk.names.release(released, account)
    return outcome


def _commit(
    desk: WalletDesk,
    account: str,
    stored_key: str,
    fingerprint: str,
    decide: Callable[[DecisionContext], Decision],
) -> Outcome:
    return desk.committer.commit(
        account=account, key=stored_key, fingerprint=fingerprint, decide=decide, scope="all"
    )


def _never_reached(context: DecisionContext) -> Decision:  # noqa: ARG001 - the key's row answers before
    return Declined(LINK_KIND, "challenge_unknown", "This challenge was used")


def _decide_link(context: DecisionContext, wallet: dict[str, Any]) -> Decision:
    """Relinking starts a new cool-down and waits for the last one; the same wallet again changes nothing."""
    player, economy, now_ms = context.player, context.config.economy, context.now_ms
    current = player.state.get("wallet")
    if current is not None and current["address"] == wallet["address"]:
        return Accepted(LINK_KIND, _link_answer(current, cooldown_ends_ms(player, economy=economy)))
    refusal = _open_claim_refusal(context, LINK_KIND)
    if refusal is not None:
        return refusal
    last_change_ms = int(player.state.get("walletChangedMs", 0))
    cooldown_ms = economy.wallet_cooldown_hours * 3600 * MS_PER_SECOND
    if last_change_ms and now_ms < last_change_ms + cooldown_ms:
        ends_at = iso_time(last_change_ms + cooldown_ms)
        return Declined(
            LINK_KIND, "wallet_cooldown", "The wallet was changed too recently", {"cooldownEndsAt": ends_at}
        )
    linked = wallet | {"linkedMs": now_ms}
    changes = {"wallet": linked, "walletChangedMs": now_ms}
    replaced = {} if current is None else {"released": f"{current['network']}:{current['address']}"}
    return Accepted(LINK_KIND, _link_answer(linked, now_ms + cooldown_ms) | replaced, changes=changes)


def _decide_unlink(context: DecisionContext) -> Decision:
    wallet = context.player.state.get("wallet")
    if wallet is None:
        return Declined(UNLINK_KIND, "wallet_required", "No wallet is linked")
    refusal = _open_claim_refusal(context, UNLINK_KIND)
    if refusal is not None:
        return refusal
    answer = {"released": f"{wallet['network']}:{wallet['address']}", "address": wallet["address"]}
    return Accepted(UNLINK_KIND, answer, changes={"walletChangedMs": context.now_ms}, removals=("wallet",))


def _open_claim_refusal(context: DecisionContext, kind: str) -> Declined | None:
    open_claim = context.player.state.get("claim", {}).get("open")
    if open_claim is None:
        return None
    return Declined(kind, "claim_open", "A claim is still open", {"claimId": open_claim["id"]})


def _link_answer(wallet: dict[str, Any], claims_from_ms: int) -> dict[str, Any]:
    return {
        "address": wallet["address"],
        "network": str(wallet["network"]),
        "version": wallet["version"],
        "linkedAt": iso_time(int(wallet["linkedMs"])),
        "claimsFrom": iso_time(claims_from_ms),
    }


def _drop_unused_names(desk: WalletDesk, account: str, outcome: Outcome, name: str) -> None:
    """Free the old wallet's name after a relink, or the new one's after a refusal; the row decides."""
    wallet = desk.committer.read_player(account).state.get("wallet", {})
    current = f"{wallet.get('network')}:{wallet.get('address')}"
    for candidate in (name, outcome.row.answer.get("released")):
        if isinstance(candidate, str) and candidate != current:
            desk.names.release(candidate, account)
