"""Currencies and amounts: whole units, int64 in the database, decimal strings on the wire."""

from __future__ import annotations

import re
from typing import Final, Literal, get_args

from shared.domain.errors import Refused

Currency = Literal["NEUR", "AIBA", "STARS", "DIAMONDS"]
CURRENCIES: Final[tuple[Currency, ...]] = get_args(Currency)
INT64_MAX: Final = 2**63 - 1
BPS_WHOLE: Final = 10_000
_DIGITS = re.compile(r"(?:0|[1-9][0-9]{0,18})\Z", re.ASCII)


def parse_amount(text: object, *, field: str = "amount") -> int:
    """Read a whole, non-negative amount from its decimal string.

    Raises Refused `invalid_amount`: not a string, signs, fractions, exponents, leading zeros,
    or above int64 (9223372036854775807). JSON numbers are refused too, because JavaScript has
    already rounded them above 2^53.
    """
    if not isinstance(text, str) or _DIGITS.match(text) is None:
        raise Refused(
            f"{field} must be a whole number as a decimal string",
            code="invalid_amount",
            extra={"field": field},
        )
    amount = int(text)
    if amount > INT64_MAX:
        raise Refused(f"{field} is above {INT64_MAX}", code="invalid_amount", extra={"field": field})
    return amount
