"""The signer's written policy: rules as data, checked in order, and anything they do not know is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.domain.bans import check_not_banned
from shared.domain.calendar import utc_day
from shared.domain.claim_decision import cooldown_ends_ms
from shared.domain.claims import APPROVAL_VALID_MS, Claim, ClaimTerms, VaultIdentity
from shared.domain.errors import Refused
from shared.domain.money import INT64_MAX

if TYPE_CHECKING:
    from shared.domain.game_config import GameConfig
    from shared.domain.player import Player

MIN_VALID_S: Final = 60
MAX_VALID_S: Final = 15 * 60
VALID_FOR_S: Final = 10 * 60


@dataclass(frozen=True, slots=True)
class Approval:
    """An administrator's yes to one claim: bound to its terms, good for 24 hours."""

    binding: str
    approved_by: str
    approved_ms: int


@dataclass(frozen=True, slots=True)
class SigningFacts:
    """Everything the signer read for itself before it decides; nothing of it came with the request.

    `allowed` is the vault this signer serves; `days_claims` are the terms of the account's claim rows
    of the claim's own UTC day, this one included, recounted from rows.
    """

    claim: Claim
    terms_of_row: ClaimTerms
    player: Player
    config: GameConfig
    allowed: VaultIdentity
    is_settled: bool
    days_claims: Sequence[ClaimTerms]
    approval: Approval | None
    now_ms: int


@dataclass(frozen=True, slots=True)
class Rule:
    """One sentence of the policy. `holds` must be True; a final rule's no can never become a yes."""

    id: str
    holds: Callable[[SigningFacts], bool]
    is_final: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """`rule` is the rule that said no, or `all` when every one held."""

    is_allowed: bool
    rule: str
    is_final: bool = False


def judge(facts: SigningFacts) -> Verdict:
    """The first rule that does not hold decides; only all of them together allow."""
    for rule in RULES:
        if not rule.holds(facts):
            return Verdict(is_allowed=False, rule=rule.id, is_final=rule.is_final)
    return Verdict(is_allowed=True, rule="all")


def _is_linked(facts: SigningFacts) -> bool:
    wallet = facts.player.state.get("wallet", {})
    terms = facts.terms_of_row
    return (wallet.get("address"), wallet.get("network")) == (terms.recipient, terms.network)


def _is_linked_long_enough(facts: SigningFacts) -> bool:
    return facts.now_ms >= cooldown_ends_ms(facts.player, economy=facts.config.economy)


def _is_not_banned(facts: SigningFacts) -> bool:
    try:
        check_not_banned(facts.player, "withdraw", now_ms=facts.now_ms)
    except Refused:
        return False
    return True


def _is_open_claim(facts: SigningFacts) -> bool:
    open_claim = facts.player.state.get("claim", {}).get("open", {})
    return bool(open_claim.get("id") == facts.terms_of_row.id)


def _escrow_covers(facts: SigningFacts) -> bool:
    return facts.player.escrow.get("AIBA", 0) >= facts.terms_of_row.credits


def _amount_fits(facts: SigningFacts) -> bool:
    terms, economy = facts.terms_of_row, facts.config.economy
    in_range = economy.claim_min_aiba <= terms.credits <= economy.claim_max_aiba
    exact = terms.units == terms.credits * facts.allowed.units_per_credit
    return in_range and exact and 0 < terms.units <= INT64_MAX


def _day_count_fits(facts: SigningFacts) -> bool:
    return 1 <= len(facts.days_claims) <= facts.config.economy.claim_max_per_player_per_day


def _day_amount_fits(facts: SigningFacts) -> bool:
    total = sum(terms.credits for terms in facts.days_claims)
    return total <= facts.config.economy.claim_max_aiba_per_player_per_day


def needs_approval(facts: SigningFacts) -> bool:
    """Above the threshold a person has to look first."""
    return facts.terms_of_row.credits > facts.config.economy.claim_approval_above_aiba


def _is_approved(facts: SigningFacts) -> bool:
    if not needs_approval(facts):
        return True
    approval = facts.approval
    if approval is None or approval.binding != facts.terms_of_row.binding():
        return False
    return facts.now_ms <= approval.approved_ms + APPROVAL_VALID_MS


RULES: Final[tuple[Rule, ...]] = (
    Rule("kill_switch", lambda facts: not facts.config.paused.claims, is_final=False),
    Rule("claim_matches_row", lambda facts: facts.claim.terms == facts.terms_of_row, is_final=False),
    Rule("not_settled", lambda facts: not facts.is_settled, is_final=False),
    Rule(
        "state_may_be_signed",
        lambda facts: facts.claim.state in ("reserved", "awaiting_approval", "approved", "signed"),
        is_final=False,
    ),
    Rule("network_allowed", lambda facts: facts.terms_of_row.network == facts.allowed.network, is_final=True),
    Rule("vault_allowed", lambda facts: facts.terms_of_row.vault == facts.allowed.vault, is_final=True),
    Rule(
        "jetton_allowed",
        lambda facts: facts.terms_of_row.jetton_master == facts.allowed.jetton_master,
        is_final=True,
    ),
    Rule("workchain_zero", lambda facts: facts.terms_of_row.recipient.startswith("0:"), is_final=True),
    Rule("seqno_positive", lambda facts: 1 <= facts.terms_of_row.seqno <= INT64_MAX, is_final=True),
    Rule("claim_is_the_open_one", _is_open_claim, is_final=True),
    Rule("wallet_linked", _is_linked, is_final=True),
    Rule("wallet_linked_long_enough", _is_linked_long_enough, is_final=False),
    Rule("not_banned", _is_not_banned, is_final=False),
    Rule(
        "no_debt",
        lambda facts: int(facts.player.state.get("debt", {}).get("AIBA", 0)) == 0,
        is_final=False,
    ),
    Rule("escrow_covers", _escrow_covers, is_final=False),
    Rule("amount_in_limits", _amount_fits, is_final=True),
    Rule("daily_count", _day_count_fits, is_final=True),
    Rule("daily_amount", _day_amount_fits, is_final=True),
    Rule("approved", _is_approved, is_final=False),
)


def claim_day(terms: ClaimTerms) -> str:
    """The UTC day whose limits a claim uses: the day of its row, whenever it is signed."""
    return utc_day(terms.created_ms)
