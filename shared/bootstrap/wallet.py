"""The wallet desk: who may call a wallet theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.bootstrap.stores import Stores, new_id
from shared.services.link_wallet import WalletDesk

if TYPE_CHECKING:
    from shared.config.functions.economy import EconomySettings


def wallet_desk(stores: Stores, settings: EconomySettings) -> WalletDesk:
    """Names and challenges in the database, proofs verified with libsodium."""
    from shared.adapters.ed25519 import verify
    from shared.adapters.mongo_wallets import MongoChallenges, MongoWalletNames

    return WalletDesk(
        committer=stores.committer,
        names=MongoWalletNames(stores.database),
        challenges=MongoChallenges(stores.database),
        clock=stores.clock,
        verify=verify,
        domains=settings.wallet_proof_domains,
        network_id=settings.ton_network_id,
        new_nonce=new_id,
    )
