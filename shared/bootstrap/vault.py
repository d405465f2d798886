"""The vault as claims name it, from the settings that every reader of it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.claims import VaultIdentity

if TYPE_CHECKING:
    from shared.config.claim_parts import VaultSettings


def vault_identity(vault: VaultSettings, *, network_id: int) -> VaultIdentity:
    """What a claim is bound to: a signature for one of these is worth nothing for another."""
    return VaultIdentity(
        network=network_id,
        vault=vault.vault_address,
        jetton_master=vault.jetton_master,
        units_per_credit=vault.units_per_credit,
    )
