"""Secrets change under people who are signed in, and nobody is turned away, whatever two instances have read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from infra.ops.secret_plans import BATTLE_DAY_S, SPREAD_S, TOKENS_LIVE_S, PlannedStep
from infra.ops.secret_rehearsal import ADMIN_SECRET, SESSION_KEYS, Caller, rehearse_secret
from shared.config.declarations import BY_NAME, FUNCTIONS
from shared.config.source import MAX_AGE_S
from shared.domain.admin_session import LIFETIME_S
from shared.domain.calendar import MS_PER_DAY
from shared.domain.fairness import PUBLISHED_AFTER_MS
from shared.domain.session import LIFETIME_S as SESSION_LIFETIME_S
from shared.readiness import check, check_stage
from tests.ops.secret_rotations import Rotation, each_rotation
from tests.readiness.environments import production, read_oracle_key


@each_rotation
def test_what_an_instance_makes_every_other_believes_whatever_the_two_have_read(rotation: Rotation) -> None:
    assert rotation.disbeliefs() == []


@each_rotation
@pytest.mark.parametrize("write", range(3))
def test_an_instance_may_be_a_write_behind_for_as_long_as_settings_are_remembered(
    rotation: Rotation, write: int
) -> None:
    (_, before), (written_s, _) = list(rotation.in_force())[write : write + 2]
    behind = tuple(sorted(before.items()))
    assert behind in rotation.views(written_s + SPREAD_S - 0.5)
    assert behind not in rotation.views(written_s + SPREAD_S)


def without_the_first(plan: Sequence[PlannedStep]) -> tuple[PlannedStep, ...]:
    return tuple(plan[1:])


def first_and_second_exchanged(plan: Sequence[PlannedStep]) -> tuple[PlannedStep, ...]:
    return (plan[1], plan[0], *plan[2:])


def forgotten_a_second_early(plan: Sequence[PlannedStep]) -> tuple[PlannedStep, ...]:
    return (plan[0], replace(plan[1], wait_s=plan[1].wait_s - 1), plan[2])


def signed_a_second_early(plan: Sequence[PlannedStep]) -> tuple[PlannedStep, ...]:
    return (replace(plan[0], wait_s=plan[0].wait_s - 1), *plan[1:])


@each_rotation
@pytest.mark.parametrize(
    "spoil", [without_the_first, first_and_second_exchanged, forgotten_a_second_early, signed_a_second_early]
)
def test_a_plan_that_would_turn_somebody_away_is_found(
    rotation: Rotation, spoil: Callable[[Sequence[PlannedStep]], tuple[PlannedStep, ...]]
) -> None:
    assert replace(rotation, plan=spoil(rotation.plan)).disbeliefs() != []


@each_rotation
def test_every_function_stays_ready_whatever_it_has_read(rotation: Rotation) -> None:
    for view in {view for at_s in rotation.moments() for view in rotation.views(at_s)}:
        for function in FUNCTIONS:
            held = {name: value for name, value in view if function in BY_NAME[name].held_by}
            environment = production(function) | held
            findings = check(function, environment, read_kms_public_key=read_oracle_key)
            assert findings == [], (function, view)


@each_rotation
def test_every_rule_over_all_functions_holds_after_each_write(rotation: Rotation) -> None:
    for _, state in rotation.in_force():
        environments = {
            function: production(function)
            | {name: value for name, value in state.items() if function in BY_NAME[name].held_by}
            for function in FUNCTIONS
        }
        assert check_stage(environments, read_kms_public_key=read_oracle_key) == []


@each_rotation
def test_after_the_last_step_the_old_value_opens_nothing(rotation: Rotation) -> None:
    *_, (_, state) = rotation.in_force()
    last = tuple(sorted(state.items()))
    before = tuple(sorted(rotation.first.items()))
    assert not rotation.believes(last, rotation.make(before))
    assert rotation.believes(last, rotation.make(last))


def test_the_waits_cover_every_instances_memory_and_everything_that_is_believed() -> None:
    assert SPREAD_S >= MAX_AGE_S
    assert max(LIFETIME_S, SESSION_LIFETIME_S) <= TOKENS_LIVE_S
    assert BATTLE_DAY_S * 1_000 >= MS_PER_DAY + PUBLISHED_AFTER_MS


@pytest.mark.slow
@pytest.mark.parametrize("caller", [SESSION_KEYS, ADMIN_SECRET], ids=["session keys", "admin secret"])
def test_a_rehearsal_on_real_functions_turns_nobody_away(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caller: Caller
) -> None:
    assert rehearse_secret(caller, as_json=False, data_dir=tmp_path) == 0
    told = capsys.readouterr().out
    assert told.count("the token of before and a fresh one are both believed") == 2
    assert "the former one is refused" in told
