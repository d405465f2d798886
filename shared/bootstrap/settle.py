"""The settle function's dependencies: chain readers, the journal's `void`, the janitor; no key of any kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from shared.bootstrap.audit import admin_keeper
from shared.bootstrap.chain import chain_of
from shared.bootstrap.provider_outcomes import ProviderOutcomes
from shared.bootstrap.reporting import Report, ReportedFacts, report_nothing
from shared.bootstrap.stores import Stores
from shared.bootstrap.vault import vault_identity
from shared.bootstrap.wired import Wired
from shared.config.functions.settle import SettleSettings
from shared.domain.ton.vault_code import VAULT_CODE_HASH
from shared.services.finish_transfer import finish_transfer
from shared.services.fold_accounts import BoardFolding
from shared.services.forget_challenges import ChallengeKeeper
from shared.services.link_wallet import release_former_name
from shared.services.release_codes import CodeKeeper
from shared.services.release_names import NameKeeper
from shared.services.run_janitor import Janitor
from shared.services.settlement import Settlement
from shared.services.verify_recent import RecentAudit
from shared.services.watch_vault import VaultWatch

if TYPE_CHECKING:
    from shared.ports.observations import Observations
    from shared.services.keep_admins import AdminKeeper


@dataclass(frozen=True, slots=True)
class SettleParts:
    """What the scheduled run needs; `settlement` and `watch` are None while no vault is configured.

    `providers` counts how the TON providers' answers ended since they were last taken; `reports` holds
    what the services reported since then.
    """

    stores: Stores
    janitor: Janitor
    names: NameKeeper
    codes: CodeKeeper
    challenges: ChallengeKeeper
    boards: BoardFolding
    audit: RecentAudit
    admins: AdminKeeper
    observations: Observations
    settlement: Settlement | None = None
    watch: VaultWatch | None = None
    providers: Mapping[str, ProviderOutcomes] = field(default_factory=dict)
    reports: ReportedFacts = field(default_factory=ReportedFacts)


def build_settle(settings: SettleSettings, *, report: Report = report_nothing) -> SettleParts:
    """Pick the adapters of the settle function; `report` turns facts into metrics."""
    from shared.adapters.mongo_audit_marks import MongoAuditMarks
    from shared.adapters.mongo_boards import MongoBoardStore
    from shared.adapters.mongo_claims import MongoClaimStore
    from shared.adapters.mongo_ledger_scan import MongoLedgerScan
    from shared.adapters.mongo_observations import MongoObservations
    from shared.adapters.mongo_referral_codes import MongoReferralCodes
    from shared.adapters.mongo_signing import MongoSigningJournal
    from shared.adapters.mongo_wallets import MongoChallenges, MongoWalletNames
    from shared.adapters.mongo_watermarks import MongoScanWatermarks, MongoWatermarks

    stores = Stores("settle", runtime=settings.runtime, database=settings.database)
    claims = MongoClaimStore(stores.database)
    watermarks = MongoScanWatermarks(stores.database)
    observations = MongoObservations(stores.database)
    wallet_names = MongoWalletNames(stores.database)
    boards = BoardFolding(
        stores.committer, MongoBoardStore(stores.database), watermarks, stores.clock, report
    )
    janitor = Janitor(
        committer=stores.committer,
        claims=claims,
        watermarks=watermarks,
        observations=observations,
        clock=stores.clock,
        finish_transfer=partial(finish_transfer, committer=stores.committer),
        release_former_name=lambda row: release_former_name(
            row, names=wallet_names, now_ms=stores.clock.now_ms()
        ),
    )
    names = NameKeeper(stores.committer, wallet_names, watermarks, stores.clock)
    codes = CodeKeeper(stores.committer, MongoReferralCodes(stores.database), watermarks, stores.clock)
    pause_claims = _pause_claims(stores)
    audit = RecentAudit(
        scan=MongoLedgerScan(stores.database),
        marks=MongoAuditMarks(stores.database),
        observations=observations,
        committer=stores.committer,
        clock=stores.clock,
        pause_claims=pause_claims,
        report=report,
    )
    parts = SettleParts(
        stores=stores,
        janitor=janitor,
        names=names,
        codes=codes,
        challenges=ChallengeKeeper(MongoChallenges(stores.database), stores.clock),
        boards=boards,
        audit=audit,
        admins=admin_keeper(stores),
        observations=observations,
    )
    if settings.vault is None:
        return parts
    vault, network_id = settings.vault, settings.ton_network_id
    providers = {"primary": ProviderOutcomes(), "secondary": ProviderOutcomes()}
    chain = chain_of(
        "settle",
        settings.ton_provider,
        vault=vault,
        network_id=network_id,
        on_outcome=providers["primary"].count,
    )
    secondary = settings.ton_secondary_provider
    identity = vault_identity(vault, network_id=network_id)
    settlement = Settlement(
        committer=stores.committer,
        claims=claims,
        journal=MongoSigningJournal(stores.database),
        chain=chain,
        secondary=None
        if secondary is None
        else chain_of(
            "settle",
            secondary,
            vault=vault,
            network_id=network_id,
            on_outcome=providers["secondary"].count,
        ),
        expected_code_hash=vault.code_hash or VAULT_CODE_HASH,
        clock=stores.clock,
        pause_claims=pause_claims,
        report=report,
        vault=identity,
        observations=observations,
        watermarks=MongoWatermarks(stores.database),
    )
    watch = VaultWatch(
        chain=chain,
        store=stores.committer.store,
        claims=claims,
        journal=settlement.journal,
        watermarks=watermarks,
        observations=observations,
        configs=stores.configs,
        clock=stores.clock,
        allowed=identity,
        code_hash=settlement.expected_code_hash,
        public_key=vault.oracle_public_key.hex(),
        pause_claims=settlement.pause_claims,
        report=report,
    )
    return replace(parts, settlement=settlement, watch=watch, providers=providers)


def build_reporting_settle(settings: SettleSettings) -> SettleParts:
    """The same, keeping what is reported for the function that runs the tasks."""
    reports = ReportedFacts()
    return replace(build_settle(settings, report=reports.add), reports=reports)


def _pause_claims(stores: Stores) -> Callable[[], None]:
    def pause() -> None:
        """Stop every new signature within 3 s; a lost race means the other change is looked at again."""
        config = stores.configs.latest()
        while not config.paused.claims:
            paused = replace(config, revision=config.revision + 1, paused=replace(config.paused, claims=True))
            stores.configs.seed(config)
            if stores.configs.replace(paused, expected_revision=config.revision):
                return
            config = stores.configs.latest()

    return pause


settle_parts = Wired(SettleSettings, build_reporting_settle)
