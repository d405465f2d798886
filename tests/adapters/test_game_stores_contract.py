"""Fairness records, referral codes and boards: the fakes and MongoDB keep the same promises."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from shared.adapters.mongo_boards import MongoBoardStore
from shared.adapters.mongo_fairness import MongoFairnessStore
from shared.adapters.mongo_indexes import ensure_indexes
from shared.adapters.mongo_referral_codes import MongoReferralCodes
from shared.adapters.mongo_watermarks import MongoScanWatermarks, MongoWatermarks
from shared.domain.boards import (
    BOARDS,
    PERIODS,
    BoardSummary,
    Score,
    Standing,
    board_name,
    shelf_of,
)
from shared.domain.fairness import FairnessRecord
from tests.fakes.boards import FakeBoardStore
from tests.fakes.fairness import FakeFairnessStore
from tests.fakes.referrals import FakeReferralCodes
from tests.fakes.watermarks import FakeWatermarks

KINDS = ["fake", "mongo"]
RECORD = FairnessRecord("2026-11-22", "ab" * 32, "key", 2**41)
BOARD = "score:day-2026-11-22"


@pytest.fixture(params=KINDS)
def fairness(request: pytest.FixtureRequest) -> Any:
    if request.param == "fake":
        return FakeFairnessStore()
    return MongoFairnessStore(request.getfixturevalue("mongo_database"))


@pytest.fixture(params=KINDS)
def codes(request: pytest.FixtureRequest) -> Any:
    if request.param == "fake":
        return FakeReferralCodes()
    return MongoReferralCodes(request.getfixturevalue("mongo_database"))


@pytest.fixture(params=KINDS)
def boards(request: pytest.FixtureRequest) -> Any:
    if request.param == "fake":
        return FakeBoardStore()
    database = request.getfixturevalue("mongo_database")
    ensure_indexes(database)
    return MongoBoardStore(database)


@pytest.fixture(params=[*KINDS, "mongo for scans"])
def watermarks(request: pytest.FixtureRequest) -> Any:
    if request.param == "fake":
        return FakeWatermarks()
    made = MongoWatermarks if request.param == "mongo" else MongoScanWatermarks
    return made(request.getfixturevalue("mongo_database"))


def test_a_commitment_is_made_once(fairness: Any) -> None:
    fairness.insert(RECORD)
    fairness.insert(replace(RECORD, commitment="cd" * 32))
    assert fairness.epochs("2026-11-22") == [RECORD]
    assert fairness.epochs("2026-11-23") == []


def test_epochs_of_a_day_come_in_their_order(fairness: Any) -> None:
    later = replace(RECORD, epoch="2026-11-22:1", note="rotated")
    fairness.insert(later)
    fairness.insert(RECORD)
    assert fairness.epochs("2026-11-22") == [RECORD, later]


def test_a_seed_is_published_once(fairness: Any) -> None:
    fairness.insert(RECORD)
    fairness.publish("2026-11-22", seed="11" * 32)
    fairness.publish("2026-11-22", seed="22" * 32)
    assert fairness.epochs("2026-11-22")[0].seed == "11" * 32


def test_days_are_found_in_the_order_asked_for_and_missing_ones_left_out(fairness: Any) -> None:
    older = replace(RECORD, epoch="2026-11-20")
    for record in (older, RECORD):
        fairness.insert(record)
    assert fairness.of_days(["2026-11-22", "2026-11-21", "2026-11-20"]) == [RECORD, older]


def test_a_code_belongs_to_whoever_took_it_first_and_to_them_again(codes: Any) -> None:
    assert codes.owner("0123456789") is None
    assert codes.take("0123456789", "ann", now_ms=1) == "ann"
    assert codes.take("0123456789", "bob", now_ms=2) == "ann"
    assert codes.take("0123456789", "ann", now_ms=3) == "ann"
    assert codes.owner("0123456789") == "ann"


def test_a_code_is_released_by_its_owner_only(codes: Any) -> None:
    codes.take("0123456789", "ann", now_ms=1)
    codes.release("0123456789", "bob")
    assert codes.owner("0123456789") == "ann"
    codes.release("0123456789", "ann")
    assert codes.owner("0123456789") is None


def test_codes_are_found_by_when_they_were_taken(codes: Any) -> None:
    for index, instant in reversed(list(enumerate((2**41, 2**41 + 1, 2**41 + 2)))):
        codes.take(f"000000000{index}", "ann", now_ms=instant)
    found = codes.taken_between(from_ms=2**41, until_ms=2**41 + 2, limit=9)
    assert [(each.code, each.taken_ms - 2**41) for each in found] == [("0000000000", 0), ("0000000001", 1)]
    [first] = codes.taken_between(from_ms=2**41, until_ms=2**41 + 3, limit=1)
    assert first == found[0]


def test_progress_is_remembered_and_starts_at_nothing(watermarks: Any) -> None:
    assert watermarks.read("boards") == 0
    for instant in (2**41, 2**41 + 1):
        watermarks.write("boards", instant)
        assert watermarks.read("boards") == instant


def standing(account: str, score: int, *, reached_ms: int = 1, board: str = BOARD) -> Standing:
    return Standing(account, seq=3, scores={shelf_of(board): Score(board, score, reached_ms)})


def test_a_standing_is_inserted_once_and_replaced_only_from_the_seq_it_was_read_at(boards: Any) -> None:
    first = standing("ann", 5)
    assert boards.insert([first])
    assert not boards.replace(replace(first, seq=8), expected_seq=4)
    scores = {
        shelf_of(name): Score(name, 10**14 + number, 2**41 + number)
        for number, name in enumerate(board_name(*kind, now_ms=2**41) for kind in product(BOARDS, PERIODS))
    }
    moved = Standing("ann", seq=9, hidden_until_ms=2**53, scores=scores)
    assert boards.replace(moved, expected_seq=3)
    assert not boards.replace(first, expected_seq=3)
    assert not boards.replace(standing("nobody", 1), expected_seq=0)
    assert boards.standings(["ann", "nobody"]) == [moved]


def test_of_several_standings_those_that_are_there_already_stay_and_the_answer_says_so(boards: Any) -> None:
    ann = standing("ann", 5)
    assert boards.insert([ann, Standing("idler", seq=20)])
    assert not boards.insert([standing("bob", 1), standing("ann", 6), standing("cid", 2)])
    found = {each.account: each for each in boards.standings(["ann", "bob", "cid", "idler"])}
    assert found == {
        "ann": ann,
        "bob": standing("bob", 1),
        "cid": standing("cid", 2),
        "idler": Standing("idler", seq=20),
    }


def test_a_hundred_standings_are_read_together(boards: Any) -> None:
    many = [standing(f"p{number}", number + 1) for number in range(100)]
    assert boards.insert(many)
    found = boards.standings([each.account for each in many])
    assert sorted(found, key=lambda each: each.account) == sorted(many, key=lambda each: each.account)


def test_entries_are_ranked_by_score_and_then_by_who_was_earlier(boards: Any) -> None:
    ranked = [
        standing("cid", 10**14),
        standing("bob", 7, reached_ms=1),
        standing("ann", 7, reached_ms=2),
        standing("dan", 1),
    ]
    boards.insert([ranked[2], ranked[0], ranked[3], ranked[1]])
    boards.insert([Standing("nobody", seq=3)])
    boards.insert([standing("elsewhere", 99, board="score:day-2026-11-23")])
    boards.insert([standing("other", 99, board="aiba:day-2026-11-22")])
    entries = [each.entry(BOARD) for each in ranked]
    keys = [entry.rank_key for entry in entries]
    assert boards.below(BOARD, "", limit=10) == entries
    assert boards.below(BOARD, keys[1], limit=1) == [entries[2]]
    assert boards.above(BOARD, keys[2], limit=10) == [entries[1], entries[0]]
    assert list(boards.rank_keys(BOARD)) == keys


def test_a_new_days_score_takes_the_place_of_the_day_befores(boards: Any) -> None:
    yesterday, today = standing("ann", 5), standing("ann", 2, board="score:day-2026-11-23")
    boards.insert([yesterday])
    boards.replace(replace(today, seq=4), expected_seq=3)
    assert boards.below(BOARD, "", limit=10) == []
    assert [each.score for each in boards.below("score:day-2026-11-23", "", limit=10)] == [2]


def test_a_summary_is_renewed_and_the_next_days_takes_its_place(boards: Any) -> None:
    assert boards.summary(BOARD) is None
    for total in (5, 6):
        summary = BoardSummary(BOARD, 2**41 + total, total, ("a", "b"))
        boards.store_summary(summary)
        assert boards.summary(BOARD) == summary
    boards.store_summary(replace(summary, board="score:day-2026-11-23"))
    assert boards.summary(BOARD) is None
