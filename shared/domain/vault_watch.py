"""What must hold of the vault while claims are open: rules as data, some of which stop all claims."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from shared.domain.claims import VaultIdentity
    from shared.domain.ton_views import VaultAccount

TON_SHORT_NANO: Final = 50_000_000
TON_LOW_NANO: Final = 200_000_000
"""Claims bring their own gas: the vault's TON pays only its storage, 0.1 TON being more than a year's."""

MAX_RECIPIENTS: Final = 16_384
RECIPIENTS_HIGH: Final = MAX_RECIPIENTS * 9 // 10


@dataclass(frozen=True, slots=True)
class VaultFacts:
    """The vault as the chain shows it, what we expect of it, and what we owe from it.

    `open_units` is what open claims may still take, `day_units` the most that a day's claims may add;
    `public_key` is the pinned key in hex.
    """

    account: VaultAccount
    allowed: VaultIdentity
    code_hash: str
    public_key: str
    open_units: int
    day_units: int

    def numbers(self) -> dict[str, int]:
        """What of them is measured, by name; `broken_rules` is how many rules do not hold."""
        account = self.account
        return {
            "jetton_units": account.jetton_units,
            "ton_nano": account.ton_nano,
            "open_units": self.open_units,
            "recipients": account.recipients,
            "paused": int(account.is_paused),
            "broken_rules": len(broken_rules(self)),
        }


@dataclass(frozen=True, slots=True)
class WatchRule:
    """One sentence about the vault; when it does not hold it is reported, and may stop every claim."""

    id: str
    holds: Callable[[VaultFacts], bool]
    stops_claims: bool


def _key_is_known(facts: VaultFacts) -> bool:
    """Our key, or during a rotation the key before it, for as long as the vault still takes it."""
    account = facts.account
    return account.public_key == facts.public_key or account.previous_key_until_s > account.shard_time_s


WATCH_RULES: Final[tuple[WatchRule, ...]] = (
    WatchRule("vault_code_unknown", lambda facts: facts.account.code_hash == facts.code_hash, True),
    WatchRule("vault_network_wrong", lambda facts: facts.account.network_id == facts.allowed.network, True),
    WatchRule(
        "vault_jetton_wrong", lambda facts: facts.account.jetton_master == facts.allowed.jetton_master, True
    ),
    WatchRule("vault_wallet_missing", lambda facts: bool(facts.account.jetton_wallet), True),
    WatchRule("vault_key_unknown", _key_is_known, True),
    WatchRule("vault_inventory_short", lambda facts: facts.account.jetton_units >= facts.open_units, True),
    WatchRule("vault_ton_short", lambda facts: facts.account.ton_nano >= TON_SHORT_NANO, True),
    WatchRule(
        "vault_inventory_low",
        lambda facts: facts.account.jetton_units >= facts.open_units + facts.day_units,
        False,
    ),
    WatchRule("vault_ton_low", lambda facts: facts.account.ton_nano >= TON_LOW_NANO, False),
    WatchRule("vault_recipients_high", lambda facts: facts.account.recipients < RECIPIENTS_HIGH, False),
    WatchRule("vault_paused", lambda facts: not facts.account.is_paused, False),
    WatchRule("vault_key_in_grace", lambda facts: facts.account.public_key == facts.public_key, False),
)


def broken_rules(facts: VaultFacts) -> list[WatchRule]:
    """Every rule that does not hold, in order."""
    return [rule for rule in WATCH_RULES if not rule.holds(facts)]
