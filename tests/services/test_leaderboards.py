"""Boards equal the fold of the rows, whatever crashes; players see ranks, aliases and nobody's id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from shared.domain.aliases import alias_of
from shared.domain.boards import BOARDS, PERIODS, BoardEntry, board_name, summary_of, units_for
from shared.domain.errors import Refused, Unavailable
from shared.domain.ledger import row_from_document
from shared.services.fold_boards import BoardFolding, fold_boards
from shared.services.read_leaderboard import Leaderboards, read_around, read_leaderboard
from tests.fakes.boards import FakeBoardStore
from tests.fakes.watermarks import FakeWatermarks
from tests.services.game_world import GameWorld


class Boards:
    def __init__(self) -> None:
        self.world = GameWorld()
        self.store = FakeBoardStore()
        self.watermarks = FakeWatermarks()
        self.reports: list[str] = []
        self.folding = BoardFolding(
            self.world.committer, self.store, self.watermarks, self.world.clock, self.report
        )
        self.reading = Leaderboards(self.store, self.watermarks, self.world.clock)
        self._keys = 0

    def fight(self, account: str, times: int = 1) -> None:
        for _ in range(times):
            self._keys += 1
            self.world.battle(account, f"key-{self._keys}")
            self.world.clock.advance(seconds=601)

    def report(self, name: str, facts: Mapping[str, Any]) -> None:
        self.reports.append(f"{name} {facts['row']}")

    def fold(self) -> None:
        fold_boards(self.folding)

    def expected(self) -> dict[str, int]:
        """The fold of all rows, computed the slow way."""
        now_ms = self.world.clock.now_ms()
        scores: dict[str, int] = {}
        for document in self.world.store.rows.values():
            row = row_from_document(document)
            for board in BOARDS:
                for period in PERIODS:
                    name = board_name(board, period, now_ms=row.ts_ms)
                    if name == board_name(board, period, now_ms=now_ms) and units_for(board, row):
                        entry_id = f"{name}:{row.account}"
                        scores[entry_id] = scores.get(entry_id, 0) + units_for(board, row)
        return scores

    def actual(self) -> dict[str, int]:
        now_ms = self.world.clock.now_ms()
        names = {board_name(board, period, now_ms=now_ms) for board in BOARDS for period in PERIODS}
        return {
            each.id: each.score for each in self.store.kept.values() if each.score and each.board in names
        }

    def page(self, **options: Any) -> dict[str, Any]:
        given = {"account": "nobody", "limit": 50, "cursor": None, **options}
        return read_leaderboard("score", "all", leaderboards=self.reading, **given)


@pytest.fixture
def boards() -> Boards:
    return Boards()


def test_boards_equal_the_fold_of_all_rows_over_days_and_runs(boards: Boards) -> None:
    players = [boards.world.player_with_starter(number) for number in (1, 2, 3)]
    for day in range(9):
        for account in players[: 1 + day % 3]:
            boards.fight(account, times=2)
        boards.fold()
        assert boards.actual() == boards.expected()
        boards.world.clock.advance(seconds=86_400 - 3_000)
    boards.fold()
    boards.fold()
    assert boards.actual() == boards.expected()


def test_a_fold_killed_at_any_write_is_made_good_by_the_next(boards: Boards) -> None:
    players = [boards.world.player_with_starter(number) for number in (1, 2)]
    for account in players:
        boards.fight(account, times=2)

    class Dying(FakeBoardStore):
        left = 0

        def insert(self, entry: BoardEntry) -> bool:
            self.spend()
            return super().insert(entry)

        def replace(self, entry: BoardEntry, *, expected_seq: int) -> bool:
            self.spend()
            return super().replace(entry, expected_seq=expected_seq)

        def spend(self) -> None:
            if self.left == 0:
                raise Unavailable("killed")
            self.left -= 1

    for allowed in range(20):
        store = Dying()
        boards.store = store
        boards.watermarks = FakeWatermarks()
        boards.folding = replace(boards.folding, boards=store, watermarks=boards.watermarks)
        for _ in range(3):
            store.left = allowed
            try:
                boards.fold()
            except Unavailable:
                continue
        store.left = 10_000
        boards.fold()
        assert boards.actual() == boards.expected()


def test_pages_follow_each_other_and_show_aliases_only(boards: Boards) -> None:
    players = [boards.world.player_with_starter(number) for number in range(1, 8)]
    for account in players:
        boards.fight(account)
    boards.fold()
    whole = boards.page(account=players[2])
    items, cursor = [], None
    while True:
        page = boards.page(account=players[2], limit=3, cursor=cursor)
        items += page["items"]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert items == whole["items"]
    assert [item["rank"] for item in items] == list(range(1, 8))
    scores = [int(item["score"]) for item in items]
    assert scores == sorted(scores, reverse=True)
    assert {item["alias"] for item in items} == {alias_of(account) for account in players}
    assert [item["alias"] for item in items if item.get("isMe")] == [alias_of(players[2])]
    assert "tg" not in str(whole)


def test_a_banned_player_is_hidden_everywhere_and_comes_back_when_the_ban_ends(boards: Boards) -> None:
    first, second = (boards.world.player_with_starter(number) for number in (1, 2))
    boards.fight(first, times=2)
    boards.fight(second)
    boards.fold()
    until = boards.world.clock.now_ms() + 60_000
    boards.world.change(first, bans={"battle": {"until": until, "reason": "x", "by": "root", "since": 0}})
    boards.fold()
    assert [item["alias"] for item in boards.page()["items"]] == [alias_of(second)]
    assert boards.page()["items"][0]["rank"] == 1
    assert read_around("score", "all", account=first, leaderboards=boards.reading)["items"] == []
    boards.world.clock.advance(seconds=61)
    assert len(boards.page()["items"]) == 2


def test_around_me_shows_five_neighbours_each_side_with_their_ranks(boards: Boards) -> None:
    for number in range(20):
        entry = BoardEntry("score:all", f"p{number:02d}", score=100 - number, seq=1, reached_ms=1)
        boards.store.insert(entry)
    around = read_around("score", "all", account="p07", leaderboards=boards.reading)
    assert [item["rank"] for item in around["items"]] == list(range(3, 14))
    assert around["items"][5]["isMe"]
    top = read_around("score", "all", account="p00", leaderboards=boards.reading)
    assert [item["rank"] for item in top["items"]] == list(range(1, 7))


def test_beyond_a_thousand_the_place_is_a_percentage(boards: Boards) -> None:
    for number in range(2_000):
        entry = BoardEntry("score:all", f"p{number:04d}", score=5_000 - number, seq=1, reached_ms=1)
        boards.store.insert(entry)
    boards.fold()
    exact = read_around("score", "all", account="p0999", leaderboards=boards.reading)
    assert exact["items"][5]["rank"] == 1_000
    far = read_around("score", "all", account="p1500", leaderboards=boards.reading)
    assert "rank" not in far["items"][5]
    assert far["topPercent"] == 76


def test_a_summary_of_a_small_or_empty_board_is_sound() -> None:
    assert summary_of("b", [], now_ms=1).top_percent("x") == 1
    three = summary_of("b", ["a", "b", "c"], now_ms=1)
    assert [three.top_percent(key) for key in ("a", "b", "c", "d")] == [1, 34, 67, 100]


def test_boards_of_past_days_and_weeks_are_cleared_away_and_all_time_stays(boards: Boards) -> None:
    account = boards.world.player_with_starter()
    boards.fight(account)
    boards.fold()
    for days in range(1, 22):
        boards.world.clock.advance(seconds=86_400)
        boards.fold()
        kept = {entry.board.partition(":")[2].partition("-")[0] for entry in boards.store.kept.values()}
        assert ("day" in kept) is (days < 2)
        assert "all" in kept
    assert kept == {"all"}
    assert boards.actual() == boards.expected()


def test_a_reward_under_review_is_reported_by_its_row(boards: Boards) -> None:
    account = boards.world.player_with_starter()
    boards.fight(account)
    boards.fold()
    assert boards.reports == []
    (row,) = [row for row in boards.world.store.rows.values() if row["kind"] == "battle"]
    row["res"]["rewardHeldBecause"] = "under_review"
    boards.watermarks.write("boards", 0)
    boards.fold()
    assert boards.reports == [f"impossible_score {row['_id']}"]


@pytest.mark.parametrize(("board", "period"), [("money", "all"), ("score", "year")])
def test_an_unknown_board_is_refused(boards: Boards, board: str, period: str) -> None:
    with pytest.raises(Refused) as refused:
        read_around(board, period, account="x", leaderboards=boards.reading)
    assert refused.value.code == "board_unknown"


def test_a_cursor_of_another_period_is_refused(boards: Boards) -> None:
    for number in range(3):
        boards.store.insert(BoardEntry("score:all", f"p{number}", score=5, seq=1, reached_ms=1))
    cursor = boards.page(limit=1)["nextCursor"]
    with pytest.raises(Refused):
        read_leaderboard("score", "week", account="x", limit=1, cursor=cursor, leaderboards=boards.reading)
