"""The running audit: each hour the accounts that moved, from where they were last found right.

A slice of time names its accounts; each is folded from its mark to where its player stands. Slices are
exact and ten minutes behind the clock, when no row of theirs can still appear, so that what they hold of
budgets is counted once. A run stops when its time is over and the next goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from shared.domain.audit import STOPPING, AccountBooks, Violation, is_player, is_row
from shared.domain.budget_audit import BudgetAudit, BudgetBooks
from shared.domain.calendar import MS_PER_DAY, MS_PER_HOUR, MS_PER_SECOND, utc_day, utc_hour
from shared.domain.ledger import row_id
from shared.domain.observations import AUDIT, Observation
from shared.ports.audit import AuditMark, AuditMarks, AuditProgress, LedgerScan, Suspects
from shared.services.stop_claims import concerns_everybody, is_budget, stop_claims_of

if TYPE_CHECKING:
    from shared.ports.clock import Clock
    from shared.ports.observations import Observations
    from shared.services.commit import Committer

BEHIND_MS: Final = 600 * MS_PER_SECOND
SLICE_MS: Final = 300 * MS_PER_SECOND
RUN_FOR_MS: Final = 20 * MS_PER_SECOND
PAGE_ROWS: Final = 500
Report = Callable[[str, Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True)
class RecentAudit:
    """What the running audit needs; `pause_claims` stops every new signature."""

    scan: LedgerScan
    marks: AuditMarks
    observations: Observations
    committer: Committer
    clock: Clock
    pause_claims: Callable[[], None]
    report: Report


@dataclass(slots=True)
class AuditTally:
    """What one run read, found and stopped; `behind_ms` is the age of what was not yet looked at.

    `leak_per_million` is the largest part of an ended budget that left its shards and is in no row.
    """

    rows: int = 0
    accounts: int = 0
    violations: list[str] = field(default_factory=list)
    stopped_accounts: int = 0
    has_paused_claims: bool = False
    leak_per_million: int = 0
    behind_ms: int = 0


def verify_recent(audit: RecentAudit) -> AuditTally:
    """Audit what is due; nothing within an hour of the last time. Raises Unavailable.

    Violations are reported under `ledger_violation`, one each, and stop claims; they never raise.
    """
    tally = AuditTally()
    now_ms = audit.clock.now_ms()
    until_ms = now_ms - BEHIND_MS
    progress = audit.marks.progress()
    if progress.until_ms == 0:
        progress = replace(progress, until_ms=until_ms - MS_PER_DAY)
    if until_ms - progress.until_ms >= MS_PER_HOUR:
        again: Iterable[str] = progress.suspects
        while progress.until_ms < until_ms and audit.clock.now_ms() - now_ms < RUN_FOR_MS:
            slice_until_ms = min(progress.until_ms + SLICE_MS, until_ms)
            progress = _audit_slice(audit, progress, slice_until_ms, again=again, tally=tally)
            audit.marks.write_progress(progress)
            again = ()
        progress = _audit_budgets(audit, progress, tally=tally)
        audit.marks.write_progress(progress)
        audit.report("ledger_audit", {"tally": tally})
    tally.behind_ms = max(0, now_ms - progress.until_ms)
    found = {"suspects": len(progress.suspects), "until_ms": progress.until_ms}
    audit.observations.note(Observation(AUDIT, now_ms, found))
    return tally


def _audit_slice(
    audit: RecentAudit,
    progress: AuditProgress,
    until_ms: int,
    *,
    again: Iterable[str],
    tally: AuditTally,
) -> AuditProgress:
    """One slice: its accounts and those to look at again; what its rows hold of budgets is only counted.

    What is found acts before it is noted: a crash in between acts a second time, which changes nothing.
    """
    books = BudgetBooks(dict(progress.held))
    accounts = {suspect for suspect in again if not is_budget(suspect)}
    for row in audit.scan.rows_between(from_ms=progress.until_ms, until_ms=until_ms):
        accounts.add(str(row["acct"]))
        if is_row(row):
            books.add(row)
    found: list[Violation] = []
    for account in sorted(accounts):
        tally.accounts += 1
        found += _audit_account(audit, account, tally=tally)
    suspects = _act(audit, found, looked_at=accounts, former=progress.suspects, tally=tally)
    return AuditProgress(until_ms, books.held, suspects)


def _audit_account(audit: RecentAudit, account: str, *, tally: AuditTally) -> list[Violation]:
    """Fold the rows from the account's mark to its player's number; only what holds moves the mark."""
    # The mark before the player: another run may be at it, and a mark may never be ahead of who is compared.
    mark = audit.marks.read([account]).get(account)
    player = next(iter(audit.scan.players_with_ids([account])), None)
    if player is None or not is_player(player):
        return [Violation(4, account, account, "there is no player for its rows")]
    books = AccountBooks(account) if mark is None else _books_at(mark)
    found: list[Violation] = []
    now_ms = audit.clock.now_ms()
    while books.seq < player["seq"]:
        seqs = range(books.seq + 1, min(books.seq + PAGE_ROWS, player["seq"]) + 1)
        rows = {str(row["_id"]): row for row in audit.scan.rows_with_ids([row_id(account, n) for n in seqs])}
        for seq in seqs:
            row = rows.get(row_id(account, seq))
            if row is None:
                return [*found, Violation(3, account, row_id(account, seq), "there is no such row")]
            found += books.add(row, now_ms=now_ms)
            tally.rows += 1
    found += books.close(player)
    if not any(violation.invariant in STOPPING for violation in found):
        audit.marks.write(_mark_of(books))
    return found


def _audit_budgets(audit: RecentAudit, progress: AuditProgress, *, tally: AuditTally) -> AuditProgress:
    """The shards that rows of the last two days hold; read after the rows, as BudgetAudit wants it, and once a run.

    Answers the progress without the budgets that no row will draw on any more.
    """
    judged = BudgetAudit(BudgetBooks(dict(progress.held)))
    found: list[Violation] = []
    for shard in audit.scan.shards_of({_group_of(budget_id) for budget_id in progress.held}):
        if shard.id in progress.held:
            found += judged.add(shard.id, cap=shard.cap, available=shard.available)
    found += judged.close()
    suspects = _act(audit, found, looked_at=progress.held, former=progress.suspects, tally=tally)
    # A budget that still runs was drawn on since the slice ended: only an ended one can be compared.
    ended = [leak for leak in judged.leaks() if _has_ended(leak.group, progress.until_ms)]
    parts = [leak.units * 1_000_000 // max(leak.cap, 1) for leak in ended]
    tally.leak_per_million = max([tally.leak_per_million, *parts])
    return replace(
        progress,
        held={name: units for name, units in progress.held.items() if _is_recent(name, progress.until_ms)},
        suspects={
            suspect: places
            for suspect, places in suspects.items()
            if not is_budget(suspect) or _is_recent(suspect, progress.until_ms)
        },
    )


def _act(
    audit: RecentAudit,
    found: list[Violation],
    *,
    looked_at: Collection[str],
    former: Suspects,
    tally: AuditTally,
) -> Suspects:
    """Report everything; stop claims for what is new, so that an administrator's word stands.

    Answers the suspects now: the former that were not looked at, and those found. Everybody is stopped
    for all that stands together, in whichever slice or hour each was found.
    """
    for violation in found:
        tally.violations.append(violation.describe())
        facts = {"invariant": violation.invariant, "where": violation.where, "what": violation.what}
        audit.report("ledger_violation", facts)
    stopping = [violation for violation in found if violation.invariant in STOPPING]
    suspects = {suspect: places for suspect, places in former.items() if suspect not in looked_at}
    for violation in stopping:
        known = suspects.get(_suspect(violation), frozenset())
        suspects[_suspect(violation)] = known | {_place(violation)}
    new = [
        violation for violation in stopping if _place(violation) not in former.get(_suspect(violation), ())
    ]
    could_stop = {
        violation.account: stop_claims_of(violation, committer=audit.committer)
        for violation in new
        if violation.account
    }
    tally.stopped_accounts += sum(could_stop.values())
    if new and (concerns_everybody(suspects) or not all(could_stop.values())):
        audit.pause_claims()
        tally.has_paused_claims = True
    return suspects


def _suspect(violation: Violation) -> str:
    return violation.account or violation.where


def _place(violation: Violation) -> str:
    return f"{violation.invariant} {violation.where}"


def _books_at(mark: AuditMark) -> AccountBooks:
    return AccountBooks(
        mark.account,
        seq=mark.seq,
        head=mark.head,
        ts_ms=mark.ts_ms,
        balances=dict(mark.balances),
        escrow=dict(mark.escrow),
        claims=dict(mark.claims),
        state=None,
    )


def _mark_of(books: AccountBooks) -> AuditMark:
    return AuditMark(
        account=books.account,
        seq=books.seq,
        head=books.head,
        ts_ms=books.ts_ms,
        balances=books.balances,
        escrow=books.escrow,
        claims=books.claims,
    )


def _has_ended(group: str, now_ms: int) -> bool:
    """Whether the budget's day or hour is over."""
    _, _, period = group.partition(":")
    return period < utc_hour(now_ms)[: len(period)]


def _group_of(budget_id: str) -> str:
    return budget_id.rsplit(":", 1)[0]


def _is_recent(budget_id: str, now_ms: int) -> bool:
    """Whether rows may still draw on this budget: its period is today or yesterday."""
    _, _, period = _group_of(budget_id).partition(":")
    return period >= utc_day(now_ms - MS_PER_DAY)
