"""What an operator sends to a vault: its state init at deployment and the body of every order.

Layouts are those of messages.tolk and storage.tolk; SPEC.md has them as a table. Nothing here signs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from infra.vault.code import vault_code
from shared.domain.errors import Refused, ensure
from shared.domain.ton.address import Address
from shared.domain.ton.cell import Cell, CellBuilder

SET_PAUSED: Final = 0x10000001
SET_ORACLE: Final = 0x10000002
SET_CAPS: Final = 0x10000003
SET_JETTON_WALLET: Final = 0x10000004
PROPOSE_OWNER: Final = 0x10000005
ACCEPT_OWNER: Final = 0x10000006
WITHDRAW_JETTONS: Final = 0x10000007
WITHDRAW_TON: Final = 0x10000008
SET_GUARDIAN: Final = 0x10000009

# Coins to attach, in nanotons. What an order does not use stays in the vault as a top-up.
DEPLOY_NANOTON: Final = 500_000_000
ORDER_NANOTON: Final = 20_000_000
WITHDRAW_JETTONS_NANOTON: Final = 100_000_000
CLAIM_NANOTON: Final = 100_000_000

MAX_GRACE_S: Final = 3_600
ORACLE_KEY_BYTES: Final = 32

# The y coordinates of Curve25519's points of small order, as RFC 8032 writes them without the sign
# bit, and the non-canonical spellings of two of them. Anybody can sign under such a key.
_FIELD: Final = 2**255 - 19
_ORDER_EIGHT_Y: Final = 2707385501144840649318225287225658788936804267575313519463743609750303402022
_WEAK_Y: Final = frozenset({0, 1, _FIELD - 1, _FIELD, _FIELD + 1, _ORDER_EIGHT_Y, _FIELD - _ORDER_EIGHT_Y})


@dataclass(frozen=True, slots=True)
class VaultSetup:
    """What a vault is born with; all of it goes into its address. Caps in jetton units."""

    owner: Address
    guardian: Address
    jetton_master: Address
    oracle_key: bytes
    network_id: int
    per_claim_cap_units: int
    per_day_cap_units: int
    is_paused: bool = False


def vault_state_init(setup: VaultSetup) -> Cell:
    """StateInit (TL-B) of a vault with an empty seqno map and no jetton wallet yet.

    The wallet cannot be part of it: the wallet's address depends on the vault's. Raises Refused
    `weak_oracle_key` for a key under which anybody can sign.
    """
    data = (
        CellBuilder()
        .unsigned(int(setup.is_paused), bits=1)
        .octets(_strong_key(setup.oracle_key))
        .signed(setup.network_id, bits=32)
        .coins(setup.per_claim_cap_units)
        .coins(setup.per_day_cap_units)
        .unsigned(0, bits=32)  # day
        .coins(0)  # spent that day
        .unsigned(0, bits=32)  # recipients
        .unsigned(0, bits=1)  # the empty map
        .reference(CellBuilder().address(setup.jetton_master).no_address().build())
        .reference(CellBuilder().unsigned(0, bits=256).unsigned(0, bits=32).build())
        .reference(CellBuilder().address(setup.owner).no_address().address(setup.guardian).build())
        .build()
    )
    # split_depth:nothing special:nothing code:just data:just library:nothing
    return CellBuilder().unsigned(0b00110, bits=5).reference(vault_code()).reference(data).build()


def vault_address(setup: VaultSetup) -> Address:
    """Where this vault lives: workchain 0 and the hash of its state init."""
    return Address(0, vault_state_init(setup).hash)


def set_paused(*, is_paused: bool) -> Cell:
    """The owner stops or resumes claims; the guardian can only stop them."""
    return _order(SET_PAUSED).unsigned(int(is_paused), bits=1).build()


def set_oracle(new_key: bytes, *, grace_s: int) -> Cell:
    """Rotate the signing key; the old one stays good for `grace_s` seconds, 0 in an emergency.

    Raises Refused `weak_oracle_key`, and `grace_too_long` above an hour, where the vault would cut it.
    """
    if grace_s > MAX_GRACE_S:
        raise Refused(f"a grace is at most {MAX_GRACE_S} seconds", code="grace_too_long")
    return _order(SET_ORACLE).octets(_strong_key(new_key)).unsigned(grace_s, bits=32).build()


def set_caps(*, per_claim_units: int, per_day_units: int) -> Cell:
    """Limit one claim and one UTC day, in jetton units."""
    return _order(SET_CAPS).coins(per_claim_units).coins(per_day_units).build()


def set_jetton_wallet(wallet: Address) -> Cell:
    """Tell the vault which jetton wallet is its own, as the master's get_wallet_address says; once."""
    return _order(SET_JETTON_WALLET).address(wallet).build()


def propose_owner(new_owner: Address) -> Cell:
    """Offer the vault to a new owner, who must accept; a second offer replaces the first."""
    return _order(PROPOSE_OWNER).address(new_owner).build()


def accept_owner() -> Cell:
    """Sent by the proposed owner, which proves that address can send at all."""
    return _order(ACCEPT_OWNER).build()


def set_guardian(guardian: Address) -> Cell:
    """Replace the guardian, who may only pause."""
    return _order(SET_GUARDIAN).address(guardian).build()


def withdraw_jettons(*, amount_units: int, to: Address, query_id: int) -> Cell:
    """Move jettons out to `to`, the owner of the receiving jetton wallet."""
    builder = _order(WITHDRAW_JETTONS).unsigned(query_id, bits=64)
    return builder.coins(amount_units).address(to).build()


def withdraw_ton(*, amount_nanoton: int, to: Address) -> Cell:
    """Move coins out to `to`; the vault refuses to go below its reserve."""
    return _order(WITHDRAW_TON).coins(amount_nanoton).address(to).build()


def top_up() -> Cell:
    """An empty body: the vault keeps the coins."""
    return CellBuilder().build()


def _order(opcode: int) -> CellBuilder:
    return CellBuilder().unsigned(opcode, bits=32)


def _strong_key(key: bytes) -> bytes:
    ensure(type(key) is bytes and len(key) == ORACLE_KEY_BYTES, "an oracle key is 32 bytes")
    if int.from_bytes(key, "little") & (1 << 255) - 1 in _WEAK_Y:
        raise Refused("anybody can sign under a key of small order", code="weak_oracle_key")
    return key
