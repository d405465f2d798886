"""One simulation: hostile steps, then peace, then the verdict; the same seed is the same run to the last bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from infra.simulation.actions import perform
from infra.simulation.administration import ADMINISTRATORS
from infra.simulation.answers import Answers, Request
from infra.simulation.clients import EMPHASES, Clients
from infra.simulation.derived import audit_problems, cap_problems
from infra.simulation.exam import examine_audit
from infra.simulation.processes import Process
from infra.simulation.verdict import judge
from infra.simulation.world import Parts, World, create_world

SERVERS = 5
PEACE_MINUTES = (1, 2, 20, 2, 2, 26 * 60, 2, 2, 2)
"""How time passes in the peace after the steps: signatures expire, and a day is over for unsigned claims."""

SCHEDULED = (Request("settle", "system", "minute"), Request("tend", "system", "minute"))


@dataclass(frozen=True, slots=True)
class Run:
    """What one seed led to. `crashes` counts processes killed while they worked, `leaked` budget units lost."""

    seed: int
    steps: int
    digest: str
    crashes: int
    rows: int
    leaked: int
    answers: Mapping[str, int]
    problems: tuple[str, ...]


def run(seed: int, *, steps: int, parts: Parts | None = None, theme: tuple[str, ...] = ()) -> Run:
    """Play the whole workload for that many operations of all processes together.

    `theme` names the verbs that are asked for more often than the others; the seed chooses without one.
    """
    world = create_world(seed, parts=parts or Parts(), hostility=(0.3, 1.0, 1.0, 2.0)[seed % 4])
    answers, clients = Answers(), Clients(world, theme=theme or world.chance.choice(EMPHASES))
    for number in range(SERVERS):
        world.scheduler.add(f"server{number}", lambda: _serve(world, clients, answers))
    for request in (*SCHEDULED, *SCHEDULED):  # a scheduled run may begin before the last one has ended
        world.scheduler.add(request.verb, partial(_run_each_minute, world, request, answers))
    world.scheduler.run(steps)
    _make_peace(world, answers)
    problems, leaked = judge(world, answers)
    for document in sorted(world.database.documents("ledger"), key=lambda row: str(row["_id"])):
        world.scheduler.note(document["h"])
    rows = len(world.database["ledger"].documents)
    if not problems:
        problems += examine_audit(world)
    return Run(
        seed=seed,
        steps=steps,
        digest=world.scheduler.digest,
        crashes=world.scheduler.kills,
        rows=rows,
        leaked=leaked,
        answers=answers.counts,
        problems=tuple(problems),
    )


def _serve(world: World, clients: Clients, answers: Answers) -> None:
    """A server's life: one request after another until it is killed."""
    process = Process.start(world)
    while True:
        world.scheduler.give_way()
        _answer(process, clients.next_request(), answers)


def _run_each_minute(world: World, request: Request, answers: Answers) -> None:
    """The scheduled function's life."""
    process = Process.start(world)
    while True:
        world.scheduler.give_way()
        _answer(process, request, answers)


def _answer(process: Process, request: Request, answers: Answers) -> None:
    world = process.world
    world.database.discipline.begin()
    world.scheduler.note(request.verb, request.account, request.key)
    answer = answers.ask(request, lambda: perform(process, request), now_ms=process.clock.now_ms())
    if answer.is_final:
        world.database.discipline.answered()
    world.scheduler.note(answer.kind, answer.code, answer.text)


def _make_peace(world: World, answers: Answers) -> None:
    """No more faults: the scheduled runs finish what is left, then every client asks once more."""
    world.faults.hostility = 0.0
    world.scheduler.deliver_or_drop_packets()
    process = Process.start(world)
    # An operator who finds claims paused by a simulated administrator opens them again.
    _answer(process, Request("switch", "system", "open", ("claims", False)), answers)
    for minutes in PEACE_MINUTES:
        _let_pass(process, minutes, answers)
    for administrator in ADMINISTRATORS:
        process.administration.trail.committer.read_player(
            administrator
        )  # as when they look at their records
    for request in list(answers.requests.values()):
        _answer(process, request, answers)
    for minutes in (20, 26 * 60, 20):
        _let_pass(process, minutes, answers)


def _let_pass(process: Process, minutes: int, answers: Answers) -> None:
    """Time passes in peace, and then the scheduled runs have nothing left to put right."""
    process.world.scheduler.now_ms += minutes * 60_000
    for request in SCHEDULED:
        _answer(process, request, answers)
    answers.problems += [*cap_problems(process.world), *audit_problems(process.world)]
