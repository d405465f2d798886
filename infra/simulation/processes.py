"""How one simulated process is wired: the real services over the real adapters over the simulated stores."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from pymongo.database import Database

from infra.simulation.administration import Administration
from infra.simulation.chain import CODE_HASH
from infra.simulation.faults import ProcessKilled
from infra.simulation.world import (
    BATTLE_SECRET,
    DOMAIN,
    MAX_SKEW_MS,
    NETWORK_ID,
    ORACLE_SEED,
    VAULT,
    SkewedClock,
    World,
)
from shared.adapters.ed25519 import verify
from shared.adapters.local_signing_key import LocalSigningKey
from shared.adapters.mongo_claims import MongoApprovalStore, MongoClaimStore
from shared.adapters.mongo_fairness import MongoFairnessStore
from shared.adapters.mongo_game_configs import MongoGameConfigs
from shared.adapters.mongo_ledger_scan import MongoLedgerScan
from shared.adapters.mongo_observations import MongoObservations
from shared.adapters.mongo_referral_codes import MongoReferralCodes
from shared.adapters.mongo_signing import MongoSignerAudit, MongoSignerLimits
from shared.adapters.mongo_wallets import MongoChallenges
from shared.adapters.mongo_watermarks import MongoScanWatermarks
from shared.domain.budget_plans import plan_budget
from shared.domain.budgets import BudgetPlan
from shared.domain.errors import ArenaError, Unavailable
from shared.domain.game_config import GameConfig
from shared.ports.claims import SignerAnswer
from shared.services.commit import Committer
from shared.services.fairness_secrets import FairnessSecrets
from shared.services.finish_transfer import finish_transfer
from shared.services.fold_accounts import BoardFolding
from shared.services.hold_budgets import BudgetHolder
from shared.services.link_wallet import WalletDesk, release_former_name
from shared.services.release_codes import CodeKeeper
from shared.services.release_names import NameKeeper
from shared.services.request_claim import ClaimDesk
from shared.services.run_janitor import Janitor
from shared.services.settlement import Settlement
from shared.services.sign_claim import ClaimSigning
from shared.services.verify_recent import RecentAudit


def _plan(config: GameConfig, name: str) -> BudgetPlan:
    """As the game plans, but always over all shards: caps here are too small to be worth splitting."""
    return BudgetPlan(plan_budget(config, name).cap, config.economy.budget_shards)


@dataclass(frozen=True, slots=True)
class Process:
    """One process of the backend with every service it may run; it dies with all it remembers."""

    world: World
    clock: SkewedClock
    configs: MongoGameConfigs
    committer: Committer
    fairness: FairnessSecrets
    codes: MongoReferralCodes
    wallet_desk: WalletDesk
    claim_desk: ClaimDesk
    settlement: Settlement
    janitor: Janitor
    names: NameKeeper
    code_names: CodeKeeper
    boards: BoardFolding
    audit: RecentAudit
    administration: Administration

    @classmethod
    def start(cls, world: World) -> Process:
        """A fresh process with a clock of its own."""
        database = cast("Database[dict[str, Any]]", world.database)
        clock = SkewedClock(world.scheduler, world.chance.randrange(-MAX_SKEW_MS, MAX_SKEW_MS))
        configs = MongoGameConfigs(database, clock)
        store = world.parts.ledger_store(database)
        holder = BudgetHolder(store, _plan, lambda: world.scheduler.now_ms)
        committer = world.parts.committer(store, configs, clock, holder, world.new_id)
        claims, journal = MongoClaimStore(database), world.parts.journal(database)
        codes = MongoReferralCodes(database)
        names, watermarks = world.parts.wallet_names(database), MongoScanWatermarks(database)
        observations = MongoObservations(database)
        return cls(
            world=world,
            clock=clock,
            configs=configs,
            committer=committer,
            fairness=FairnessSecrets(MongoFairnessStore(database), clock, lambda: (BATTLE_SECRET,)),
            codes=codes,
            wallet_desk=WalletDesk(
                committer,
                names,
                MongoChallenges(database),
                clock,
                verify,
                (DOMAIN,),
                NETWORK_ID,
                world.new_id,
            ),
            claim_desk=ClaimDesk(
                committer, claims, journal, configs, world.chain, InvokedSigner(world), VAULT
            ),
            settlement=Settlement(
                committer=committer,
                claims=claims,
                journal=journal,
                chain=world.chain,
                secondary=None,
                expected_code_hash=CODE_HASH,
                clock=clock,
                pause_claims=lambda: world.report("paused", {}),
                report=world.report,
                vault=VAULT,
                observations=observations,
                watermarks=watermarks,
            ),
            janitor=Janitor(
                committer=committer,
                claims=claims,
                watermarks=watermarks,
                observations=observations,
                clock=clock,
                finish_transfer=partial(finish_transfer, committer=committer),
                release_former_name=lambda row: release_former_name(row, names=names, now_ms=clock.now_ms()),
            ),
            names=NameKeeper(committer, names, watermarks, clock),
            code_names=CodeKeeper(committer, codes, watermarks, clock),
            boards=BoardFolding(
                committer, world.parts.board_store(database), watermarks, clock, world.report
            ),
            audit=RecentAudit(
                scan=MongoLedgerScan(database),
                marks=world.parts.audit_marks(database),
                observations=observations,
                committer=committer,
                clock=clock,
                pause_claims=lambda: world.report("paused", {}),
                report=world.report,
            ),
            administration=Administration.open(world, committer=committer, configs=configs, clock=clock),
        )


@dataclass(frozen=True, slots=True)
class InvokedSigner:
    """ports.claims.ClaimSigner: another process, whose answer may be lost and which may die alone."""

    world: World

    def request_signature(self, claim_id: str) -> SignerAnswer:
        try:
            answer = _signing(self.world).sign_claim(claim_id)
        except ArenaError as error:
            self.world.scheduler.note("signer", error.code)
            if error.code in ("internal", "signature_invalid"):
                raise
            raise Unavailable("The signer could not decide", code=error.code) from error
        except ProcessKilled as killed:
            if self.world.chance.random() < 0.5:
                raise
            raise Unavailable("The signer did not answer", code="signer_unavailable") from killed
        if self.world.faults.happens(30):
            raise Unavailable("The signer did not answer", code="signer_unavailable")
        return answer


def _signing(world: World) -> ClaimSigning:
    """The signer's process: its own clock, its own reading of everything."""
    process = Process.start(world)
    database = cast("Database[dict[str, Any]]", world.database)
    key = LocalSigningKey(seed=ORACLE_SEED)
    return ClaimSigning(
        committer=process.committer,
        claims=process.claim_desk.claims,
        approvals=MongoApprovalStore(database),
        journal=process.claim_desk.journal,
        limits=MongoSignerLimits(database),
        audit=MongoSignerAudit(database),
        configs=process.configs,
        key=key,
        verify=verify,
        allowed=VAULT,
        pinned_public_key=key.public_key(),
        clock=process.clock,
        new_id=world.new_id,
    )
