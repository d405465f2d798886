"""A fold that another overtakes while it stands between reading and writing counts every row once."""

from __future__ import annotations

from typing import Any

from shared.domain.boards import Standing, folded
from shared.services.fold_boards import fold_boards
from tests.fakes.boards import FakeBoardStore
from tests.services.boards_world import Boards


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
    fold_boards(boards.folding_into(overtaken), run_for_ms=10**9)
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

    fold_boards(boards.folding_into(Overtaken()))
    assert boards.actual() == boards.expected()
