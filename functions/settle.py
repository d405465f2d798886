"""The scheduled function: each minute it settles claims, finishes what was left and folds the boards; hourly it audits.

Each task runs even if the one before it failed or had more to do than its time allows; a run with a
failed task fails as a whole, so that the platform counts an error and the alarm sees it.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from functions.edge.private_entry import private_handler
from functions.edge.request_log import service_logger
from functions.edge.settle_metrics import measure_run
from shared.bootstrap.settle import SettleParts, settle_parts
from shared.domain.calendar import MS_PER_SECOND
from shared.domain.errors import ArenaError, InvariantBroken
from shared.domain.observations import RUN, Observation
from shared.services.fold_boards import fold_boards
from shared.services.forget_challenges import forget_challenges
from shared.services.keep_admins import keep_admins
from shared.services.measure_emission import measure_emission
from shared.services.read_switches import read_switches
from shared.services.release_codes import release_unused_codes
from shared.services.release_names import release_unused_names
from shared.services.resize_budgets import keep_budgets
from shared.services.run_janitor import run_janitor
from shared.services.settle_claims import settle_claims
from shared.services.verify_recent import verify_recent
from shared.services.watch_vault import watch_vault

Work = Callable[[SettleParts, int], Any]
"""Does a task's work for about so many milliseconds and answers its tally; what is left waits a minute."""


@dataclass(frozen=True, slots=True)
class Task:
    """`seconds` are its own; what the tasks before it did not need comes on top."""

    work: Work
    seconds: int


def _settle(parts: SettleParts, run_for_ms: int) -> Any:
    return None if parts.settlement is None else settle_claims(parts.settlement, run_for_ms=run_for_ms)


def _watch(parts: SettleParts, _: int) -> Any:
    return None if parts.watch is None else watch_vault(parts.watch)


def _emission(parts: SettleParts, _: int) -> Any:
    return measure_emission(store=parts.stores.committer.store, clock=parts.stores.clock)


def _budgets(parts: SettleParts, _: int) -> Any:
    stores = parts.stores
    return keep_budgets(
        store=stores.committer.store, now_ms=stores.clock.now_ms(), latest=stores.configs.latest
    )


def _audit(parts: SettleParts, run_for_ms: int) -> Any:
    """The claims concerned are stopped already; failing the run is what rings the bell beside the metric."""
    tally = verify_recent(parts.audit, run_for_ms=run_for_ms)
    if tally.violations:
        raise InvariantBroken("; ".join(tally.violations[:10]), code="ledger_violation")
    return tally


def _boards(parts: SettleParts, run_for_ms: int) -> Any:
    """The accounts that could not be folded are reported already, and so is the lag."""
    tally = fold_boards(parts.boards, run_for_ms=run_for_ms)
    if tally.broken:
        raise InvariantBroken(
            f"every account can be folded; {tally.broken} could not", code="boards_incomplete"
        )
    return tally


TASKS_FAILED: Final = "every scheduled task ends"
"""How the text begins with which a run that did its work, but for some tasks, fails."""

TASKS: Final[Mapping[str, Task]] = {
    "claims": Task(_settle, 15),
    "janitor": Task(lambda parts, run_for_ms: run_janitor(parts.janitor, run_for_ms=run_for_ms), 8),
    "wallet_names": Task(
        lambda parts, run_for_ms: release_unused_names(parts.names, run_for_ms=run_for_ms), 2
    ),
    "referral_codes": Task(
        lambda parts, run_for_ms: release_unused_codes(parts.codes, run_for_ms=run_for_ms), 2
    ),
    "vault": Task(_watch, 4),  # after the claims: those paid meanwhile are no longer owed
    "budgets": Task(_budgets, 1),
    "emission": Task(_emission, 1),
    "admins": Task(lambda parts, _: keep_admins(parts.admins), 1),
    "challenges": Task(lambda parts, _: forget_challenges(parts.challenges), 1),
    "switches": Task(lambda parts, _: read_switches(parts.stores.configs), 1),
    "audit": Task(_audit, 6),
    "boards": Task(_boards, 8),  # last: nobody loses anything while they wait
}
"""What a run does, in this order. The seconds stay below the function's time-out together, so that a task
with more work than fits is cut and never takes what the tasks after it are sure of."""


def run(event: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - the schedule's event says nothing
    """Every task once; answers each task's tally. Raises InvariantBroken naming the tasks that failed."""
    started_s = time.perf_counter()
    parts = settle_parts()
    started_ms = parts.stores.clock.now_ms()
    tallies, failures = run_tasks(TASKS, parts)
    seen = Observation(RUN, started_ms, {"failed_tasks": len(failures)})
    _attempt("note", partial(parts.observations.note, seen), tallies=tallies, failures=failures)
    providers = {name: outcomes.taken() for name, outcomes in parts.providers.items()}
    reports = parts.reports.taken()
    for name, facts in reports:
        service_logger("settle").info("reported", extra={"report": name, "facts": facts})
    service_logger("settle").info("settled", extra={"tallies": tallies, "providers": providers})
    measure_run(
        tallies=tallies,
        failures=failures,
        reports=reports,
        providers=providers,
        duration_s=time.perf_counter() - started_s,
    )
    if failures:
        listed = ", ".join(failures)
        raise InvariantBroken(f"{TASKS_FAILED}: {listed} did not", code="task_failed")
    return tallies


def run_tasks(
    tasks: Mapping[str, Task], parts: SettleParts
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Every task once, each until its own seconds after those of all before it; (tallies, errors' codes)."""
    ends_ms = parts.stores.clock.now_ms()
    tallies: dict[str, dict[str, Any]] = {}
    failures: dict[str, str] = {}
    for name, task in tasks.items():
        ends_ms += task.seconds * MS_PER_SECOND
        run_for_ms = max(0, ends_ms - parts.stores.clock.now_ms())
        _attempt(name, partial(task.work, parts, run_for_ms), tallies=tallies, failures=failures)
    return tallies, failures


def _attempt(
    name: str, task: Callable[[], Any], *, tallies: dict[str, Any], failures: dict[str, str]
) -> None:
    try:
        tally = task()
    except ArenaError as error:
        service_logger("settle").exception("task failed", extra={"task": name, "code": error.code})
        failures[name] = error.code
    else:
        tallies[name] = dataclasses.asdict(tally) if tally is not None else {}


handler = private_handler("settle", run, wiring=settle_parts, forget=settle_parts.forget)
