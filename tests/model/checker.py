"""An explicit-state model checker: every interleaving of a few processes, with a crash possible before every step.

A state is one immutable picture of the database and of what each process remembers. A step is one
operation on one document, as MongoDB promises it; between two steps anything else may happen. The
search is breadth-first, so a violation comes with a shortest story that leads to it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

Db = TypeVar("Db")
Process = Any
State = tuple[Any, tuple[Process, ...]]
MAX_STATES = 2_000_000


@dataclass(frozen=True)
class Model(Generic[Db]):
    """What is explored.

    `step(db, process)` answers every possible outcome of the process's next operation as (db, process)
    pairs; a process whose `at` is "done" takes no more steps. `wrong(db)` says what must never be seen,
    or nothing. When nobody runs any more, `recover(db)` does alone what janitors do, and `unfinished(db)`
    says what is then still wrong.
    """

    start: Db
    processes: tuple[Process, ...]
    step: Callable[[Db, Process], Iterable[tuple[Db, Process]]]
    wrong: Callable[[Db], str | None]
    recover: Callable[[Db], Db] = lambda db: db
    unfinished: Callable[[Db], str | None] = lambda db: None
    may_crash: bool = True


@dataclass(frozen=True)
class Exploration:
    """How much was looked at, and the violation found with the story that leads to it."""

    states: int
    ends: int
    violation: str | None = None
    story: Sequence[str] = field(default_factory=tuple)

    def __str__(self) -> str:
        head = f"{self.states} states, {self.ends} ends"
        return head if self.violation is None else "\n".join([f"{head}: {self.violation}", *self.story])


class BrokenRule(Exception):
    """A process met what the code itself calls impossible."""


def explore(model: Model[Any]) -> Exploration:
    """Visit every reachable state once; stop at the first violation."""
    start: State = (model.start, model.processes)
    parents: dict[State, State | None] = {start: None}
    queue = deque([start])
    verdicts: dict[Any, str | None] = {}
    ends = 0
    while queue:
        state = queue.popleft()
        violation = model.wrong(state[0])
        if violation is None:
            try:
                successors = list(_successors(model, state))
            except BrokenRule as broken:
                violation, successors = str(broken), []
            if violation is None and not successors:
                ends += 1
                violation = _verdict(model, state[0], verdicts)
        if violation is not None:
            return Exploration(len(parents), ends, violation, _story(parents, state))
        for successor in successors:
            if successor not in parents:
                parents[successor] = state
                queue.append(successor)
        if len(parents) > MAX_STATES:
            raise RuntimeError("the model is too large to explore")
    return Exploration(len(parents), ends)


def _successors(model: Model[Any], state: State) -> Iterable[State]:
    """Every next state; a crashed process is None."""
    db, processes = state
    for index, process in enumerate(processes):
        if process is None or process.at == "done":
            continue
        outcomes = [*model.step(db, process)]
        if model.may_crash:
            outcomes.append((db, None))
        for next_db, next_process in outcomes:
            yield next_db, (*processes[:index], next_process, *processes[index + 1 :])


def _verdict(model: Model[Any], db: Any, verdicts: dict[Any, str | None]) -> str | None:
    """Whether the end is good once the janitor has been; the same end is judged once."""
    if db not in verdicts:
        try:
            recovered = model.recover(db)
            verdicts[db] = model.wrong(recovered) or model.unfinished(recovered)
        except BrokenRule as broken:
            verdicts[db] = str(broken)
    return verdicts[db]


def _story(parents: dict[State, State | None], state: State) -> list[str]:
    """One line a step: who moved, and which documents changed."""
    lines: list[str] = []
    before = parents[state]
    while before is not None:
        lines.append(_line(before, state))
        state, before = before, parents[before]
    return lines[::-1]


def _line(before: State, after: State) -> str:
    pairs = list(zip(before[1], after[1], strict=True))
    moved = next((index for index, (old, new) in enumerate(pairs) if old != new), None)
    who = "  nobody" if moved is None else f"  {moved}:{pairs[moved][0].at}"
    if moved is not None and pairs[moved][1] is None:
        return f"{who} CRASH"
    names = getattr(after[0], "_fields", ())
    changes = [
        f"{name}={new}" for name, old, new in zip(names, before[0], after[0], strict=False) if old != new
    ]
    return f"{who:24} {' '.join(changes)}"


def run_alone(model_step: Callable[[Any, Any], Iterable[tuple[Any, Any]]], db: Any, process: Any) -> Any:
    """Run one process by itself with its first outcome each time: recovery meets no faults."""
    for _ in range(500):
        if process.at == "done":
            return db
        db, process = next(iter(model_step(db, process)))
    raise BrokenRule(f"recovery does not end: stuck at {process.at}")
