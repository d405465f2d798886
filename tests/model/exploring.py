"""Exploring the commit protocol: requests at once, faults, and what janitors do at every end."""

from __future__ import annotations

from collections.abc import Callable

from tests.model.checker import Exploration, Model, explore, run_alone
from tests.model.ledger_state import Db, Faults, Rules, what_is_unfinished, what_is_wrong
from tests.model.processes import Archiver, Network, Process, Request
from tests.model.protocol import Protocol


def check(
    start: Db,
    requests: list[Request],
    *,
    rules: Rules | None = None,
    faults: Faults | None = None,
    also_wrong: Callable[[Db], str | None] = lambda db: None,
) -> Exploration:
    """Explore these requests at once on these documents."""
    rules, faults = rules or Rules(), faults or Faults()
    protocol = Protocol(rules, faults)
    processes = [Process(request, f"a{number}") for number, request in enumerate(requests, 1)]
    others = [Network()] * faults.delayed_inserts + [Archiver()] * (not rules.rows_are_kept)
    calm = Protocol(rules, Faults(lost_acknowledgements=False))
    by_key = {request.key: request for request in requests}

    def recover(db: Db) -> Db:
        for key in sorted(db.open):
            row = db.row_by_key(key)
            assert row is not None
            process = Process(by_key[key], "janitor", at="finish", row=row)
            db = run_alone(calm.step, db, process)
        for account, _ in db.players:
            for row in db.rows_after(account, db.player(account).seq):
                db = calm._projected(db, row)
        return db

    model = Model(
        start,
        (*processes, *others),
        protocol.step,
        lambda db: what_is_wrong(start, db, watches_time=rules.time_never_runs_backwards) or also_wrong(db),
        recover,
        what_is_unfinished,
    )
    return explore(model)
