"""A page of a board: in order, by aliases alone, without the banned, and as of a time it tells."""

from __future__ import annotations

import pytest

from shared.domain.aliases import alias_of
from shared.domain.calendar import iso_time
from shared.domain.errors import Refused
from shared.services.read_leaderboard import read_around, read_leaderboard
from tests.services.boards_world import Boards


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
