"""Why the vault refuses a claim message: its exit codes in words a player or a client can act on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

REASON_OF_EXIT_CODE: Final[Mapping[int, str]] = {
    6243: "vault_amount",
    17654: "vault_seqno",
    24383: "claim_expired",
    48401: "vault_signature",
    51532: "sent_from_another_wallet",
    65535: "vault_message",
    1001: "vault_paused",
    1002: "vault_validity",
    1003: "vault_claim_cap",
    1004: "vault_day_cap",
    1005: "too_few_coins_attached",
    1006: "vault_full",
    1007: "wrong_network",
    1009: "vault_not_ready",
    1010: "wrong_workchain",
}
"""Every code with which a claim can end in infra/vault/errors.tolk; a number is never reused there."""

OUT_OF_GAS: Final = (-14, 13)


def refusal_reason(exit_code: int | None) -> str:
    """The reason's stable name; a code we do not know is the vault's own trouble, not the player's."""
    if exit_code is None or exit_code in OUT_OF_GAS:
        return "too_few_coins_attached"
    return REASON_OF_EXIT_CODE.get(exit_code, "vault_failed")
