"""A player's place: exact among the first thousand, a percentage beyond."""

from __future__ import annotations

from shared.domain.boards import summary_of
from shared.services.read_leaderboard import read_around
from tests.services.boards_world import Boards


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
