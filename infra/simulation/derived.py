"""What must be true of everything made from rows: boards, the audit's own sums, and the budgets' caps."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from infra.simulation.world import World

Documents = Mapping[str, Mapping[str, Any]]
_CAPS: Final = {
    "AIBA": "dailyCapAiba",
    "NEUR": "dailyCapNeur",
    "claims": "claimMaxAibaPerDay",
    "claimsHour": "claimMaxAibaPerHour",
    "adminAiba": "adminDailyAiba",
}
_ARENA_CAPS: Final = {"AIBA": "dailyCapAibaByArena", "NEUR": "dailyCapNeurByArena"}


def cap_problems(world: World) -> Iterator[str]:
    """Each budget of this period and the next is as large as configured, or larger by what nobody can take back."""
    economy = next(iter(world.database.documents("config")))["economy"]
    now = datetime.fromtimestamp(world.scheduler.now_ms // 1000, tz=UTC)
    periods = {f"{now + step:{form}}" for step, form in _STEPS for step in (timedelta(0), step)}
    shards: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for shard in world.database.documents("budget"):
        if "cap" in shard:
            shards[shard["_id"].rsplit(":", 1)[0]].append(shard)
    for group, parts in sorted(shards.items()):
        name, _, period = group.partition(":")
        wanted = _cap(economy, name)
        total, left = sum(part["cap"] for part in parts), sum(part["avail"] for part in parts)
        if period in periods and wanted is not None and (total < wanted or (total > wanted and left)):
            yield f"the budget {group} is {total} with {left} left, configured are {wanted}"


_SHELVES: Final = frozenset(
    f"{board}_{period}" for board in ("score", "aiba", "battles") for period in ("today", "week", "all")
)
_MOST: Final = 10**15 - 1
"""A place is kept as what is missing to this, so that the best sorts first."""
_STEPS: Final = ((timedelta(days=1), "%Y-%m-%d"), (timedelta(hours=1), "%Y-%m-%dT%H"))


def _cap(economy: Mapping[str, Any], name: str) -> int | None:
    """None for an arena whose cap was withdrawn: nobody asks for it."""
    currency, _, arena = name.partition("@")
    cap = economy[_ARENA_CAPS[currency]].get(arena) if arena else economy[_CAPS[name]]
    return None if cap is None else int(cap)


def board_problems(world: World) -> Iterator[str]:
    """Every place that is kept is the sum of its account's battles in its last period, and none is missing."""
    sums: dict[tuple[str, str], int] = defaultdict(int)
    last: dict[tuple[str, str], str] = {}
    for row in sorted(world.database.documents("ledger"), key=lambda found: int(found["seq"])):
        if not row["ok"] or row["kind"] != "battle":
            continue
        at = datetime.fromtimestamp(row["ts"] // 1000, tz=UTC)
        year, week, _ = at.isocalendar()
        units = {"score": row["res"]["score"], "aiba": int(row["res"]["reward"]["AIBA"]), "battles": 1}
        for board, counted in units.items():
            periods = {"all": "all", "today": f"day-{at:%Y-%m-%d}", "week": f"week-{year}-W{week:02d}"}
            for shelf, period in periods.items() if counted else ():
                sums[row["acct"], f"{board}:{period}"] += counted
                last[row["acct"], f"{board}_{shelf}"] = f"{board}:{period}"
    kept = {
        (found["_id"], shelf): str(found[shelf])
        for found in world.database.documents("board")
        for shelf in found.keys() & _SHELVES
    }
    for account, shelf in sorted(kept.keys() | last.keys()):
        board, missing, *_ = kept.get((account, shelf), f"nothing|{_MOST}").split("|")
        wanted = last.get((account, shelf), "nothing")
        if (board, _MOST - int(missing)) != (wanted, sums[account, wanted]):
            yield f"{shelf} of {account} says {kept.get((account, shelf))}, its rows say {sums[account, wanted]}"


def audit_problems(world: World) -> Iterator[str]:
    """The running audit found nothing, and counted of recent budgets exactly what the rows before its end hold."""
    yield from (f"the audit says {what}" for what in world.violations)
    [progress] = [found for found in world.database.documents("audit") if found["_id"] == "progress"]
    yesterday = datetime.fromtimestamp(progress["until"] // 1000, tz=UTC) - timedelta(days=1)
    counted, held = dict(progress["held"]), defaultdict[str, int](int)
    for row in world.database.documents("ledger"):
        for shard, units in row["bud"] if row["ok"] and row["ts"] < progress["until"] else ():
            held[shard] += units
    for shard, units in sorted(held.items()):
        if shard.split(":")[1] >= f"{yesterday:%Y-%m-%d}" and counted.get(shard, 0) != units:
            yield f"the audit counted {counted.get(shard, 0)} of {shard}, rows hold {units}"


def administration_problems(world: World) -> Iterator[str]:
    """What an administrator was told happened if and only if it did."""
    records = {row["k"]: row for row in world.database.documents("admin_audit")}
    done = {row["k"] for row in world.database.documents("ledger") if row["ok"]}
    made = {
        revision["change"]["intent"]
        for revision in world.database.documents("config_history")
        if "change" in revision
    }
    for intent in sorted(records.values(), key=lambda row: str(row["_id"])):
        if intent["kind"] != "intent":
            continue
        outcome = records.get(f"{intent['acct']}:s:outcome:{intent['seq']}")
        if outcome is None:
            yield f"the intent {intent['_id']} has no outcome"
            continue
        kind, _, account = intent["res"]["trace"].partition(":")
        is_done = outcome["res"]["result"] == "done"
        if kind == "row" and is_done != (f"{account}:a:{intent['acct']}:{intent['_id']}" in done):
            yield f"{intent['_id']} was {outcome['res']['result']}, the ledger of {account} says otherwise"
        if kind == "config" and intent["_id"] in made and not is_done:
            yield f"{intent['_id']} made a revision and was {outcome['res']['result']}"


def audit_answers(world: World) -> dict[str, tuple[bool, str]]:
    """By the key of each administrator's request: whether it was done, and the code if it was not."""
    records = {row["k"]: row for row in world.database.documents("admin_audit")}
    found: dict[str, tuple[bool, str]] = {}
    for key, intent in records.items():
        outcome = records.get(f"{intent['acct']}:s:outcome:{intent['seq']}")
        if intent["kind"] == "intent" and outcome is not None:
            is_done = outcome["res"]["result"] == "done"
            found[key] = (is_done, "" if is_done else json.loads(outcome["res"]["answer"])["code"])
    return found
