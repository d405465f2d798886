"""Fakes that pass the same contract suites as the real adapters; everybody's tests share them."""

from __future__ import annotations

import copy
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from shared.domain.boards import BoardEntry, BoardSummary, Standing, shelf_of
from shared.domain.budgets import BudgetPlan
from shared.domain.errors import Unavailable
from shared.domain.fairness import FairnessRecord
from shared.domain.game_config import GameConfig
from shared.domain.ledger import Hold, Row, row_document, row_from_document
from shared.domain.player import Player, project
from shared.domain.row_heads import RowHead
from shared.domain.ton.address import stored_address
from shared.domain.ton_views import ClaimRejection, Delivery, VaultAccount, VaultSnapshot
from shared.ports import BudgetShard, LimitCheck, LimitVerdict, ReferralCode


class FakeClock:
    """A clock the test moves."""

    def __init__(self, now_ms: int = 1_795_000_000_000) -> None:
        self.time_ms = now_ms

    def now_ms(self) -> int:
        return self.time_ms

    def advance(self, *, seconds: float) -> None:
        self.time_ms += int(seconds * 1000)


class FakeGameConfigs:
    """One configuration the test may replace."""

    def __init__(self, config: GameConfig | None = None) -> None:
        self.config = config or GameConfig()

    def current(self) -> GameConfig:
        return self.config


class FakeLedgerStore:
    """ports.LedgerStore in memory; rows are kept as documents, as a database would."""

    def __init__(self) -> None:
        self.rows: dict[str, dict] = {}
        self.keys: dict[str, str] = {}
        self.players: dict[str, Player] = {}
        self.shards: dict[str, BudgetShard] = {}
        self.plans: dict[str, BudgetPlan] = {}
        self.lowered: dict[tuple[str, str], int] = {}
        self._lock = threading.RLock()

    def read_player(self, player_id: str) -> Player | None:
        return self.players.get(player_id)

    def create_player(self, player_id: str, *, now_ms: int) -> None:
        with self._lock:
            self.players.setdefault(player_id, Player(id=player_id, ts_ms=now_ms))

    def row_by_key(self, key: str) -> Row | None:
        row_id = self.keys.get(key)
        return None if row_id is None else row_from_document(self.rows[row_id])

    def row_at(self, account: str, seq: int) -> Row | None:
        rows = self.rows_at(account, [seq])
        return rows[0] if rows else None

    def rows_at(self, account: str, seqs: Sequence[int]) -> list[Row]:
        found = [self.rows[f"{account}:{seq}"] for seq in sorted(seqs) if f"{account}:{seq}" in self.rows]
        return [row_from_document(document) for document in found]

    def rows_with_ids(self, ids: Sequence[str]) -> list[Row]:
        return [row_from_document(self.rows[row_id]) for row_id in ids if row_id in self.rows]

    def players_with_ids(self, ids: Sequence[str]) -> list[Player]:
        return [self.players[player_id] for player_id in ids if player_id in self.players]

    def seqs_of(self, ids: Sequence[str]) -> dict[str, int]:
        return {player.id: player.seq for player in self.players_with_ids(ids)}

    def insert_row(self, row: Row) -> bool:
        with self._lock:
            if row.id in self.rows or row.key in self.keys:
                return False
            self.rows[row.id] = copy.deepcopy(row_document(row))
            self.keys[row.key] = row.id
            return True

    def project_row(self, row: Row) -> None:
        with self._lock:
            player = self.players.get(row.account)
            if player is not None and player.seq == row.seq - 1:
                self.players[row.account] = project(player, row)

    def take_hold(self, hold: Hold) -> bool:
        with self._lock:
            shard = self.shards.get(hold.budget_id)
            if shard is None or shard.available < hold.amount:
                return False
            self.shards[shard.id] = BudgetShard(shard.id, shard.cap, shard.available - hold.amount)
            return True

    def give_back(self, hold: Hold) -> None:
        with self._lock:
            shard = self.shards[hold.budget_id]
            self.shards[shard.id] = BudgetShard(shard.id, shard.cap, shard.available + hold.amount)

    def budget_shards(self, group: str) -> list[BudgetShard]:
        return [shard for shard in self.shards.values() if shard.id.rsplit(":", 1)[0] == group]

    def ensure_budget(self, group: str, plan: BudgetPlan) -> list[BudgetShard]:
        with self._lock:
            plan = self.plans.setdefault(group, plan)
            for index, cap in enumerate(plan.shard_caps()):
                self.add_shard(group, str(index), cap=cap)
            return self.budget_shards(group)

    def add_shard(self, group: str, name: str, *, cap: int) -> None:
        with self._lock:
            self.shards.setdefault(f"{group}:{name}", BudgetShard(f"{group}:{name}", cap, cap))

    def lower_shard(self, shard_id: str, *, amount: int, name: str) -> int:
        with self._lock:
            shard = self.shards.get(shard_id)
            known = self.lowered.get((shard_id, name))
            if known is not None or shard is None or shard.available < amount:
                return known or 0
            self.shards[shard_id] = BudgetShard(shard_id, shard.cap - amount, shard.available - amount)
            self.lowered[(shard_id, name)] = amount
            return amount

    def open_rows(self, *, limit: int) -> list[Row]:
        return [row_from_document(document) for document in self.rows.values() if document.get("open")][
            :limit
        ]

    def close_row(self, row: Row) -> None:
        self.rows[row.id].pop("open", None)

    def rows_between(self, *, from_ms: int, until_ms: int) -> Iterable[Row]:
        for document in list(self.rows.values()):
            if from_ms <= document["ts"] < until_ms:
                yield row_from_document(document)

    def heads_between(self, *, from_ms: int, until_ms: int, limit: int) -> list[RowHead]:
        heads = [
            RowHead(row["acct"], row["seq"], row["kind"], row["ts"])
            for row in list(self.rows.values())
            if from_ms <= row["ts"] < until_ms
        ]
        return sorted(heads, key=lambda head: head.ts_ms)[:limit]


