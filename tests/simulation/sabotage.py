"""Copies of the real parts with one rule left out each: what the simulation must find."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from infra.simulation.world import Parts
from shared.adapters.mongo import writing
from shared.adapters.mongo_audit_marks import MongoAuditMarks
from shared.adapters.mongo_boards import MongoBoardStore
from shared.adapters.mongo_indexes import INDEXES, Index
from shared.adapters.mongo_ledger import MongoLedgerStore
from shared.adapters.mongo_signing import MongoSigningJournal
from shared.adapters.mongo_wallets import MongoWalletNames
from shared.domain.calendar import utc_day, utc_hour
from shared.domain.errors import OutcomeUnknown, Unavailable
from shared.services.commit import Committer
from shared.services.resize_budgets import keep_budgets


class WithoutSequence:
    """A collection of players whose updates forget to ask for the sequence."""

    def __init__(self, players: Any) -> None:
        self._players = players

    def __getattr__(self, name: str) -> Any:
        return getattr(self._players, name)

    def update_one(self, conditions: dict[str, Any], update: dict[str, Any]) -> Any:
        return self._players.update_one({"_id": conditions["_id"]}, update)


class UnfencedProjection(MongoLedgerStore):
    def __init__(self, database: Any) -> None:
        super().__init__(database)
        self._players: Any = WithoutSequence(self._players)


class DoubleGiveBack(MongoLedgerStore):
    def give_back(self, hold):
        super().give_back(hold)
        super().give_back(hold)


class UpsertedHold(MongoLedgerStore):
    def take_hold(self, hold):
        with writing():
            self._budget.update_one({"_id": hold.budget_id}, {"$inc": {"avail": -hold.amount}}, upsert=True)
        return True


class RepeatedHold(MongoLedgerStore):
    def take_hold(self, hold):
        try:
            return super().take_hold(hold)
        except Unavailable:
            return super().take_hold(hold)


class RepeatedReturn(MongoLedgerStore):
    def give_back(self, hold):
        try:
            super().give_back(hold)
        except Unavailable:
            super().give_back(hold)


class UnrecordedRefusals(MongoLedgerStore):
    def insert_row(self, row):
        return super().insert_row(row) if row.ok else True

    def project_row(self, row):
        if row.ok:
            super().project_row(row)


class DeletedRows(MongoLedgerStore):
    def project_row(self, row):
        super().project_row(row)
        with writing():
            self._ledger.delete_one({"_id": row.id})


class TimeTraveller(MongoLedgerStore):
    def read_player(self, player_id):
        player = super().read_player(player_id)
        return None if player is None else replace(player, ts_ms=0)


class UnclosedTransfers(MongoLedgerStore):
    def open_rows(self, *, limit):
        return []


class ForgetfulCommitter(Committer):
    """Takes its own row, whose acknowledgement was lost, for another's."""

    def _answer_existing(self, attempt, existing, *, fingerprint):
        return super()._answer_existing(replace(attempt, id="another"), existing, fingerprint=fingerprint)


class HastyCommitter(Committer):
    """Gives holds back when an insert timed out."""

    def _insert(self, row):
        try:
            return self.store.insert_row(row)
        except OutcomeUnknown:
            self.holder.give_back(row.holds)
            raise


class StubbornCommitter(Committer):
    """Calls a decision impossible without looking again."""

    def _look_again(self, attempt, error, *, key):
        raise error


class BlankJournal(MongoSigningJournal):
    """Remembers nothing: both the signer and the refunder always win."""

    def read(self, journal_id):
        return None

    def insert(self, entry):
        return True

    def replace(self, entry, *, expected_generation):
        return True


class CarelessNames(MongoWalletNames):
    """Releases a name whoever took it since."""

    def release(self, name, account, *, ticket, now_ms):
        with writing():
            self._wallets.delete_one({"_id": name, "acct": account})


class PresentAlone:
    """A store that knows of no budget but those of this day and hour."""

    def __init__(self, store: MongoLedgerStore, now_ms: int) -> None:
        self._store = store
        self._periods = {utc_day(now_ms), utc_hour(now_ms)}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def budgets_begun(self, groups):
        return self._store.budgets_begun([group for group in groups if group.split(":")[1] in self._periods])


def keep_present_budgets(*, store, now_ms, latest):
    """Drops what has begun before its time."""
    return keep_budgets(store=cast(Any, PresentAlone(store, now_ms)), now_ms=now_ms, latest=latest)


def keep_no_budgets(*, store, now_ms, latest):
    """Trusts the change itself to reach every budget."""


class ForgetfulMarks(MongoAuditMarks):
    """Begins every run as if nobody had been found before."""

    def write_progress(self, progress):
        super().write_progress(replace(progress, suspects={}))


class UnsummedMarks(MongoAuditMarks):
    """Counts of each budget what the last run saw alone."""

    def write_progress(self, progress):
        super().write_progress(replace(progress, held={}))


class RecountedBoards(MongoBoardStore):
    """Standings that do not say how far they have counted."""

    def standings(self, accounts):
        return [replace(found, seq=max(0, found.seq - 1)) for found in super().standings(accounts)]

    def replace(self, standing, *, expected_seq):
        return super().replace(standing, expected_seq=expected_seq + 1)


class RestlessDesk(Committer):
    """Writes an administrator's row under a key of each attempt's own."""

    def commit(self, *, key, **named):
        return super().commit(key=f"{key}{self.new_attempt()}", **named)


WITHOUT_UNIQUE_KEYS = tuple(
    Index("ledger", ("k",)) if index.collection == "ledger" and index.fields == ("k",) else index
    for index in INDEXES
)

SABOTAGED = {
    "no unique key": Parts(indexes=WITHOUT_UNIQUE_KEYS),
    "a projection without the sequence": Parts(ledger_store=UnfencedProjection),
    "a hold given back twice": Parts(ledger_store=DoubleGiveBack),
    "an upsert on a debit": Parts(ledger_store=UpsertedHold),
    "a hold retried": Parts(ledger_store=RepeatedHold),
    "a return retried": Parts(ledger_store=RepeatedReturn),
    "a refusal that is no row": Parts(ledger_store=UnrecordedRefusals),
    "rows deleted once projected": Parts(ledger_store=DeletedRows),
    "a clock that may run backwards": Parts(ledger_store=TimeTraveller),
    "open transfers nobody looks for": Parts(ledger_store=UnclosedTransfers),
    "one's own row taken for another's": Parts(committer=ForgetfulCommitter),
    "holds returned after a time-out": Parts(committer=HastyCommitter),
    "an old view called impossible": Parts(committer=StubbornCommitter),
    "a journal that remembers nothing": Parts(journal=BlankJournal),
    "reads that a failover takes back": Parts(shows_majority=False),
    "a cap that is kept for today alone": Parts(keep_budgets=keep_present_budgets),
    "a cap that nobody keeps": Parts(keep_budgets=keep_no_budgets),
    "an audit that forgets whom it found": Parts(audit_marks=ForgetfulMarks),
    "an audit that never sums over its runs": Parts(audit_marks=UnsummedMarks),
    "a board that counts a row again": Parts(board_store=RecountedBoards),
    "an administrator's row for each attempt": Parts(desk_committer=RestlessDesk),
    "a name released whoever took it": Parts(wallet_names=CarelessNames),
}
