"""Boards equal the fold of the rows, whatever crashes; players see ranks, aliases and nobody's id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from shared.domain import battle
from shared.domain.aliases import alias_of
from shared.domain.boards import (
    BOARDS,
    PERIODS,
    Score,
    Standing,
    board_name,
    folded,
    summary_of,
    units_for,
)
from shared.domain.calendar import iso_time
from shared.domain.errors import ArenaError, Refused
from shared.domain.ledger import row_from_document
from shared.services.fold_accounts import ROWS_OF_ONE, BoardFolding, BoardTally
from shared.services.fold_boards import fold_boards
from shared.services.read_leaderboard import Leaderboards, read_around, read_leaderboard
from tests.fakes.boards import FakeBoardStore
from tests.fakes.watermarks import FakeWatermarks
from tests.services.game_world import GameWorld
from tests.services.interrupted_parts import WAYS, Interruption, Killed, Way


class Boards:
    def __init__(self) -> None:
        self.world = GameWorld()
        self.store = FakeBoardStore()
        self.watermarks = FakeWatermarks()
        self.reports: list[tuple[str, Mapping[str, Any]]] = []
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
        self.reports.append((name, facts))

    def reported(self, name: str) -> list[Mapping[str, Any]]:
        return [facts for given, facts in self.reports if given == name]

    def fold(self) -> BoardTally:
        return fold_boards(self.folding)

    def forget(self) -> None:
        """Boards of nothing, as before the first fold."""
        self.store.kept.clear()
        self.store.summaries.clear()
        self.watermarks.instants.clear()

    def expected(self) -> dict[tuple[str, str], int]:
        """(board, account) -> the fold of all rows, computed the slow way, where it is more than nothing."""
        now_ms = self.world.clock.now_ms()
        scores: dict[tuple[str, str], int] = {}
        for document in self.world.store.rows.values():
            row = row_from_document(document)
            for board in BOARDS:
                for period in PERIODS:
                    name = board_name(board, period, now_ms=row.ts_ms)
                    if name == board_name(board, period, now_ms=now_ms) and units_for(board, row):
                        place = name, row.account
                        scores[place] = scores.get(place, 0) + units_for(board, row)
        return scores

    def actual(self) -> dict[tuple[str, str], int]:
        now_ms = self.world.clock.now_ms()
        names = [board_name(board, period, now_ms=now_ms) for board in BOARDS for period in PERIODS]
        entries = [standing.entry(name) for standing in self.store.kept.values() for name in names]
        return {(entry.board, entry.account): entry.score for entry in entries if entry is not None}

    def page(self, **options: Any) -> dict[str, Any]:
        given = {"account": "nobody", "limit": 50, "cursor": None, **options}
        return read_leaderboard("score", "all", leaderboards=self.reading, **given)

    def place(self, account: str, score: int, *, hidden_until_ms: int = 0) -> None:
        """A standing on the board `score:all` alone."""
        scores = {"score_all": Score("score:all", score, 1)}
        self.store.insert([Standing(account, 1, hidden_until_ms, scores)])


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


@pytest.mark.parametrize("way", WAYS)
def test_a_fold_interrupted_at_any_operation_is_made_good_by_the_next(
    boards: Boards, monkeypatch: pytest.MonkeyPatch, way: Way
) -> None:
    monkeypatch.setattr("shared.services.due_pages.PAGE_SIZE", 4)
    monkeypatch.setattr("shared.services.fold_accounts.ROWS_OF_ONE", 2)
    players = [boards.world.player_with_starter(number) for number in (1, 2, 3)]
    for account in players[:2]:
        boards.fight(account, times=2)
    interruption = Interruption()
    committer = replace(boards.world.committer, store=interruption.wrap("ledger", boards.world.store))
    folding = replace(
        boards.folding,
        committer=committer,
        boards=interruption.wrap("boards", boards.store),
        watermarks=interruption.wrap("watermarks", boards.watermarks),
    )
    at = 0
    while True:
        at += 1
        boards.forget()
        for account in players[:2]:  # there is something to insert, and something to replace
            boards.store.insert([Standing(account)])
        interruption.arm(at, way)
        try:
            fold_boards(folding)
        except (ArenaError, Killed):
            assert interruption.hit
        interruption.disarm()
        if not interruption.hit:
            break
        fold_boards(folding)
        assert boards.actual() == boards.expected(), interruption.hit
    assert at > 20


def test_two_folds_at_once_count_every_row_once(boards: Boards) -> None:
    """The second run begins, and new rows come, while the first stands between reading and writing."""
    ann, bob = (boards.world.player_with_starter(number) for number in (1, 2))
    boards.fight(ann)
    boards.fold()
    boards.fight(ann)
    boards.fight(bob)

    class Overtaken(FakeBoardStore):
        overtakers = 2

        def standings(self, accounts: Any) -> list[Standing]:
            found = super().standings(accounts)
            if self.overtakers:
                self.overtakers -= 1
                boards.fight(ann)
                boards.fight(bob)
                fold_boards(boards.folding)
            return found

    overtaken = Overtaken()
    overtaken.kept, overtaken.summaries = boards.store.kept, boards.store.summaries
    fold_boards(replace(boards.folding, boards=overtaken), run_for_ms=10**9)
    assert overtaken.overtakers == 0
    boards.fold()
    assert boards.actual() == boards.expected()


def test_whoever_lost_a_race_to_a_run_that_had_seen_less_counts_the_rest_at_once(boards: Boards) -> None:
    """Afterwards nobody looks again: the rows are older than what may still appear late."""
    ann, bob = (boards.world.player_with_starter(number) for number in (1, 2))
    boards.fight(ann)
    boards.fold()
    boards.fight(ann, times=2)
    boards.fight(bob, times=2)

    class Overtaken(FakeBoardStore):
        def replace(self, standing: Standing, *, expected_seq: int) -> bool:
            super().replace(self.seen_less(standing), expected_seq=expected_seq)
            return super().replace(standing, expected_seq=expected_seq)

        def insert(self, standings: Any) -> bool:
            super().insert([self.seen_less(standing) for standing in standings])
            return super().insert(standings)

        def seen_less(self, standing: Standing) -> Standing:
            """As another run would write it that read before the last battle."""
            before = self.kept.get(standing.account, Standing(standing.account))
            seqs = range(before.seq + 1, standing.seq)
            rows = boards.world.store.rows_at(standing.account, seqs)
            return folded(before, rows, hidden_until_ms=0) if rows else before

    overtaken = Overtaken()
    overtaken.kept = boards.store.kept
    fold_boards(replace(boards.folding, boards=overtaken))
    assert boards.actual() == boards.expected()


def test_rows_and_bans_that_a_crash_left_unprojected_are_counted_all_the_same(
    boards: Boards, monkeypatch: pytest.MonkeyPatch
) -> None:
    fighter, banned = (boards.world.player_with_starter(number) for number in (1, 2))
    boards.fight(banned)
    boards.fold()
    with monkeypatch.context() as crashing:
        crashing.setattr(boards.world.store, "project_row", lambda row: None)
        boards.world.battle(fighter, "k")
        ban = {"until": 0, "reason": "x", "by": "root", "since": 0}
        boards.world.change(banned, bans={"all": ban})
    boards.fold()
    assert boards.actual() == boards.expected()
    assert [item["alias"] for item in boards.page()["items"]] == [alias_of(fighter)]


def test_a_backlog_longer_than_a_run_is_worked_off_run_by_run_and_its_age_is_told(
    boards: Boards, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.services.due_pages.PAGE_SIZE", 5)
    for number in range(1, 9):
        boards.fight(boards.world.player_with_starter(number), times=3)

    class Slow(FakeBoardStore):
        def standings(self, accounts: Any) -> list[Standing]:
            boards.world.clock.advance(seconds=6)
            return super().standings(accounts)

    slow = Slow()
    slow.kept = boards.store.kept
    lags, as_of = [], []
    for _ in range(20):
        lags.append(fold_boards(replace(boards.folding, boards=slow), run_for_ms=10_000).behind_ms)
        as_of.append(boards.page()["asOf"])
        if boards.actual() == boards.expected():
            break
    assert boards.actual() == boards.expected()
    assert len(lags) >= 3
    assert lags == sorted(lags, reverse=True)
    assert as_of == sorted(as_of)
    assert [facts["behind_ms"] for facts in boards.reported("boards")] == lags


def test_a_history_longer_than_a_run_is_counted_piece_by_piece(boards: Boards) -> None:
    account = boards.world.player_with_starter()
    boards.fight(account)
    for number in range(ROWS_OF_ONE * 3):
        boards.world.give(account, "NEUR", number + 1)
    boards.fight(account)
    seqs = []
    while boards.actual() != boards.expected():
        behind_ms = fold_boards(boards.folding, run_for_ms=0).behind_ms
        seqs.append(boards.store.kept[account].seq)
        assert (behind_ms > 0) == (boards.actual() != boards.expected())
    assert seqs == sorted(set(seqs))
    assert len(seqs) == 4


def test_an_account_that_was_counted_costs_no_further_look_and_an_unchanged_standing_no_write(
    boards: Boards,
) -> None:
    fighter, idler = (boards.world.player_with_starter(number) for number in (1, 2))
    boards.world.battle(fighter, "k")
    boards.store.insert([Standing(idler, boards.world.store.players[idler].seq)])
    boards.fold()
    asked = Interruption()
    committer = replace(boards.world.committer, store=asked.wrap("ledger", boards.world.store))
    folding = replace(boards.folding, committer=committer, boards=asked.wrap("boards", boards.store))
    assert fold_boards(folding).rows > 0
    looked = [name for name in asked.names if name != "boards.summary"]
    assert looked == ["ledger.heads_between", "boards.standings"]
    asked.names.clear()
    boards.world.give(idler, "NEUR", 1)
    fold_boards(folding)
    assert [name for name in asked.names if name != "boards.summary"] == [
        "ledger.heads_between",
        "boards.standings",
        "ledger.players_with_ids",
        "ledger.rows_with_ids",
    ], "the idler's rows count for nothing"
    asked.names.clear()
    boards.world.battle(idler, "k")
    fold_boards(folding)
    assert {"boards.insert", "boards.replace"} & set(asked.names) == {"boards.replace"}


def test_an_account_without_a_player_stops_nobody_else_and_is_reported(boards: Boards) -> None:
    gone, there = (boards.world.player_with_starter(number) for number in (1, 2))
    for account in (gone, there):
        boards.fight(account)
    player = boards.world.store.players.pop(gone)
    tally = boards.fold()
    assert tally.broken == 1
    assert [(facts["account"], facts["code"]) for facts in boards.reported("board_account_broken")] == [
        (gone, "player_unknown")
    ]
    assert {account for _, account in boards.actual()} == {there}
    boards.world.store.players[gone] = player
    boards.fight(gone)
    boards.fold()
    assert boards.actual() == boards.expected()


def test_a_missing_row_stops_its_account_alone(boards: Boards) -> None:
    broken, sound = (boards.world.player_with_starter(number) for number in (1, 2))
    for account in (broken, sound):
        boards.fight(account)
    del boards.world.store.rows[f"{broken}:2"]
    assert boards.fold().broken == 1
    assert {account for _, account in boards.actual()} == {sound}


def test_a_row_that_appears_two_minutes_late_is_counted(boards: Boards) -> None:
    early, late = (boards.world.player_with_starter(number) for number in (1, 2))
    boards.world.battle(late, "k")
    hidden = boards.world.store.rows.pop(f"{late}:3")
    shown = boards.world.store.players[late]
    boards.world.store.players[late] = replace(shown, seq=2)
    boards.world.clock.advance(seconds=60)
    boards.fold()
    boards.world.clock.advance(seconds=58)
    boards.world.battle(early, "k")
    boards.fold()
    boards.world.store.rows[f"{late}:3"], boards.world.store.players[late] = hidden, shown
    boards.world.clock.advance(seconds=60)
    boards.fold()
    assert boards.actual() == boards.expected()


def test_what_the_boards_show_is_at_most_90_seconds_old_when_they_are_folded_each_minute(
    boards: Boards,
) -> None:
    account = boards.world.player_with_starter()
    boards.fold()
    for second in range(0, 600, 15):
        boards.world.clock.advance(seconds=15)
        if second % 45 == 0:
            boards.world.battle(account, f"k{second}")
        age = boards.page()["asOf"]
        assert age >= iso_time(boards.world.clock.now_ms() - 90_000)
        counted = {place for place, score in boards.actual().items() if score == boards.expected()[place]}
        behind = iso_time(boards.world.store.players[account].ts_ms) >= age
        assert behind or counted == set(boards.expected())
        if second % 60 == 45:
            boards.fold()


def test_boards_that_were_never_folded_are_as_of_nothing(boards: Boards) -> None:
    account = boards.world.player_with_starter()
    assert "asOf" not in boards.page()
    assert "asOf" not in read_around("score", "all", account=account, leaderboards=boards.reading)
    boards.fold()
    assert boards.page()["asOf"] == iso_time(boards.world.clock.now_ms())


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
        boards.place(f"p{number:02d}", 100 - number)
    around = read_around("score", "all", account="p07", leaderboards=boards.reading)
    assert [item["rank"] for item in around["items"]] == list(range(3, 14))
    assert around["items"][5]["isMe"]
    top = read_around("score", "all", account="p00", leaderboards=boards.reading)
    assert [item["rank"] for item in top["items"]] == list(range(1, 7))


def test_beyond_a_thousand_the_place_is_a_percentage(boards: Boards) -> None:
    for number in range(2_000):
        boards.place(f"p{number:04d}", 5_000 - number)
    boards.fold()
    exact = read_around("score", "all", account="p0999", leaderboards=boards.reading)
    assert exact["items"][5]["rank"] == 1_000
    far = read_around("score", "all", account="p1500", leaderboards=boards.reading)
    assert "rank" not in far["items"][5]
    assert far["topPercent"] == 76


def test_a_hidden_player_above_makes_no_rank_beyond_a_thousand_exact(boards: Boards) -> None:
    for number in range(1_500):
        boards.place(f"p{number:04d}", 5_000 - number, hidden_until_ms=2**53 if number == 1_200 else 0)
    far = read_around("score", "all", account="p1400", leaderboards=boards.reading)
    assert "rank" not in far["items"][5]
    near = read_around("score", "all", account="p0900", leaderboards=boards.reading)
    assert near["items"][5]["rank"] == 901


def test_a_summary_of_a_small_or_empty_board_is_sound() -> None:
    assert summary_of("b", [], now_ms=1).top_percent("x") == 1
    three = summary_of("b", ["a", "b", "c"], now_ms=1)
    assert [three.top_percent(key) for key in ("a", "b", "c", "d")] == [1, 34, 67, 100]


def test_a_board_too_large_for_the_time_keeps_its_older_summary_and_the_others_are_renewed(
    boards: Boards,
) -> None:
    for number in range(1_500):
        boards.place(f"p{number:04d}", 5_000 - number)
    boards.fold()
    former = boards.store.summary("score:all")
    assert former is not None
    boards.store.kept["other"] = Standing("other", 1, 0, {"battles_all": Score("battles:all", 1, 1)})
    boards.world.clock.advance(seconds=601)

    class Slow(FakeBoardStore):
        def rank_keys(self, board: str) -> Any:
            for key in super().rank_keys(board):
                boards.world.clock.advance(seconds=0.03)
                yield key

    slow = Slow()
    slow.kept, slow.summaries = boards.store.kept, boards.store.summaries
    for _ in range(9):
        fold_boards(replace(boards.folding, boards=slow), run_for_ms=1_000)
        boards.world.clock.advance(seconds=30)
    assert slow.summary("score:all") == former
    renewed = slow.summary("battles:all")
    assert renewed is not None
    assert renewed.total == 1


def test_boards_of_past_days_and_weeks_leave_nothing_behind_however_late_they_were_folded(
    boards: Boards,
) -> None:
    for number in range(1, 4):
        account = boards.world.player_with_starter(number)
        boards.fight(account)
        boards.world.clock.advance(seconds=9 * 86_400)
    boards.fold()
    boards.fight(account)
    boards.fold()
    assert len(boards.store.kept) == 3
    assert len(boards.store.summaries) == len(BOARDS) * len(PERIODS)
    assert boards.actual() == boards.expected()


def test_an_impossible_score_is_reported_once_and_counts_on_no_board(
    boards: Boards, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = boards.world.player_with_starter()
    boards.fight(account)
    boards.fold()
    honest = boards.actual()
    assert boards.reported("impossible_score") == []
    with monkeypatch.context() as too_strict:
        too_strict.setattr(battle, "highest_score", lambda *_: 0)
        boards.world.battle(account, "impossible")
    seq = boards.world.store.players[account].seq
    for _ in range(3):
        boards.fold()
        boards.world.clock.advance(seconds=20)
    assert boards.reported("impossible_score") == [{"row": f"{account}:{seq}"}]
    assert boards.actual() == honest == boards.expected()


@pytest.mark.parametrize(("board", "period"), [("money", "all"), ("score", "year")])
def test_an_unknown_board_is_refused(boards: Boards, board: str, period: str) -> None:
    with pytest.raises(Refused) as refused:
        read_around(board, period, account="x", leaderboards=boards.reading)
    assert refused.value.code == "board_unknown"


def test_a_cursor_of_another_period_is_refused(boards: Boards) -> None:
    for number in range(3):
        boards.place(f"p{number}", 5)
    cursor = boards.page(limit=1)["nextCursor"]
    with pytest.raises(Refused):
        read_leaderboard("score", "week", account="x", limit=1, cursor=cursor, leaderboards=boards.reading)
