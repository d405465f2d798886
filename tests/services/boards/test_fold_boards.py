"""Boards equal the fold of the rows, and what is on them was counted once and in time."""

from __future__ import annotations

from dataclasses import replace

from shared.domain.boards import BOARDS, PERIODS, Standing
from shared.domain.calendar import iso_time
from shared.services.fold_boards import fold_boards
from tests.services.boards_world import Boards
from tests.services.interrupted_parts import Interruption


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
