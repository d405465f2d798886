"""Documents that cannot be right are reported and stop or promote nobody else."""

from __future__ import annotations

import pytest

from shared.domain import battle
from tests.services.boards_world import Boards


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
