"""Real services at once on one store, in every order of their operations, and interrupted anywhere.

Each run is replayed from the beginning along one list of choices, and the next list differs from it in the
last choice that has not been made otherwise yet: depth first, until every list was run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from greenlet import getcurrent, greenlet

from shared.domain.errors import OutcomeUnknown
from tests.services.interrupted_parts import Killed

Work = Callable[[Any], None]
"""What one process does with the store it is given."""


@dataclass(slots=True)
class Choices:
    """Which of several possibilities was taken, choice by choice: (taken, how many there were)."""

    made: list[tuple[int, int]] = field(default_factory=list)
    _at: int = 0

    def take(self, possible: int) -> int:
        if self._at == len(self.made):
            self.made.append((0, possible))
        taken, before = self.made[self._at]
        assert before == possible, "a run goes the same way when the same is chosen"
        self._at += 1
        return taken

    def next_run(self) -> Choices | None:
        """The same choices up to the last that leaves something untried; None when nothing is."""
        made = list(self.made)
        while made and made[-1][0] + 1 == made[-1][1]:
            made.pop()
        if not made:
            return None
        taken, possible = made[-1]
        return Choices([*made[:-1], (taken + 1, possible)])


class _GivesWay:
    """A store before whose every operation the others may run, or its process may die."""

    def __init__(self, store: Any, hub: greenlet, losing: Sequence[str]) -> None:
        self._store, self._hub, self._losing = store, hub, losing

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._store, name)

        def give_way(*given: Any, **named: Any) -> Any:
            what = self._hub.switch(name in self._losing)
            if what == "kill":
                raise Killed(name)
            answer = operation(*given, **named)
            if what == "lose":
                raise OutcomeUnknown(f"{name} did not answer")
            return answer

        return give_way


def _run(choices: Choices, store: Any, works: Sequence[Work], losing: Sequence[str], faults: int) -> None:
    """One run: at each step one living process makes its operation, dies before it, or loses its answer."""
    hub = getcurrent()

    def start(work: Work) -> tuple[greenlet, bool]:
        def live() -> None:
            try:
                work(_GivesWay(store, hub, losing))
            except (Killed, OutcomeUnknown):
                return

        thread = greenlet(live)
        return thread, bool(thread.switch())

    waiting = [start(work) for work in works]
    waiting = [(thread, may_lose) for thread, may_lose in waiting if not thread.dead]
    while waiting:
        steps = [
            (index, what)
            for index, (_, may_lose) in enumerate(waiting)
            for what in ("go", *(["kill"] if faults else []), *(["lose"] if faults and may_lose else []))
        ]
        index, what = steps[choices.take(len(steps))]
        faults -= what != "go"
        thread, _ = waiting[index]
        may_lose = bool(thread.switch(what))
        waiting[index : index + 1] = [] if thread.dead else [(thread, may_lose)]


def in_every_order(
    works: Sequence[Work],
    *,
    new_store: Callable[[], Any],
    judge: Callable[[Any], None],
    faults: int,
    losing: Sequence[str] = (),
) -> int:
    """Run the works in every order on a store of their own and judge each end; how many runs it took.

    In each run up to `faults` of them are killed, or lose the answer of an operation named in `losing`.
    """
    choices: Choices | None = Choices()
    runs = 0
    while choices is not None:
        store = new_store()
        _run(choices, store, works, losing, faults)
        judge(store)
        runs += 1
        choices = choices.next_run()
    return runs
