"""What is more than one run can do is worked off piece by piece, and nothing else waits for it."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain.boards import Score, Standing
from shared.services.fold_accounts import ROWS_OF_ONE
from shared.services.fold_boards import fold_boards
from tests.fakes.boards import FakeBoardStore
from tests.services.boards_world import Boards


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

    folding = boards.folding_into(Slow())
    lags, as_of = [], []
    for _ in range(20):
        lags.append(fold_boards(folding, run_for_ms=10_000).behind_ms)
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

    folding = boards.folding_into(Slow())
    for _ in range(9):
        fold_boards(folding, run_for_ms=1_000)
        boards.world.clock.advance(seconds=30)
    assert boards.store.summary("score:all") == former
    renewed = boards.store.summary("battles:all")
    assert renewed is not None
    assert renewed.total == 1
