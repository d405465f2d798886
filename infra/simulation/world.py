"""Everything a simulated installation consists of; the seed decides its whole future."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from random import Random  # noqa: TID251 - a simulation's chance comes from its seed, not from a battle's
from typing import Any, cast

from pymongo.database import Database

from infra.local.player_wallet import PlayerWallet
from infra.simulation.answers import OPERATOR, SECOND
from infra.simulation.chain import SimulatedChain
from infra.simulation.database import SimulatedDatabase
from infra.simulation.documents import Document
from infra.simulation.faults import Faults
from infra.simulation.scheduler import Scheduler
from shared.adapters.local_signing_key import LocalSigningKey
from shared.adapters.mongo_audit_marks import MongoAuditMarks
from shared.adapters.mongo_boards import MongoBoardStore
from shared.adapters.mongo_game_configs import MongoGameConfigs
from shared.adapters.mongo_indexes import INDEXES, Index
from shared.adapters.mongo_ledger import MongoLedgerStore
from shared.adapters.mongo_signing import MongoSigningJournal
from shared.adapters.mongo_wallets import MongoWalletNames
from shared.domain.calendar import MS_PER_HOUR
from shared.domain.claims import ClaimTerms, VaultIdentity, terms_from
from shared.domain.game_config import Economy, GameConfig, default_config
from shared.ports.audit import AuditProgress
from shared.services.commit import Committer
from shared.services.resize_budgets import keep_budgets

NETWORK_ID = -3
DOMAIN = "arena.example"
BATTLE_SECRET = b"a battle secret for simulations only"
ORACLE_SEED = bytes(range(32))
VAULT = VaultIdentity(
    network=NETWORK_ID, vault="0:" + "11" * 32, jetton_master="0:" + "22" * 32, units_per_credit=1000
)
PLAYERS = 6
WALLETS = 4
MAX_SKEW_MS = 20_000
OLD_TRANSFER = 6


@dataclass(frozen=True, slots=True)
class Parts:
    """What a process is built of; a test exchanges one part for a sabotaged copy to see it caught."""

    ledger_store: Callable[[Database[dict[str, Any]]], MongoLedgerStore] = MongoLedgerStore
    committer: type[Committer] = Committer
    journal: Callable[[Database[dict[str, Any]]], MongoSigningJournal] = MongoSigningJournal
    wallet_names: Callable[[Database[dict[str, Any]]], MongoWalletNames] = MongoWalletNames
    indexes: tuple[Index, ...] = INDEXES
    shows_majority: bool = True
    board_store: Callable[[Database[dict[str, Any]]], MongoBoardStore] = MongoBoardStore
    audit_marks: Callable[[Database[dict[str, Any]]], MongoAuditMarks] = MongoAuditMarks
    keep_budgets: Callable[..., object] = keep_budgets
    desk_committer: type[Committer] | None = None

    def desk_committer_of(self, committer: Committer) -> Committer:
        """What writes administrators' rows: the process' own committer, unless that is what a test exchanged."""
        if self.desk_committer is None:
            return committer
        parts = {part.name: getattr(committer, part.name) for part in fields(Committer)}
        return self.desk_committer(**parts)


@dataclass(frozen=True, slots=True)
class SkewedClock:
    """A machine's own idea of the time."""

    scheduler: Scheduler
    skew_ms: int

    def now_ms(self) -> int:
        return self.scheduler.now_ms + self.skew_ms


@dataclass(slots=True)
class World:
    """One installation: stores, chain, wallets, and a source of ids that the seed decides."""

    chance: Random
    faults: Faults
    scheduler: Scheduler
    database: SimulatedDatabase
    chain: SimulatedChain
    parts: Parts
    wallets: list[PlayerWallet]
    reports: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    signatures: list[tuple[ClaimTerms, int, bytes]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def new_id(self) -> str:
        """Never twice the same, always the same in the same run."""
        return f"{next(self._numbers):032x}"

    def new_code(self) -> str:
        """A referral code."""
        return f"{next(self._numbers):010x}"

    def remember_signature(self, collection: str, document: Document) -> None:
        """Whoever saw a signature once may send it at any time."""
        if collection == "claims" and document["signature"]:
            terms = terms_from(document["terms"])
            known = (terms, int(document["valid_until_s"]), base64.b64decode(document["signature"]))
            if known not in self.signatures:
                self.signatures.append(known)

    def report(self, name: str, facts: Mapping[str, Any]) -> None:
        """Hear what services report."""
        self.reports.append(name)
        # A leap in time makes any open transfer an old one, which only alarms.
        if name == "ledger_violation" and facts["invariant"] != OLD_TRANSFER:
            self.violations.append(f"{facts['where']}: {facts['what']}")


def create_world(seed: int, *, parts: Parts, hostility: float) -> World:
    """A world whose whole future the seed decides."""
    chance = Random(seed)  # noqa: S311 - a simulation has to be repeatable
    faults = Faults(chance, hostility=0.0)
    scheduler = Scheduler(chance, faults)
    key = LocalSigningKey(seed=ORACLE_SEED)
    world = World(
        chance=chance,
        faults=faults,
        scheduler=scheduler,
        database=SimulatedDatabase(
            scheduler, faults, indexes=parts.indexes, shows_majority=parts.shows_majority
        ),
        chain=SimulatedChain(scheduler, faults, key.public_key()),
        parts=parts,
        wallets=[PlayerWallet(bytes([number + 1]) * 32) for number in range(WALLETS)],
    )
    world.database.watch = world.remember_signature
    MongoGameConfigs(cast("Database[dict[str, Any]]", world.database), SkewedClock(scheduler, 0)).seed(
        first_config(chance)
    )
    database = cast("Database[dict[str, Any]]", world.database)
    for administrator in (OPERATOR, SECOND):
        audit = MongoLedgerStore(database, rows="admin_audit", accounts="admin_heads")
        audit.create_player(administrator, now_ms=scheduler.now_ms)
    # An installation whose hourly audit has run: it is to see every row of this one.
    MongoAuditMarks(database).write_progress(AuditProgress(scheduler.now_ms - MS_PER_HOUR))
    faults.hostility = hostility
    return world


def first_config(chance: Random) -> GameConfig:
    """Small caps, quick energy and cheap goods, so that every refusal and every success is reached."""
    economy = Economy(
        daily_cap_aiba=chance.choice((900, 2_500, 9_000)),
        daily_cap_neur=chance.choice((1_500, 6_000)),
        daily_cap_aiba_by_arena={"prediction": 700},
        daily_cap_neur_by_arena={"simulation": 300},
        base_reward_neur_per_score=1,
        battle_energy_regen_seconds_per_energy=1,
        claim_max_per_player_per_day=20,
        claim_max_aiba_per_hour=600,
        claim_max_aiba_per_day=2_000,
        claim_approval_above_aiba=200,
        wallet_cooldown_hours=chance.choice((0, 0, 0, 1)),
        budget_shards=chance.choice((1, 2, 3)),
        admin_daily_aiba=chance.choice((1_500, 5_000)),
    )
    return replace(default_config(), economy=economy)
