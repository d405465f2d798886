"""A whole world on the local TON chain: a jetton, a vault that holds some of it, and the settings that name them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from infra.local.chain_client import ChainClient
from infra.local.jetton import mint_body, minter_state_init
from infra.vault.messages import (
    DEPLOY_NANOTON,
    ORDER_NANOTON,
    VaultSetup,
    set_jetton_wallet,
    vault_state_init,
)
from shared.domain.errors import ensure
from shared.domain.ton.address import Address, read_address
from shared.domain.ton.boc import write_boc_base64
from shared.domain.ton.cell import Cell

UNITS_PER_CREDIT: Final = 10**9
MINTER_NANO: Final = 200_000_000
MINT_NANO: Final = 100_000_000
MINT_FORWARD_NANO: Final = 50_000_000


@dataclass(frozen=True, slots=True)
class WorldPlan:
    """How a world begins; amounts in jetton units."""

    inventory_units: int = 1_000_000 * UNITS_PER_CREDIT
    per_claim_cap_units: int = 100_000 * UNITS_PER_CREDIT
    per_day_cap_units: int = 1_000_000 * UNITS_PER_CREDIT


@dataclass(frozen=True, slots=True)
class World:
    """Addresses are raw. `owner` administers minter and vault; only the chain's control endpoint sends for it."""

    network_id: int
    owner: str
    vault: str
    vault_jetton_wallet: str
    jetton_master: str
    oracle_public_key_hex: str
    units_per_credit: int
    provider_url: str

    def settings(self) -> dict[str, str]:
        """The settings of the functions that talk to this world."""
        return {
            "TON_NETWORK": str(self.network_id),
            "TON_PROVIDER_URL": self.provider_url,
            "ARENA_VAULT_ADDRESS": self.vault,
            "AIBA_JETTON_MASTER": self.jetton_master,
            "ORACLE_PUBLIC_KEY_HEX": self.oracle_public_key_hex,
            "AIBA_UNITS_PER_CREDIT": str(self.units_per_credit),
        }


_DEFAULT_PLAN: Final = WorldPlan()


def create_world(chain: ChainClient, *, oracle_public_key: bytes, plan: WorldPlan = _DEFAULT_PLAN) -> World:
    """Deploy minter and vault, introduce them to each other and mint the inventory into the vault.

    Every step is checked, so that a world either works or is not returned: a transaction that fails
    raises InvariantBroken, an unreachable chain ChainError or OSError. Take another
    `oracle_public_key` or a new chain for a second world; the same ones give the same addresses.
    """
    state = chain.control("state")
    owner, network_id = read_address(state["owner"]).address, state["network_id"]
    master = _deploy(chain, minter_state_init(owner=owner), nano=MINTER_NANO)
    setup = VaultSetup(
        owner=owner,
        guardian=owner,
        jetton_master=master,
        oracle_key=oracle_public_key,
        network_id=network_id,
        per_claim_cap_units=plan.per_claim_cap_units,
        per_day_cap_units=plan.per_day_cap_units,
    )
    vault = _deploy(chain, vault_state_init(setup), nano=DEPLOY_NANOTON)
    # Only the minter knows: the wallet's address is the hash of a state that includes its own code.
    wallet = chain.jetton_wallet(vault.raw, master=master.raw)
    owner_order(chain, to=vault.raw, nano=ORDER_NANOTON, body=set_jetton_wallet(read_address(wallet).address))
    inventory = mint_body(to=vault, units=plan.inventory_units, forward_nano=MINT_FORWARD_NANO)
    owner_order(chain, to=master.raw, nano=MINT_NANO, body=inventory)
    held = int(chain.get(wallet, "get_wallet_data")[0][1], 16)
    ensure(held >= plan.inventory_units, "the vault holds the minted inventory")
    return World(
        network_id=network_id,
        owner=owner.raw,
        vault=vault.raw,
        vault_jetton_wallet=wallet,
        jetton_master=master.raw,
        oracle_public_key_hex=oracle_public_key.hex(),
        units_per_credit=UNITS_PER_CREDIT,
        provider_url=chain.provider_url,
    )


def owner_order(chain: ChainClient, *, to: str, nano: int, body: Cell) -> None:
    """Send a message of the world's owner. Raises InvariantBroken when any of its transactions fails."""
    answer = chain.control("owner_send", to=to, nano=str(nano), body=write_boc_base64(body))
    _ensure_done(answer["transactions"])


def _deploy(chain: ChainClient, state_init: Cell, *, nano: int) -> Address:
    answer = chain.control("deploy", state_init=write_boc_base64(state_init), nano=str(nano))
    _ensure_done(answer["transactions"])
    ensure(answer["address"] == f"0:{state_init.hash.hex()}", "an address is the hash of its state init")
    return read_address(answer["address"]).address


def _ensure_done(transactions: list[dict[str, object]]) -> None:
    ensure(all(not each["aborted"] for each in transactions), f"every step succeeds: {transactions}")
