"""Linking a TON wallet by ton_proof: challenge, proof, the global name, then the row on the account.

The row alone says who has a wallet; the name only keeps two accounts from having the same one. A name
carries the ticket of the link that took it last, so that no late release can take it from a later link.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from shared.domain.calendar import MS_PER_SECOND, iso_time
from shared.domain.claim_decision import cooldown_ends_ms
from shared.domain.errors import Refused, Unavailable
from shared.domain.ledger import Accepted, Decision, Declined, Row, client_key
from shared.domain.ton.ton_proof import Verifier, WalletProof, check_proof, confirm_proof

if TYPE_CHECKING:
    from shared.domain.player import Player
    from shared.ports.clock import Clock
    from shared.ports.wallets import Challenges, WalletNames
    from shared.services.commit import Committer, DecisionContext, Outcome

CHALLENGE_VALID_MS: Final = 10 * 60 * MS_PER_SECOND
LINK_KIND: Final = "wallet_link"
UNLINK_KIND: Final = "wallet_unlink"
NAME_GOOD_FOR_MS: Final = 2 * 60 * MS_PER_SECOND
"""A link that slept longer after taking its name starts anew: a name without a row is freed after five minutes."""


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
    Raises Refused with ton_proof's codes, `challenge_unknown`, `wallet_taken`; Unavailable `wallet_changed`
    when the name may have been lost meanwhile. The row itself records `claim_open` and `wallet_cooldown`.
    """
    stored_key = client_key(account, key)
    if desk.committer.store.row_by_key(stored_key) is not None:
        outcome = _commit(desk, account, stored_key, fingerprint, _never_reached)
        release_former_name(outcome.row, names=desk.names, now_ms=desk.clock.now_ms())
        return outcome
    changes_seen = _wallet_changes(desk.committer.read_player(account))
    now_ms = desk.clock.now_ms()
    checked = check_proof(
        proof, network_id=desk.network_id, domains=desk.domains, now_s=now_ms // MS_PER_SECOND
    )
    address = confirm_proof(checked, verify=desk.verify).raw
    if not desk.challenges.consume(checked.challenge, account=account, now_ms=now_ms):
        raise Refused("This challenge is not open for you", code="challenge_unknown")
    ticket = desk.new_nonce()
    wallet = {
        "address": address,
        "network": desk.network_id,
        "publicKey": checked.public_key.hex(),
        "version": checked.wallet_version,
        "ticket": ticket,
    }
    owner = desk.names.take(wallet_name(wallet), account, ticket=ticket, now_ms=now_ms)
    if owner != account:
        raise Refused("Another player has this wallet", code="wallet_taken")

    def decide(context: DecisionContext) -> Decision:
        _check_name_is_held(context, taken_ms=now_ms, changes_seen=changes_seen)
        return _decide_link(context, wallet)

    # A refusal leaves the new name to the janitor: releasing it here could race another link of the same wallet.
    outcome = _commit(desk, account, stored_key, fingerprint, decide)
    release_former_name(outcome.row, names=desk.names, now_ms=desk.clock.now_ms())
    return outcome


def unlink_wallet(desk: WalletDesk, *, account: str, key: str, fingerprint: str) -> Outcome:
    """Remove the wallet from the account by a row, then free its name; refused while a claim is open."""
    outcome = _commit(desk, account, client_key(account, key), fingerprint, _decide_unlink)
    release_former_name(outcome.row, names=desk.names, now_ms=desk.clock.now_ms())
    return outcome


def wallet_name(wallet: Mapping[str, Any]) -> str:
    """The global name of an account's `wallet`: `<network>:<raw address>`."""
    return f"{wallet['network']}:{wallet['address']}"


def release_former_name(row: Row, *, names: WalletNames, now_ms: int) -> None:
    """Free the name of the wallet that this row let go; harmless for any other row, and when repeated."""
    released = row.answer.get("released")
    if row.ok and row.kind in (LINK_KIND, UNLINK_KIND) and isinstance(released, Mapping):
        names.release(released["name"], row.account, ticket=released["ticket"], now_ms=now_ms)


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


def _wallet_changes(player: Player) -> int:
    return int(player.state.get("walletChanges", 0))


def _check_name_is_held(context: DecisionContext, *, taken_ms: int, changes_seen: int) -> None:
    """Raise Unavailable unless nobody can have released the name since this link took it.

    Only a change of this account's wallet releases a name, and the janitor one that no row came for. A
    row without its name would let a second account link the same wallet.
    """
    if _wallet_changes(context.player) != changes_seen or context.now_ms - taken_ms > NAME_GOOD_FOR_MS:
        raise Unavailable("The wallet changed meanwhile; connect again", code="wallet_changed")


def _never_reached(context: DecisionContext) -> Decision:  # noqa: ARG001 - the key's row answers before
    return Declined(LINK_KIND, "challenge_unknown", "This challenge was used")


def _decide_link(context: DecisionContext, wallet: dict[str, Any]) -> Decision:
    """Relinking starts a new cool-down and waits for the last one; the same wallet again changes no time.

    A change of wallet forgets the seqnos confirmed so far: whoever has the wallet meanwhile moves them on.
    """
    player, economy, now_ms = context.player, context.config.economy, context.now_ms
    current = player.state.get("wallet")
    if current is not None and wallet_name(current) == wallet_name(wallet):
        answer = _link_answer(current, cooldown_ends_ms(player, economy=economy))
        return Accepted(LINK_KIND, answer, changes={"wallet.ticket": wallet["ticket"]})
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
    changes = {
        "wallet": linked,
        "walletChangedMs": now_ms,
        "walletChanges": _wallet_changes(player) + 1,
    }
    answer = _link_answer(linked, now_ms + cooldown_ms) | _released(current)
    return Accepted(LINK_KIND, answer, changes=changes, removals=("vaultSeqno",))


def _decide_unlink(context: DecisionContext) -> Decision:
    wallet = context.player.state.get("wallet")
    if wallet is None:
        return Declined(UNLINK_KIND, "wallet_required", "No wallet is linked")
    refusal = _open_claim_refusal(context, UNLINK_KIND)
    if refusal is not None:
        return refusal
    answer = {"address": wallet["address"]} | _released(wallet)
    changes = {"walletChangedMs": context.now_ms, "walletChanges": _wallet_changes(context.player) + 1}
    return Accepted(UNLINK_KIND, answer, changes=changes, removals=("wallet",))


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


def _released(wallet: Mapping[str, Any] | None) -> dict[str, Any]:
    if wallet is None:
        return {}
    return {"released": {"name": wallet_name(wallet), "ticket": wallet["ticket"]}}
