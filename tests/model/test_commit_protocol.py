"""Every interleaving of the commit protocol is right, and none of its rules can be left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.model.deciders import (
    SETTLE,
    accounts,
    battle,
    confirm,
    daily_login,
    earn,
    earn_or_burn,
    growing_prize,
    prize,
    refund,
    request,
    spend,
    tiring,
    transfer,
)
from tests.model.exploring import check
from tests.model.ledger_state import Db, Faults, Rules, View
from tests.model.processes import Request

LATE = Faults(lost_acknowledgements=False, delayed_inserts=True)
STALE = Faults(stale_players=True)
FALSE_LOOK_UPS = Faults(stale_look_ups=True)
LEAKY = Faults(lost_acknowledgements=False, failing_holds=True)

AIBA = ("AIBA", 1)
ARENA = ("ARENA", 1)
ESCROWED = Db(players=(("ann", View(escrow=1)),))
BEFORE_MIDNIGHT, AFTER_MIDNIGHT = 19, 20


@dataclass(frozen=True)
class Scenario:
    """Documents, requests that run at once, and what may fail besides crashes and stalls."""

    start: Db
    requests: list[Request]
    faults: Faults = field(default_factory=Faults)


SCENARIOS = {
    "one key three times, one coin": Scenario(accounts(ann=1), [request("K", spend)] * 3),
    "one key twice and another for one coin": Scenario(
        accounts(ann=1), [request("K", spend), request("K", spend), request("J", spend)]
    ),
    "a credit arrives while one key is refused and retried": Scenario(
        accounts(ann=0), [request("K", spend), request("K", spend), request("C", earn)]
    ),
    "the same, from stale players": Scenario(
        accounts(ann=0), [request("K", spend), request("K", spend), request("C", earn)], STALE
    ),
    "four keys on one account": Scenario(
        accounts(ann=0),
        [request("K", spend), request("J", spend), request("C", earn), request("D", earn)],
        Faults(lost_acknowledgements=False),
    ),
    "two budgets a row, the second is scarce": Scenario(
        accounts(ann=2, shards=(("AIBA:0", 1), ("ARENA:0", 2))),
        [request("K", battle(ARENA, AIBA)), request("K", battle(ARENA, AIBA)), request("J", battle(AIBA))],
    ),
    "holds and their returns that are not acknowledged": Scenario(
        accounts(ann=2, shards=(("AIBA:0", 1), ("ARENA:0", 2))),
        [
            request("K", battle(ARENA, AIBA)),
            request("J", battle(ARENA, AIBA)),
            request("J", battle(ARENA, AIBA)),
        ],
        LEAKY,
    ),
    "two accounts for the last unit, refused for good": Scenario(
        accounts(ann=0, bob=0, shards=(("AIBA:0", 1),)),
        [request("K", prize(AIBA)), request("J", prize(AIBA), "bob"), request("J", prize(AIBA), "bob")],
    ),
    "a budget in two shards": Scenario(
        accounts(ann=2, shards=(("AIBA:0", 1), ("AIBA:1", 1))),
        [request("K", battle(AIBA)), request("J", battle(AIBA)), request("J", battle(AIBA))],
        Faults(lost_acknowledgements=False),
    ),
    "a decision taken again wants another amount": Scenario(
        accounts(ann=1, shards=(("AIBA:0", 4),)),
        [
            request("K", growing_prize("AIBA")),
            request("K", growing_prize("AIBA")),
            request("J", growing_prize("AIBA")),
        ],
    ),
    "the same, from stale players and look-ups": Scenario(
        accounts(ann=1, shards=(("AIBA:0", 4),)),
        [request("K", growing_prize("AIBA")), request("J", growing_prize("AIBA"))],
        Faults(stale_players=True, stale_look_ups=True),
    ),
    "inserts that land when their sender has given up": Scenario(
        accounts(ann=1, shards=(("AIBA:0", 2),)),
        [request("K", battle(AIBA)), request("K", battle(AIBA))],
        LATE,
    ),
    "late inserts of two keys for one coin": Scenario(
        accounts(ann=1), [request("K", spend), request("J", spend)], LATE
    ),
    "late inserts on two accounts for one unit": Scenario(
        accounts(ann=1, bob=1, shards=(("AIBA:0", 1),)),
        [request("K", battle(AIBA)), request("J", battle(AIBA), "bob")],
        LATE,
    ),
    "a transfer three times": Scenario(accounts(ann=1, bob=0), [transfer("T", "ann", "bob")] * 3),
    "the receiver spends what arrives": Scenario(
        accounts(ann=1, bob=0), [transfer("T", "ann", "bob")] * 2 + [request("B", spend, "bob")]
    ),
    "a transfer three times to somebody without room": Scenario(
        accounts(ann=1, bob=1), [transfer("T", "ann", "bob", earn_or_burn)] * 3
    ),
    "the receiver makes room while it arrives": Scenario(
        accounts(ann=1, bob=1), [transfer("T", "ann", "bob", earn_or_burn)] * 2 + [request("B", spend, "bob")]
    ),
    "a transfer and its reverse": Scenario(
        accounts(ann=1, bob=1), [transfer("T", "ann", "bob"), transfer("R", "bob", "ann")]
    ),
    "confirm and refund of one claim": Scenario(
        ESCROWED, [request(SETTLE, confirm), request(SETTLE, refund), request(SETTLE, refund)]
    ),
    "daily login around midnight, clocks apart": Scenario(
        accounts(ann=0),
        [
            request("K", daily_login, clock=BEFORE_MIDNIGHT),
            request("J", daily_login, clock=AFTER_MIDNIGHT),
            request("L", daily_login, clock=BEFORE_MIDNIGHT),
        ],
    ),
    "two battles of one broker with strength for one": Scenario(
        accounts(ann=0), [request("K", tiring), request("J", tiring), request("J", tiring)]
    ),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_interleaving_breaks_an_invariant(name):
    scenario = SCENARIOS[name]
    exploration = check(scenario.start, scenario.requests, faults=scenario.faults)
    print(f"{name}: {exploration}")
    assert exploration.violation is None, str(exploration)
    assert exploration.ends > 0


ONE_COIN = "one key twice and another for one coin"
TWO_BUDGETS = "two budgets a row, the second is scarce"
TRANSFER = "a transfer three times"
NOT_THE_FOLD = "the player ann is not the fold of the rows up to its sequence"
MUTANTS = {
    "unique_key": (ONE_COIN, "a key committed twice"),
    "unique_sequence": (ONE_COIN, "ann has a gap or a fork at 1"),
    "projection_conditional_on_sequence": (ONE_COIN, NOT_THE_FOLD),
    "refusals_are_rows": (
        "a credit arrives while one key is refused and retried",
        "K was answered 'no funds' but its row says None",
    ),
    "rows_are_kept": (ONE_COIN, "a key committed twice"),
    "holds_return_at_most_once": (TWO_BUDGETS, "ARENA:0 will issue more than its cap"),
    "own_row_is_recognised": (TWO_BUDGETS, "AIBA:0 will issue more than its cap"),
    "timed_out_insert_is_repeated_identically": (
        "inserts that land when their sender has given up",
        "AIBA:0 will issue more than its cap",
    ),
    "time_never_runs_backwards": (
        "daily login around midnight, clocks apart",
        "something happened twice that may happen once",
    ),
    "state_changes_only_through_rows": ("two battles of one broker with strength for one", NOT_THE_FOLD),
    "no_upsert_on_money": (
        "two accounts for the last unit, refused for good",
        "the cap of AIBA:0 is exceeded",
    ),
    "open_rows_are_marked": (TRANSFER, "T was never paid out"),
    "second_half_has_one_key": (TRANSFER, "a transfer was paid out twice"),
    "own_row_is_seen_while_rolling": (
        "the same, from stale players and look-ups",
        "AIBA:0 will issue more than its cap",
    ),
    "unseen_row_keeps_its_holds": (
        "the same, from stale players and look-ups",
        "AIBA:0 will issue more than its cap",
    ),
    "overdrawing_decision_looks_again": (
        "confirm and refund of one claim",
        "a decider would overdraw the account",
    ),
}


def test_every_rule_has_its_mutant():
    assert set(MUTANTS) == set(Rules.__dataclass_fields__)


@pytest.mark.parametrize("rule", MUTANTS)
def test_without_this_rule_the_ledger_breaks(rule):
    name, violation = MUTANTS[rule]
    scenario = SCENARIOS[name]
    without: dict[str, Any] = {rule: False}
    exploration = check(scenario.start, scenario.requests, faults=scenario.faults, rules=Rules(**without))
    print(f"without {rule}: {exploration}")
    assert exploration.violation == violation


def test_without_one_key_for_both_a_claim_is_confirmed_and_refunded():
    requests = [request("s:confirm", confirm), request("s:refund", refund)]
    assert check(ESCROWED, requests).violation == "a decider would overdraw the account"


def _answered_but_not_settled(db: Db) -> str | None:
    settled = any(key == SETTLE for key, _ in db.answers)
    escrow = 1 + sum(row.escrow for row in db.rows)
    return "a settlement was answered and the escrow still waits" if settled and escrow else None


def test_a_settlement_is_never_answered_by_a_clients_row():
    requests = [request(SETTLE, confirm), request("c:settle", earn), request(SETTLE, refund)]
    exploration = check(ESCROWED, requests, also_wrong=_answered_but_not_settled)
    print(exploration)
    assert exploration.violation is None, str(exploration)


def test_a_client_that_could_choose_a_systems_key_would_stop_a_settlement():
    requests = [request(SETTLE, confirm), request(SETTLE, earn)]
    exploration = check(ESCROWED, requests, also_wrong=_answered_but_not_settled)
    assert exploration.violation == "a settlement was answered and the escrow still waits"
