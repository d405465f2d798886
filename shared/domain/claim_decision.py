"""Whether a player may claim: every refusal in its order, and the escrow row when the answer is yes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.domain.calendar import MS_PER_HOUR, iso_time, utc_day
from shared.domain.claims import CLAIM_KIND, ClaimTerms, VaultIdentity, claim_id, seqno_field, terms_document
from shared.domain.errors import Unavailable, ensure
from shared.domain.ledger import Accepted, Decision, Declined, Emission, Leg
from shared.domain.money import INT64_MAX

if TYPE_CHECKING:
    from shared.domain.game_config import Economy
    from shared.domain.player import Player

DAY_BUDGET = "claims"
HOUR_BUDGET = "claimsHour"


@dataclass(frozen=True, slots=True)
class SeenSeqno:
    """The vault's last seqno for one wallet, as the chain shows it."""

    recipient: str
    last: int


@dataclass(frozen=True, slots=True)
class ClaimWish:
    """What the player asks for: whole AIBA credits, and the wallet's seqno where the chain had to be asked."""

    credits: int
    key: str
    seen: SeenSeqno | None


def decide_claim(
    player: Player, wish: ClaimWish, *, economy: Economy, vault: VaultIdentity, now_ms: int, is_capped: bool
) -> Decision:
    """Escrow row or recorded refusal; last of all refusals comes the cap shared by everybody."""
    refusal = claim_refusal(player, wish.credits, economy=economy, vault=vault, now_ms=now_ms)
    if refusal is not None:
        return refusal
    if is_capped:
        return _no("claims_cap_reached", "All claims of this hour or day are taken; try later with a new key")
    terms = _terms(player, wish, vault=vault, now_ms=now_ms)
    today = claims_today(player, now_ms=now_ms)
    return Accepted(
        kind=CLAIM_KIND,
        answer={"claimId": terms.id, "seq": player.seq + 1},
        legs=(Leg(player.id, "AIBA", -terms.credits), Leg(f"escrow:{player.id}", "AIBA", terms.credits)),
        changes={
            "claim.open": terms_document(terms),
            "claim.today": {
                "day": utc_day(now_ms),
                "count": today.count + 1,
                "credits": today.credits + terms.credits,
            },
            "claim.lastRow": player.seq + 1,
        },
        emissions=(Emission(HOUR_BUDGET, terms.credits, "hour"), Emission(DAY_BUDGET, terms.credits)),
    )


def claim_refusal(
    player: Player, credits: int, *, economy: Economy, vault: VaultIdentity, now_ms: int
) -> Declined | None:
    """Why this player may not claim so much now. Order: wallet, cool-down, open claim, debt, amount, funds, day."""
    return (
        _wallet_refusal(player, vault, economy=economy, now_ms=now_ms)
        or _standing_refusal(player)
        or _amount_refusal(player, credits, economy=economy, vault=vault)
        or _limit_refusal(player, credits, economy=economy, now_ms=now_ms)
    )


@dataclass(frozen=True, slots=True)
class DayOfClaims:
    """How many claims, and how many credits, one UTC day has seen; refunds give nothing back."""

    count: int
    credits: int


def claims_today(player: Player, *, now_ms: int) -> DayOfClaims:
    """The player's own counters, which the claim rows themselves keep."""
    today = player.state.get("claim", {}).get("today", {})
    if today.get("day") != utc_day(now_ms):
        return DayOfClaims(0, 0)
    return DayOfClaims(int(today["count"]), int(today["credits"]))


def known_seqno(player: Player, *, vault: str, recipient: str) -> int | None:
    """The last seqno this account confirmed for (vault, recipient); None when only the chain knows."""
    value = player.state.get("vaultSeqno", {}).get(seqno_field(vault, recipient))
    return None if value is None else int(value)


def cooldown_ends_ms(player: Player, *, economy: Economy) -> int:
    """When the linked wallet may first be paid."""
    return int(player.state["wallet"]["linkedMs"]) + economy.wallet_cooldown_hours * MS_PER_HOUR


def _no(code: str, detail: str, **extra: Any) -> Declined:
    return Declined(CLAIM_KIND, code, detail, extra)


def _wallet_refusal(
    player: Player, vault: VaultIdentity, *, economy: Economy, now_ms: int
) -> Declined | None:
    wallet = player.state.get("wallet")
    if wallet is None:
        return _no("wallet_required", "Link a wallet first")
    if int(wallet["network"]) != vault.network:
        return _no("wrong_network", "The linked wallet belongs to another network")
    ends_ms = cooldown_ends_ms(player, economy=economy)
    if now_ms < ends_ms:
        return _no("wallet_cooldown", "This wallet was linked too recently", cooldownEndsAt=iso_time(ends_ms))
    return None


def _standing_refusal(player: Player) -> Declined | None:
    open_claim = player.state.get("claim", {}).get("open")
    if open_claim is not None:
        return _no("claim_open", "Another claim is still open", claimId=open_claim["id"])
    debt = int(player.state.get("debt", {}).get("AIBA", 0))
    if debt > 0:
        return _no("debt_outstanding", "A debt has to be settled first", debt=str(debt))
    return None


def _amount_refusal(
    player: Player, credits: int, *, economy: Economy, vault: VaultIdentity
) -> Declined | None:
    """The largest claim is the configured one, but never more than its jetton units can say in int64."""
    most = min(economy.claim_max_aiba, INT64_MAX // vault.units_per_credit)
    if credits < economy.claim_min_aiba:
        return _no("claim_below_minimum", "Less than the smallest claim", min=str(economy.claim_min_aiba))
    if credits > most:
        return _no("claim_above_maximum", "More than the largest claim", max=str(most))
    have = player.balance("AIBA")
    if have < credits:
        return _no(
            "insufficient_funds", "Not enough AIBA", need=str(credits), have=str(have), currency="AIBA"
        )
    return None


def _limit_refusal(player: Player, credits: int, *, economy: Economy, now_ms: int) -> Declined | None:
    today = claims_today(player, now_ms=now_ms)
    if today.count >= economy.claim_max_per_player_per_day:
        return _no("claim_daily_count", "No more claims today", max=str(economy.claim_max_per_player_per_day))
    left = economy.claim_max_aiba_per_player_per_day - today.credits
    if credits > left:
        return _no("claim_daily_amount", "More than is left for today", left=str(max(left, 0)))
    return None


def _terms(player: Player, wish: ClaimWish, *, vault: VaultIdentity, now_ms: int) -> ClaimTerms:
    recipient = player.state["wallet"]["address"]
    last = known_seqno(player, vault=vault.vault, recipient=recipient)
    if last is None:
        if wish.seen is None or wish.seen.recipient != recipient:  # it changed while the chain was being read
            raise Unavailable("The wallet just changed; ask again", code="wallet_changed")
        last = wish.seen.last
    units = wish.credits * vault.units_per_credit
    ensure(0 < units <= INT64_MAX, "a claim's jetton units fit int64")
    return ClaimTerms(
        id=claim_id(wish.key),
        account=player.id,
        network=vault.network,
        vault=vault.vault,
        jetton_master=vault.jetton_master,
        recipient=recipient,
        credits=wish.credits,
        units=units,
        seqno=last + 1,
        previous_row=int(player.state.get("claim", {}).get("lastRow", 0)),
        created_ms=now_ms,
    )
