"""The economy function's dependencies: the only one that reads initData and issues session tokens."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.bootstrap.edge import edge_wiring
from shared.bootstrap.http_function import HttpFunction, OnDemand, Started
from shared.bootstrap.stores import Stores
from shared.config.functions.economy import EconomySettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.domain.session import Session
    from shared.domain.telegram_init_data import InitData
    from shared.ports.clock import Clock
    from shared.ports.referrals import ReferralCodes
    from shared.services.commit import Committer
    from shared.services.link_wallet import WalletDesk

    IssueSession = Callable[[str], tuple[str, Session]]


@dataclass(frozen=True, slots=True)
class EconomyParts:
    """The ledger, referral codes, and the issuer of sessions.

    `issue_session` turns an account into a token and what it says; `new_referral_code` answers ten
    random hex digits.
    """

    clock: Clock
    committer: Committer
    codes: ReferralCodes
    issue_session: IssueSession
    new_referral_code: Callable[[], str]
    wallet_desk: WalletDesk


def start_economy(settings: EconomySettings) -> Started[EconomyParts]:
    """The edge of the economy function, and its parts on demand."""
    stores = Stores("economy", runtime=settings.runtime, database=settings.database)

    def judge(raw: str, *, now_s: int) -> InitData:
        from shared.domain.telegram_init_data import judge_init_data

        return judge_init_data(
            raw,
            bot_token=settings.telegram_bot_token,
            max_age_s=settings.telegram_initdata_max_age_s,
            now_s=now_s,
        )

    edge = edge_wiring(
        stores,
        cors_origins=settings.cors_origins,
        limiter=settings.limiter,
        session_public_keys=settings.session_public_keys,
        judge_init_data=judge,
    )
    return Started(edge, OnDemand(lambda: _parts(stores, settings)))


def _parts(stores: Stores, settings: EconomySettings) -> EconomyParts:
    from shared.adapters.mongo_referral_codes import MongoReferralCodes
    from shared.adapters.session_tokens import SessionIssuer
    from shared.bootstrap.wallet import wallet_desk

    issuer = SessionIssuer(settings.session_private_key)

    def issue(account: str) -> tuple[str, Session]:
        return issuer.issue(account, token_id=secrets.token_hex(16), now_s=stores.clock.now_ms() // 1000)

    return EconomyParts(
        clock=stores.clock,
        committer=stores.committer,
        codes=MongoReferralCodes(stores.database),
        issue_session=issue,
        new_referral_code=lambda: secrets.token_hex(5),
        wallet_desk=wallet_desk(stores, settings),
    )


economy_parts = HttpFunction(EconomySettings, start_economy)
