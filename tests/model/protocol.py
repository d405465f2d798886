"""The commit protocol as shared/services/commit.py runs it, one label per database operation.

A process is one request: it reads, decides, takes its holds, inserts, looks up, rolls forward and
projects, and where its row opens a transfer it writes the second half and closes the first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tests.model.checker import BrokenRule
from tests.model.ledger_state import (
    BY,
    Db,
    Faults,
    Hold,
    Row,
    Rules,
    folded,
)
from tests.model.processes import INSERT_TRIES, OVERDRAWN, Archiver, Network, Process

Outcomes = Iterable[tuple[Db, "Process | Network"]]


@dataclass(frozen=True)
class Protocol:
    """The steps under these rules and faults."""

    rules: Rules
    faults: Faults

    def step(self, db: Db, process: Process | Network | Archiver) -> Outcomes:
        """Every outcome of the process's next operation."""
        if isinstance(process, Network):
            return self._deliver(db, process)
        if isinstance(process, Archiver):
            projected = frozenset(row for row in db.rows if row.seq <= db.player(row.account).seq)
            return [(db._replace(rows=db.rows - projected, deleted=projected), Archiver("done"))]
        outcomes: Outcomes = getattr(self, f"_{process.at}")(db, process)
        return outcomes

    def _read(self, db: Db, process: Process) -> Outcomes:
        account = process.request.account
        views = [db.player(account)]
        if self.faults.stale_players:
            views += [view for name, view in sorted(db.past) if name == account]
        for view in views:
            floor = view.ts if self.rules.time_never_runs_backwards else 0
            yield db, self._decided(process._replace(view=view, now=max(process.request.clock, floor)))

    def _decided(self, process: Process) -> Process:
        """Pure: ask the decider, then own exactly the holds it needs."""
        decision = process.request.decide(process.view, process.now, process.is_capped)
        process = process._replace(decision=decision)
        if not decision.ok and not self.rules.refusals_are_rows:
            return process._replace(at="look_up_refusal")
        wanted = decision.wishes if decision.ok else ()
        if wanted == process.wanted:
            return process._replace(at="insert", tries=0)
        goes_on = "hold" if wanted else "insert"
        return self._give_back_then(process._replace(wanted=(), tries=0), goes_on)

    def _give_back_then(self, process: Process, after: str) -> Process:
        if not process.holds:
            return process._replace(at=after)
        return process._replace(at="give_back", returning=process.holds, holds=(), after_return=after)

    def _give_back(self, db: Db, process: Process) -> Outcomes:
        """Once each; an error is neither raised nor retried, so a lost one only wastes."""
        (shard, units), *rest = process.returning
        given = db.with_available(shard, units)
        on = process._replace(returning=tuple(rest))
        if not rest:
            on = on._replace(at=process.after_return)
            if on.at == "capped":
                on = self._decided(on._replace(is_capped=True))
        yield given, on
        if self.faults.failing_holds:
            yield db, on
        if not self.rules.holds_return_at_most_once:
            yield given, process._replace(tries=9) if process.tries < 9 else on

    def _hold(self, db: Db, process: Process) -> Outcomes:
        """The key's own shard first; a miss looks for the fullest."""
        assert process.decision is not None
        budget, units = process.decision.wishes[len(process.holds)]
        shards = [name for name, _ in db.shards if name.startswith(f"{budget}:")]
        shard = process.fullest or shards[len(process.request.key) % len(shards)]
        if db.available(shard) >= units or not self.rules.no_upsert_on_money:
            taken = db.with_available(shard, -units)
            yield taken, self._held(process, (shard, units))
            if self.faults.failing_holds:
                yield taken, self._give_back_then(process, "done")
        elif process.fullest or len(shards) == 1:
            yield db, self._capped(process)
        else:
            yield db, process._replace(at="look_for_fullest")

    def _look_for_fullest(self, db: Db, process: Process) -> Outcomes:
        assert process.decision is not None
        budget, units = process.decision.wishes[len(process.holds)]
        left, shard = max((left, name) for name, left in db.shards if name.startswith(f"{budget}:"))
        if left >= units:
            yield db, process._replace(at="hold", fullest=shard)
        else:
            yield db, self._capped(process)

    def _held(self, process: Process, hold: Hold) -> Process:
        assert process.decision is not None
        process = process._replace(holds=(*process.holds, hold), fullest="")
        if len(process.holds) < len(process.decision.wishes):
            return process._replace(at="hold")
        return process._replace(at="insert", wanted=process.decision.wishes, tries=0)

    def _capped(self, process: Process) -> Process:
        process = self._give_back_then(process._replace(fullest="", wanted=()), "capped")
        return self._decided(process._replace(is_capped=True)) if process.at == "capped" else process

    def _insert(self, db: Db, process: Process) -> Outcomes:
        """This is the commit: in, taken, in but unacknowledged, or under way for who knows how long."""
        row = self._sealed(process)
        if row is None:
            yield db, process._replace(at="look_up", is_doubtful=True)
            return
        can_time_out = self.faults.lost_acknowledgements or self.faults.delayed_inserts
        late = self._timed_out(process)
        if not self._fits(db, row):
            yield db, process._replace(at="look_up")
        else:
            inserted = self._inserted(db, row)
            yield inserted, process._replace(at="project", row=row)
            if self.faults.lost_acknowledgements:
                yield inserted, late
        if can_time_out and self.faults.delayed_inserts:
            yield db._replace(packets=db.packets | {row}), late

    def _timed_out(self, process: Process) -> Process:
        if not self.rules.timed_out_insert_is_repeated_identically:
            if process.tries:
                return process._replace(at="done")
            return self._give_back_then(process._replace(tries=1, wanted=()), "read")
        if process.tries + 1 < INSERT_TRIES:
            return process._replace(tries=process.tries + 1)
        return process._replace(at="done")  # 503; the holds stay with the row that may yet land

    def _sealed(self, process: Process) -> Row | None:
        """The row of the decision; None when it would overdraw, which only an old view explains."""
        decision, view, request = process.decision, process.view, process.request
        assert decision is not None
        marks = decision.marks if self.rules.state_changes_only_through_rows else ()
        row = Row(
            request.account,
            view.seq + 1,
            request.key,
            decision.ok,
            process.attempt,
            process.now,
            decision.answer,
        )
        if decision.ok:
            row = row._replace(
                delta=decision.delta,
                escrow=decision.escrow,
                marks=marks,
                holds=process.holds,
                opens=decision.opens,
            )
            after = folded(view, row)
            if after.balance < 0 or after.escrow < 0:
                if self.rules.overdrawing_decision_looks_again:
                    return None
                raise BrokenRule(OVERDRAWN)
        return row

    def _fits(self, db: Db, row: Row) -> bool:
        is_key_taken = self.rules.unique_key and db.row_by_key(row.key) is not None
        is_seq_taken = self.rules.unique_sequence and db.row_at(row.account, row.seq) is not None
        return not is_key_taken and not is_seq_taken

    def _inserted(self, db: Db, row: Row) -> Db:
        is_open = bool(row.opens) and self.rules.open_rows_are_marked
        return db._replace(rows=db.rows | {row}, open=db.open | {row.key} if is_open else db.open)

    def _look_up(self, db: Db, process: Process) -> Outcomes:
        """By key, never by the error: mine, another's, or none."""
        existing = db.row_by_key(process.request.key)
        if existing is not None:
            yield self._recognised(db, process, existing)
        if existing is None or self.faults.stale_look_ups:
            yield db, process._replace(at="roll_forward")

    def _recognised(self, db: Db, process: Process, existing: Row) -> tuple[Db, Process]:
        process = process._replace(row=existing)
        if existing.attempt == process.attempt and self.rules.own_row_is_recognised:
            return db, process._replace(at="project")
        process = self._give_back_then(process, "finish")
        return (db, process) if process.at == "give_back" else self._finished(db, process)

    def _look_up_refusal(self, db: Db, process: Process) -> Outcomes:
        """Only without the rule: a refusal that leaves no row behind."""
        existing = db.row_by_key(process.request.key)
        assert process.decision is not None
        answer = process.decision.answer if existing is None else existing.answer
        yield (
            db._replace(answers=db.answers | {(process.request.key, answer)}),
            process._replace(at="done"),
        )

    def _roll_forward(self, db: Db, process: Process) -> Outcomes:
        """One find for the rows beyond my view; a read shows what a majority has, which may be less."""
        rows = db.rows_after(process.request.account, process.view.seq)
        yield from self._rolled(db, process, rows)
        if rows and self.faults.stale_look_ups:
            yield from self._rolled(db, process, ())

    def _rolled(self, db: Db, process: Process, rows: tuple[Row, ...]) -> Outcomes:
        """Each row is projected, and my own view follows; without any, my own row may be the one in its place."""
        own = next((row for row in rows if row.key == process.request.key), None)
        if own is not None and self.rules.own_row_is_seen_while_rolling:
            yield self._recognised(db, process, own)
        elif rows:
            yield db, process._replace(at="catch_up", rolled=rows)
        elif self.faults.stale_look_ups:
            keeps = self.rules.unseen_row_keeps_its_holds
            yield db, process._replace(at="done") if keeps else self._give_back_then(process, "done")
        else:
            if process.is_doubtful:
                raise BrokenRule(OVERDRAWN)
            yield db, self._decided(process)

    def _catch_up(self, db: Db, process: Process) -> Outcomes:
        row, *rest = process.rolled
        view = folded(process.view, row)
        now = max(process.now, view.ts) if self.rules.time_never_runs_backwards else process.now
        process = process._replace(view=view, now=now, rolled=tuple(rest), is_doubtful=False)
        yield self._projected(db, row), process if rest else self._decided(process)

    def _projected(self, db: Db, row: Row) -> Db:
        view = db.player(row.account)
        if self.rules.projection_conditional_on_sequence and view.seq != row.seq - 1:
            return db
        return db.with_player(row.account, folded(view, row), keep_past=self.faults.stale_players)

    def _project(self, db: Db, process: Process) -> Outcomes:
        assert process.row is not None
        projected = self._projected(db, process.row)
        if self.rules.state_changes_only_through_rows:
            yield self._finished(projected, process)
        else:
            yield projected, process._replace(at="write_state")

    def _write_state(self, db: Db, process: Process) -> Outcomes:
        """Only without the rule: state that a second write changes, after the row."""
        assert process.row is not None
        assert process.decision is not None
        view = db.player(process.request.account)
        marks = tuple(sorted({**dict(view.marks), **dict(process.decision.marks)}.items()))
        changed = db.with_player(process.request.account, view._replace(marks=marks), keep_past=False)
        yield self._finished(changed, process)

    def _finish(self, db: Db, process: Process) -> Outcomes:
        yield self._finished(db, process)

    def _finished(self, db: Db, process: Process) -> tuple[Db, Process]:
        """The commit is over: answer, or first pay out what the row opened, or close what this paid out."""
        row = process.row
        assert row is not None
        second = process.request.second
        if row.key in db.open and second is not None:
            if not self.rules.second_half_has_one_key:
                second = second._replace(key=f"{second.key}{BY}{process.attempt}")
            return db, Process(
                second, f"{process.attempt}+", closes=(process.request.key, row.answer, row.key)
            )
        if process.closes is not None:
            return db, process._replace(at="close")
        answers = db.answers | {(row.key, row.answer)}
        return db._replace(answers=answers), process._replace(at="done")

    def _close(self, db: Db, process: Process) -> Outcomes:
        assert process.closes is not None
        key, answer, opened = process.closes
        closed = db._replace(open=db.open - {opened}, answers=db.answers | {(key, answer)})
        yield closed, process._replace(at="done")

    def _deliver(self, db: Db, network: Network) -> Outcomes:
        for row in sorted(db.packets):
            rest = db._replace(packets=db.packets - {row})
            yield self._inserted(rest, row) if self._fits(rest, row) else rest, network
