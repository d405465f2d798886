"""Whatever is sent to the API, alone or in sequences, nothing is a 5xx and nothing is undocumented."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Flaky
from schemathesis import GenerationMode

from infra.local.stack import Stack, running_stack
from tests.ops.api_fuzz import SCHEMA, Attacker
from tests.whole_backend import whole_backend

IS_FULL = os.environ.get("ARENA_TEST_FULL") == "1"  # noqa: TID251 - the test run's own switch
SEED = int(os.environ.get("ARENA_TEST_SEED") or secrets.randbelow(2**32))  # noqa: TID251 - as above
CASES = 5_000 if IS_FULL else 500
SEQUENCES, STEPS = (60, 10) if IS_FULL else (6, 10)
PLAYERS = r"^/api/(session|battle|brokers|leaderboards|economy|referrals|wallet|claims|vault)"
# A failure is shown as it was found: shrinking would need the backend's state again.
CHAOS = settings(
    deadline=None,
    database=None,
    derandomize=False,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(
        Stack(tmp_path_factory.mktemp("fuzz"), functions=("health",), schedule_every_s=0)
    ) as stack:
        yield stack


@pytest.fixture(scope="module")
def attacker(stack: Stack) -> Iterator[Attacker]:
    with whole_backend(stack) as backend:
        yield Attacker(backend)


def operations() -> list[Any]:
    return [operation.ok() for operation in SCHEMA.get_all_operations()]


def modes(operation: Any) -> list[GenerationMode]:
    can_be_wrong = list(operation.body) or list(operation.query) or list(operation.path_parameters)
    return [GenerationMode.POSITIVE, *([GenerationMode.NEGATIVE] if can_be_wrong else [])]


ATTACKS = [
    pytest.param(operation, mode, id=f"{operation.label}-{mode.value}")
    for operation in operations()
    for mode in modes(operation)
]
EXAMPLES = -(-CASES // len(ATTACKS))


@pytest.mark.parametrize(("operation", "mode"), ATTACKS)
def test_every_answer_is_a_documented_one(attacker: Attacker, operation: Any, mode: GenerationMode) -> None:
    print(f"ARENA_TEST_SEED={SEED}")

    @seed(SEED)
    @settings(CHAOS, max_examples=EXAMPLES)
    @given(operation.as_strategy(generation_mode=mode))
    def attack(case: Any) -> None:
        attacker.judge(case, attacker.send(case))

    attack()


def test_sequences_along_the_links_are_answered_as_documented(attacker: Attacker) -> None:
    print(f"ARENA_TEST_SEED={SEED}")
    machine = SCHEMA.include(path_regex=PLAYERS).as_state_machine()

    class Sequence(machine):  # type: ignore[misc, valid-type]
        def setup(self) -> None:
            attacker.become_a_new_player()

        def call(self, case: Any, **named: Any) -> Any:
            return attacker.send(case)

        def validate_response(self, response: Any, case: Any, **named: Any) -> None:
            attacker.judge(case, response)

    enough = attacker.sent + SEQUENCES * STEPS // 2
    while attacker.sent < enough and not attacker.failures:
        # Time passes and days end between two sequences: hypothesis calls that inconsistent, and stops.
        with contextlib.suppress(Flaky):
            Sequence.run(settings=settings(CHAOS, max_examples=SEQUENCES, stateful_step_count=STEPS))
    assert attacker.failures == []


def test_enough_was_sent_and_most_of_it_reached_a_route(attacker: Attacker) -> None:
    """Runs last: a fuzz that meets nothing but 401 and 429 would prove nothing."""
    print(
        f"ARENA_TEST_SEED={SEED} sent={attacker.sent} statuses={dict(attacker.statuses)} waits={dict(attacker.waits)}"
    )
    if attacker.sent < CASES * 9 // 10:
        pytest.fail(f"only {attacker.sent} cases were sent")
    assert attacker.statuses["429"] < attacker.sent // 20
    assert sum(count for status, count in attacker.statuses.items() if status < "300") > attacker.sent // 10
