"""What runs each minute, task by task, as the settle function runs it: one that fails stops no other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from infra.simulation.processes import Process
from shared.domain.errors import Unavailable
from shared.services.admin_audit import complete_admin_intents
from shared.services.fold_boards import fold_boards
from shared.services.release_codes import release_unused_codes
from shared.services.release_names import release_unused_names
from shared.services.run_janitor import run_janitor
from shared.services.settle_claims import settle_claims
from shared.services.verify_recent import verify_recent

Task = Callable[[], object]


def settle(process: Process) -> Mapping[str, Any]:
    """What was left half done, and claims."""
    return _run(
        lambda: run_janitor(process.janitor),
        lambda: release_unused_names(process.names),
        lambda: release_unused_codes(process.code_names),
        lambda: settle_claims(process.settlement),
    )


def tend(process: Process) -> Mapping[str, Any]:
    """What is derived, kept in bounds and looked over."""
    return _run(
        lambda: fold_boards(process.boards),
        lambda: process.world.parts.keep_budgets(
            store=process.committer.store, now_ms=process.clock.now_ms(), latest=process.configs.latest
        ),
        lambda: verify_recent(process.audit),
        lambda: complete_admin_intents(process.administration.trail),
    )


def _run(*tasks: Task) -> Mapping[str, Any]:
    failed: Unavailable | None = None
    for task in tasks:
        try:
            task()
        except Unavailable as error:
            failed = error
    if failed is not None:
        raise failed
    return {}
