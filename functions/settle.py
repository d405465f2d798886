"""The scheduled function: each minute it finishes what was left, settles claims and folds the boards; hourly it audits.

Each task runs even if the one before it failed; the run as a whole then fails, so that the platform
counts an error and the alarm sees it.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from functions.edge.private_entry import private_handler
from functions.edge.request_log import service_logger
from functions.edge.settle_metrics import measure_run
from shared.bootstrap.settle import SettleParts, settle_parts
from shared.domain.errors import ArenaError, InvariantBroken
from shared.domain.observations import RUN, Observation
from shared.services.fold_boards import fold_boards
from shared.services.forget_challenges import forget_challenges
from shared.services.keep_admins import keep_admins
from shared.services.measure_emission import measure_emission
from shared.services.release_codes import release_unused_codes
from shared.services.release_names import release_unused_names
from shared.services.resize_budgets import keep_budgets
from shared.services.run_janitor import run_janitor
from shared.services.settle_claims import settle_claims
from shared.services.verify_recent import verify_recent
from shared.services.watch_vault import watch_vault

Task = Callable[[SettleParts], Any]


def _settle(parts: SettleParts) -> Any:
    return None if parts.settlement is None else settle_claims(parts.settlement)


def _watch(parts: SettleParts) -> Any:
    return None if parts.watch is None else watch_vault(parts.watch)


def _budgets(parts: SettleParts) -> Any:
    stores = parts.stores
    return keep_budgets(
        store=stores.committer.store, now_ms=stores.clock.now_ms(), latest=stores.configs.latest
    )


def _audit(parts: SettleParts) -> Any:
    """The claims concerned are stopped already; failing the run is what rings the bell beside the metric."""
    tally = verify_recent(parts.audit)
    if tally.violations:
        raise InvariantBroken("; ".join(tally.violations[:10]), code="ledger_violation")
    return tally


TASKS: Final[Mapping[str, Task]] = {
    "janitor": lambda parts: run_janitor(parts.janitor),
    "wallet_names": lambda parts: release_unused_names(parts.names),
    "referral_codes": lambda parts: release_unused_codes(parts.codes),
    "claims": _settle,
    "vault": _watch,  # after the claims: those paid meanwhile are no longer owed
    "boards": lambda parts: fold_boards(parts.boards),
    "budgets": _budgets,
    "emission": lambda parts: measure_emission(store=parts.stores.committer.store, clock=parts.stores.clock),
    "audit": _audit,
    "admins": lambda parts: keep_admins(parts.admins),
    "challenges": lambda parts: forget_challenges(parts.challenges),
}


def run(event: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - the schedule's event says nothing
    """Every task once; answers each task's tally. Raises InvariantBroken naming the tasks that failed."""
    started_s = time.perf_counter()
    parts = settle_parts()
    started_ms = parts.stores.clock.now_ms()
    tallies: dict[str, Any] = {}
    failures: dict[str, str] = {}
    for name, task in TASKS.items():
        _attempt(name, partial(task, parts), tallies=tallies, failures=failures)
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
        raise InvariantBroken(f"every scheduled task ends: {listed} did not", code="task_failed")
    return tallies


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
