"""A fold or a battle that breaks off anywhere leaves boards that the next fold makes good."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.domain.aliases import alias_of
from shared.domain.boards import Standing
from shared.domain.errors import ArenaError
from shared.services.fold_boards import fold_boards
from tests.services.boards_world import Boards
from tests.services.interrupted_parts import WAYS, Interruption, Killed, Way


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