class FakeLimiter:
    """ports.RateLimiter with fixed counts per (policy, subject); `is_down` makes it unavailable."""

    def __init__(self, *, is_fallback: bool = False) -> None:
        self.is_fallback = is_fallback
        self.counts: dict[tuple[str, str], int] = {}
        self.checked: list[Sequence[LimitCheck]] = []
        self.is_down = False

    def check(self, checks: Sequence[LimitCheck]) -> LimitVerdict:
        if self.is_down:
            raise Unavailable("the limiter is down", code="limiter_unavailable")
        self.checked.append(list(checks))
        tightest = min(checks, key=self._left)
        if self._left(tightest) <= 0:
            return self._verdict(tightest, is_allowed=False)
        for check in checks:
            key = (check.policy, check.subject)
            self.counts[key] = self.counts.get(key, 0) + 1
        return self._verdict(tightest, is_allowed=True)

    def _left(self, check: LimitCheck) -> int:
        return check.limit - self.counts.get((check.policy, check.subject), 0)

    def _verdict(self, check: LimitCheck, *, is_allowed: bool) -> LimitVerdict:
        return LimitVerdict(
            is_allowed=is_allowed,
            policy=check.policy,
            limit=check.limit,
            remaining=max(0, self._left(check)),
            window_s=check.window_s,
            retry_after_ms=0 if is_allowed else check.window_s * 1000 // check.limit,
            is_fallback=self.is_fallback,
        )


class FakeFairnessStore:
    """ports.FairnessStore in memory."""

    def __init__(self) -> None:
        self.records: dict[str, FairnessRecord] = {}

    def epochs(self, day: str) -> list[FairnessRecord]:
        names = [day, *(f"{day}:{number}" for number in range(1, 10))]
        return [self.records[name] for name in names if name in self.records]

    def of_days(self, days: Sequence[str]) -> list[FairnessRecord]:
        return [self.records[day] for day in days if day in self.records]

    def insert(self, record: FairnessRecord) -> None:
        self.records.setdefault(record.epoch, record)

    def publish(self, epoch: str, *, seed: str) -> None:
        if not self.records[epoch].seed:
            self.records[epoch] = replace(self.records[epoch], seed=seed)


class FakeReferralCodes:
    """ports.ReferralCodes in memory."""

    def __init__(self) -> None:
        self.taken: dict[str, tuple[str, int]] = {}

    def take(self, code: str, account: str, *, now_ms: int) -> str:
        return self.taken.setdefault(code, (account, now_ms))[0]

    def owner(self, code: str) -> str | None:
        return self.taken[code][0] if code in self.taken else None

    def release(self, code: str, account: str) -> None:
        if self.owner(code) == account:
            del self.taken[code]

    def taken_between(self, *, from_ms: int, until_ms: int, limit: int) -> list[ReferralCode]:
        found = [
            ReferralCode(code, account, instant)
            for code, (account, instant) in self.taken.items()
            if from_ms <= instant < until_ms
        ]
        return sorted(found, key=lambda code: code.taken_ms)[:limit]


class FakeChallenges:
    """ports.Challenges in memory."""

    def __init__(self) -> None:
        self.open: dict[str, tuple[str, int]] = {}

    def create(self, nonce: str, *, account: str, expires_ms: int) -> None:
        self.open[nonce] = (account, expires_ms)

    def consume(self, nonce: str, *, account: str, now_ms: int) -> bool:
        owner, expires_ms = self.open.get(nonce, ("", 0))
        if owner != account or now_ms > expires_ms:
            return False
        del self.open[nonce]
        return True


