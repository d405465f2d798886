"""Two-account transfers: what an open first half says about the second, which nobody can refuse.

The money waits in `transit:<key of the second half>`; the key begins with the account that is paid, so
whoever finds the open row knows everything that is left to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from shared.domain.errors import ensure
from shared.domain.ledger import BURNED, Accepted, Leg, Row
from shared.domain.money import INT64_MAX

if TYPE_CHECKING:
    from shared.domain.player import Player

TRANSIT: Final = "transit:"
_SYSTEM_MARK: Final = ":s:"


def transit_account(second_key: str) -> str:
    """Where the money of a transfer is between its two rows."""
    return f"{TRANSIT}{second_key}"


def second_keys(row: Row) -> list[str]:
    """The keys of the second halves that an open row waits for."""
    return sorted({leg.account.removeprefix(TRANSIT) for leg in row.legs if leg.account.startswith(TRANSIT)})


def receiving_account(second_key: str) -> str:
    """The account a second half belongs to: its system key begins with it."""
    account, mark, _ = second_key.partition(_SYSTEM_MARK)
    ensure(mark and account, "a second half has a system key")
    return account


def second_half(row: Row, second_key: str, *, receiver: Player, changes: Mapping[str, Any]) -> Accepted:
    """The row that takes the money out of transit, all of it, and is never refused.

    What would lift the receiver above the largest balance there is, is burnt: a first half foresees
    that, so it takes other income in between.
    """
    transit, account = transit_account(second_key), receiving_account(second_key)
    legs: list[Leg] = []
    received: dict[str, str] = {}
    for currency, amount in ((leg.currency, leg.delta) for leg in row.legs if leg.account == transit):
        paid = min(amount, INT64_MAX - receiver.balance(currency))
        legs.append(Leg(transit, currency, -amount))
        legs += [
            Leg(name, currency, units) for name, units in ((account, paid), (BURNED, amount - paid)) if units
        ]
        received[currency] = str(paid)
    return Accepted(
        f"{row.kind}Received",
        answer={"amounts": received},
        legs=tuple(legs),
        changes=changes,
    )
