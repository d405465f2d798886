"""Fairness records, referral codes and boards: the fakes and MongoDB keep the same promises."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.adapters.mongo_boards import MongoBoardStore
from shared.adapters.mongo_fairness import MongoFairnessStore
from shared.adapters.mongo_indexes import ensure_indexes
from shared.adapters.mongo_referral_codes import MongoReferralCodes
from shared.adapters.mongo_watermarks import MongoScanWatermarks, MongoWatermarks
from shared.domain.boards import BoardEntry, BoardSummary
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
    for index, instant in enumerate((2**41, 2**41 + 1, 2**41 + 2)):
        codes.take(f"000000000{index}", "ann", now_ms=instant)
    found = codes.taken_between(from_ms=2**41, until_ms=2**41 + 2)
    assert sorted(each.code for each in found) == ["0000000000", "0000000001"]


def test_progress_is_remembered_and_starts_at_nothing(watermarks: Any) -> None:
    assert watermarks.read("boards") == 0
    for instant in (2**41, 2**41 + 1):
        watermarks.write("boards", instant)
        assert watermarks.read("boards") == instant


def entry(account: str, score: int, *, reached_ms: int = 1, board: str = BOARD) -> BoardEntry:
    return BoardEntry(board, account, score=score, seq=3, reached_ms=reached_ms)


def test_an_entry_is_inserted_once_and_replaced_only_from_the_seq_it_was_read_at(boards: Any) -> None:
    first = entry("ann", 5)
    assert boards.insert(first)
    assert not boards.insert(entry("ann", 6))
    assert not boards.replace(replace(first, score=9, seq=8), expected_seq=4)
    moved = replace(first, score=7, seq=9, hidden_until_ms=2**53)
    assert boards.replace(moved, expected_seq=3)
    assert boards.entries([first.id, "score:all:nobody"]) == [moved]


def test_entries_are_ranked_by_score_and_then_by_who_was_earlier(boards: Any) -> None:
    ranked = [
        entry("cid", 10**14),
        entry("bob", 7, reached_ms=1),
        entry("ann", 7, reached_ms=2),
        entry("dan", 1),
    ]
    for each in (ranked[2], ranked[0], ranked[3], ranked[1]):
        boards.insert(each)
    boards.insert(entry("nobody", 0))
    boards.insert(entry("elsewhere", 99, board="score:day-2026-11-23"))
    boards.insert(entry("elsewhere", 99, board="aiba:day-2026-11-22"))
    assert boards.below(BOARD, "", limit=10) == ranked
    assert boards.below(BOARD, ranked[1].rank_key, limit=1) == [ranked[2]]
    assert boards.above(BOARD, ranked[2].rank_key, limit=10) == [ranked[1], ranked[0]]
    assert list(boards.rank_keys(BOARD)) == [each.rank_key for each in ranked]


def test_removed_entries_are_gone_and_missing_ones_no_trouble(boards: Any) -> None:
    boards.insert(entry("ann", 5))
    boards.insert(entry("bob", 6))
    boards.remove([entry("ann", 5).id, "score:all:nobody"])
    assert boards.below(BOARD, "", limit=10) == [entry("bob", 6)]


def test_a_summary_is_renewed(boards: Any) -> None:
    assert boards.summary(BOARD) is None
    for total in (5, 6):
        summary = BoardSummary(BOARD, 2**41 + total, total, ("a", "b"))
        boards.store_summary(summary)
        assert boards.summary(BOARD) == summary
