"""An exam for the hourly audit: four accounts forged in two of four hours, and everybody's claims have to stop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from infra.simulation.processes import Process
from infra.simulation.world import World
from shared.domain.ledger import SYSTEM_FINGERPRINT, Accepted, system_key
from shared.services.verify_recent import verify_recent

FORGED: Final = 4
LATER_MS: Final = 75 * 60_000


def examine_audit(world: World) -> Iterator[str]:
    """What the audit missed; needs a finished, peaceful world, and leaves it forged."""
    process, pauses, seen = Process.start(world), [0], set[str]()

    def pause() -> None:
        pauses[0] += 1

    def report(name: str, facts: Mapping[str, Any]) -> None:
        if name == "ledger_violation":
            seen.add(str(facts["where"]))

    audit = replace(process.audit, pause_claims=pause, report=report)
    accounts = sorted(world.database["players"].documents)[:FORGED]
    for number, account in enumerate(accounts, start=1):
        process.committer.commit(
            account=account,
            key=system_key(account, "exam"),
            fingerprint=SYSTEM_FINGERPRINT,
            decide=lambda _: Accepted("exam", {}),
            scope=None,
        )
        balances = world.database["players"].documents[account]["bal"]
        balances["AIBA"] = balances.get("AIBA", 0) + 5
        if number % 2 == 0 or number == len(accounts):
            for _ in range(2):  # the second hour has nothing new
                world.scheduler.now_ms += LATER_MS
                verify_recent(audit)
    yield from (
        f"the audit overlooked what was forged on {account}" for account in accounts if account not in seen
    )
    if len(accounts) == FORGED and not pauses[0]:
        yield "the audit stopped four accounts and not everybody"