class FakeSecrets:
    """ports.Secrets in memory: the test changes `values`, and `is_down` makes the store silent."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self.values = dict(values or {})
        self.is_down = False
        self.reads: list[list[str]] = []

    def resolve(self, references: Collection[str]) -> Mapping[str, str]:
        self.reads.append(sorted(references))
        if self.is_down:
            raise Unavailable(f"could not read {', '.join(sorted(references))}", code="secrets_unavailable")
        return {reference: self.values[reference] for reference in references if reference in self.values}


class FakeChain:
    """ports.Chain in memory: a vault that pays what a test tells it to; `advance` makes a block."""

    def __init__(self, account: VaultAccount, *, network_id: int = -239) -> None:
        self.account = account
        self.global_id = network_id
        self.logical_time = 1
        self.last_seqnos: dict[str, int] = {}
        self.delivered: list[Delivery] = []
        self.rejected: list[ClaimRejection] = []
        self.is_down = False

    def network_id(self) -> int:
        self._answer()
        return self.global_id

    def vault_snapshot(self, recipient: str) -> VaultSnapshot:
        last_seqno = self.last_seqnos.get(stored_address(recipient).raw, 0)
        self._answer()
        return VaultSnapshot(
            block_seqno=self.account.block_seqno,
            shard_time_s=self.account.shard_time_s,
            logical_time=self.logical_time,
            code_hash=self.account.code_hash,
            last_seqno=last_seqno,
        )

    def vault_account(self) -> VaultAccount:
        self._answer()
        return self.account

    def deliveries(self, *, since_s: int) -> Sequence[Delivery]:
        self._answer()
        return [delivery for delivery in self.delivered if delivery.time_s >= since_s]

    def rejections(self, *, since_s: int) -> Sequence[ClaimRejection]:
        self._answer()
        return [rejection for rejection in reversed(self.rejected) if rejection.time_s >= since_s]

    def reject_claim(self, body_hash: str, *, exit_code: int | None) -> None:
        """The vault refuses a claim message; nothing but its own history knows."""
        name = f"fake rejection {len(self.rejected)}"
        self.rejected.append(ClaimRejection(body_hash, exit_code, self.account.shard_time_s, name))
        self.advance(seconds=1)

    def execute_claim(self, recipient: str, *, seqno: int, units: int, is_aborted: bool = False) -> None:
        """The vault runs a claim and its jetton wallet delivers; aborted, the bounce puts all of it back."""
        if not is_aborted:
            self.account = replace(
                self.account,
                recipients=self.account.recipients + (recipient not in self.last_seqnos),
                jetton_units=self.account.jetton_units - units,
                day_spent_units=self.account.day_spent_units + units,
            )
            self.last_seqnos[recipient] = seqno
        self.logical_time += 1
        self.delivered.append(
            Delivery(
                query_id=seqno,
                recipient=recipient,
                amount_units=units,
                is_aborted=is_aborted,
                time_s=self.account.shard_time_s,
                transaction_hash=f"fake transaction {len(self.delivered)}",
            )
        )
        self.advance(seconds=1)

    def advance(self, *, seconds: int) -> None:
        self.account = replace(
            self.account,
            block_seqno=self.account.block_seqno + 1,
            shard_time_s=self.account.shard_time_s + seconds,
        )

    def _answer(self) -> None:
        if self.is_down:
            raise Unavailable("The fake chain is down", code="provider_unavailable")


class FakeBoardStore:
    """ports.BoardStore in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, Standing] = {}
        self.summaries: dict[str, BoardSummary] = {}

    def standings(self, accounts: Sequence[str]) -> list[Standing]:
        return [self.kept[account] for account in accounts if account in self.kept]

    def insert(self, standings: Sequence[Standing]) -> bool:
        inserted = [self.kept.setdefault(new.account, new) is new for new in standings]
        return all(inserted)

    def replace(self, standing: Standing, *, expected_seq: int) -> bool:
        known = self.kept.get(standing.account)
        if known is None or known.seq != expected_seq:
            return False
        self.kept[standing.account] = standing
        return True

    def below(self, board: str, rank_key: str, *, limit: int) -> list[BoardEntry]:
        return [entry for entry in self._ranked(board) if entry.rank_key > rank_key][:limit]

    def above(self, board: str, rank_key: str, *, limit: int) -> list[BoardEntry]:
        return [entry for entry in reversed(self._ranked(board)) if entry.rank_key < rank_key][:limit]

    def rank_keys(self, board: str) -> Iterable[str]:
        return [entry.rank_key for entry in self._ranked(board)]

    def summary(self, board: str) -> BoardSummary | None:
        known = self.summaries.get(shelf_of(board))
        return known if known is not None and known.board == board else None

    def store_summary(self, summary: BoardSummary) -> None:
        self.summaries[shelf_of(summary.board)] = summary

    def _ranked(self, board: str) -> list[BoardEntry]:
        entries = [standing.entry(board) for standing in self.kept.values()]
        return sorted((entry for entry in entries if entry is not None), key=lambda entry: entry.rank_key)


class FakeWatermarks:
    """ports.Watermarks in memory."""

    def __init__(self) -> None:
        self.instants: dict[str, int] = {}

    def read(self, name: str) -> int:
        return self.instants.get(name, 0)

    def write(self, name: str, until_ms: int) -> None:
        self.instants[name] = until_ms
