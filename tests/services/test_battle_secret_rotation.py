"""A new battle secret: the day under way keeps its commitment, the next one has the new, the past is published."""

from __future__ import annotations

import pytest

from shared.bootstrap.battle import battle_secrets
from shared.config.functions.battle import BattleSettings
from shared.config.loading import load
from shared.domain.calendar import MS_PER_HOUR, day_start_ms, utc_day
from shared.domain.errors import Unavailable
from shared.domain.fairness import commitment_of, day_seed
from shared.services.fairness_secrets import FairnessSecrets
from tests.readiness.environments import marked, production
from tests.services.game_world import GameWorld

OLD, NEW = marked("battle secret before"), marked("battle secret after")
BEFORE = {"BATTLE_SEED_SECRET": OLD}
AHEAD = {"BATTLE_SEED_SECRET": f"{OLD},{NEW}"}
DURING = {"BATTLE_SEED_SECRET": f"{NEW},{OLD}"}
AFTER = {"BATTLE_SEED_SECRET": NEW}


@pytest.fixture
def world() -> GameWorld:
    return GameWorld()


def function_with(world: GameWorld, secrets: dict[str, str]) -> FairnessSecrets:
    """The chance of a battle function that was started, or followed a change, with these settings."""
    settings = load(BattleSettings, environment=production("battle") | secrets)
    return FairnessSecrets(world.fairness_store, world.clock, lambda: battle_secrets(settings))


def test_a_rotation_during_a_day_keeps_the_days_commitment(world: GameWorld) -> None:
    day = utc_day(world.clock.now_ms())
    before = function_with(world, BEFORE).seed_of(day)
    world.clock.advance(seconds=60)
    during = function_with(world, DURING).seed_of(day)
    assert during.seed == before.seed == day_seed(OLD.encode(), day)
    (record,) = world.fairness_store.epochs(day)
    assert record.commitment == commitment_of(during.seed)


def test_a_rotation_takes_effect_on_the_next_utc_day(world: GameWorld) -> None:
    day = utc_day(world.clock.now_ms())
    function_with(world, BEFORE).seed_of(day)
    rotated = function_with(world, DURING)
    rotated.seed_of(day)
    world.clock.advance(seconds=86_400)
    next_day = utc_day(world.clock.now_ms())
    assert rotated.seed_of(next_day).seed == day_seed(NEW.encode(), next_day)


@pytest.mark.parametrize(
    ("first", "other"), [(AHEAD, DURING), (DURING, AHEAD), (BEFORE, AHEAD), (AHEAD, BEFORE)]
)
def test_a_day_may_begin_while_some_instances_are_a_step_behind(
    world: GameWorld, first: dict[str, str], other: dict[str, str]
) -> None:
    day = utc_day(world.clock.now_ms())
    assert function_with(world, first).seed_of(day) == function_with(world, other).seed_of(day)


def test_the_last_day_of_the_old_secret_is_still_published(world: GameWorld) -> None:
    day = utc_day(world.clock.now_ms())
    function_with(world, BEFORE).seed_of(day)
    world.clock.time_ms = day_start_ms(day) + 25 * MS_PER_HOUR
    record = function_with(world, DURING).record(day)
    assert record.seed == day_seed(OLD.encode(), day).hex()
    assert function_with(world, AFTER).record(day).seed == record.seed


def test_the_old_secret_removed_too_early_stops_battles_instead_of_changing_their_chance(
    world: GameWorld,
) -> None:
    day = utc_day(world.clock.now_ms())
    function_with(world, BEFORE).seed_of(day)
    with pytest.raises(Unavailable) as refusal:
        function_with(world, AFTER).seed_of(day)
    assert refusal.value.code == "fairness_unavailable"
