"""What settle does each minute: in which order, and that no task takes the time another is sure of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from functions.settle import TASKS, Task, run_tasks
from infra.local.serverless_file import load_yaml
from shared.bootstrap.settle import SettleParts
from shared.domain.errors import Unavailable
from shared.services.fold_boards import fold_boards
from shared.services.run_janitor import run_janitor
from tests.fakes.boards import FakeBoardStore
from tests.fakes.clock import FakeClock
from tests.fakes.watermarks import FakeWatermarks
from tests.services.boards_world import Boards
from tests.services.test_run_janitor import World as Lagging

TIMEOUT_S = load_yaml(Path("serverless.yml"))["functions"]["settle"]["timeout"]
SPARE_S = 5
"""For what a task does after its time: its last page, or a call that ends by its own limit."""


def parts_of(clock: FakeClock) -> SettleParts:
    return cast("SettleParts", SimpleNamespace(stores=SimpleNamespace(clock=clock)))


def taking(seconds: float, clock: FakeClock, given: list[int]) -> Callable[[Any, int], None]:
    """A task with work for so long that stops when it is told to."""

    def work(parts: Any, run_for_ms: int) -> None:
        del parts
        given.append(run_for_ms)
        clock.advance(seconds=min(seconds, run_for_ms / 1000))

    return work


def test_all_tasks_end_before_the_platform_ends_them() -> None:
    assert sum(task.seconds for task in TASKS.values()) + SPARE_S <= TIMEOUT_S


def test_money_comes_first_and_the_audit_before_the_boards() -> None:
    order = list(TASKS)
    assert order[:2] == ["claims", "janitor"]
    assert order.index("audit") < order.index("boards")
    assert order.index("vault") > order.index("claims")


def test_tasks_with_endless_work_leave_each_other_their_own_time() -> None:
    clock, given = FakeClock(), list[int]()
    began_ms = clock.now_ms()
    endless = {name: replace(task, work=taking(1e9, clock, given)) for name, task in TASKS.items()}
    tallies, failures = run_tasks(endless, parts_of(clock))
    assert given == [task.seconds * 1000 for task in TASKS.values()]
    assert clock.now_ms() - began_ms == sum(given)
    assert (list(tallies), failures) == (list(TASKS), {})


def test_what_a_task_does_not_need_is_there_for_those_after_it() -> None:
    clock, given = FakeClock(), list[int]()
    tasks = {
        "quick": Task(taking(1, clock, given), 10),
        "slow": Task(taking(60, clock, given), 5),
        "last": Task(taking(60, clock, given), 5),
    }
    run_tasks(tasks, parts_of(clock))
    assert given == [10_000, 14_000, 5_000]


def test_a_task_that_fails_is_named_and_the_others_run() -> None:
    clock, given = FakeClock(), list[int]()

    def fail(parts: Any, run_for_ms: int) -> None:
        raise Unavailable("no answer", code="database_unavailable")

    tallies, failures = run_tasks(
        {"first": Task(fail, 1), "second": Task(taking(0, clock, given), 1)}, parts_of(clock)
    )
    assert (failures, list(tallies)) == ({"first": "database_unavailable"}, ["second"])


def test_a_backlog_of_the_janitor_and_of_the_boards_leaves_the_tasks_after_them_their_time(
    monkeypatch,
) -> None:
    """The real janitor and the real fold, on stores so slow that neither comes to its end."""
    monkeypatch.setattr("shared.services.due_pages.PAGE_SIZE", 2)
    lagging, boards, given = Lagging(monkeypatch), Boards(), list[int]()
    clock = boards.world.clock
    for number in range(1, 7):
        boards.fight(boards.world.player_with_starter(number), times=2)

    class Slow(FakeBoardStore):
        def standings(self, accounts: Any) -> Any:
            clock.advance(seconds=1)
            return super().standings(accounts)

    seqs_of = lagging.store.seqs_of

    def slow(ids: Any) -> Any:
        clock.advance(seconds=1)
        return seqs_of(ids)

    monkeypatch.setattr(lagging.store, "seqs_of", slow)
    janitor = replace(lagging.janitor(), clock=clock, watermarks=FakeWatermarks())
    folding = replace(boards.folding, boards=Slow())
    tasks = {
        "janitor": Task(lambda _, run_for_ms: run_janitor(janitor, run_for_ms=run_for_ms), 1),
        "boards": Task(lambda _, run_for_ms: fold_boards(folding, run_for_ms=run_for_ms), 3),
        "last": Task(taking(0, clock, given), 7),
    }
    tallies, failures = run_tasks(tasks, parts_of(clock))
    assert failures == {}
    assert tallies["boards"]["behind_ms"] > 0
    assert given[0] >= 6_000
