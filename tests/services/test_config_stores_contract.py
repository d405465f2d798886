"""The configuration's store: every revision is found for ever, and a pause is seen within seconds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.adapters.mongo_game_configs import MongoGameConfigs
from shared.domain.config_changes import ConfigRevision
from shared.domain.game_config import Economy, default_config
from tests.fakes.admin import FakeConfigStore
from tests.fakes.clock import FakeClock
from tests.fakes.game_configs import FakeGameConfigs


@pytest.fixture(params=["fake", "mongo"])
def config_store(request):
    if request.param == "fake":
        return FakeConfigStore(FakeGameConfigs(default_config()))
    return MongoGameConfigs(request.getfixturevalue("mongo_database"), FakeClock())


def made(number: int, **economy: Any) -> ConfigRevision:
    config = replace(default_config(), revision=number, economy=replace(Economy(), **economy))
    return ConfigRevision(config, by="owner", at_ms=2**41, reason="why", intent=f"owner:{number}")


def test_a_configuration_is_replaced_by_the_next_and_both_are_found_for_ever(config_store) -> None:
    second = made(2, train_neur_cost=30)
    assert config_store.replace_by(second, expected_revision=1)
    assert not config_store.replace_by(made(2, train_neur_cost=40), expected_revision=1)
    assert config_store.latest() == second.config
    assert config_store.revisions([1, 2, 3]) == [second, ConfigRevision(default_config())]


def test_a_crash_between_a_revision_and_its_history_loses_nothing(mongo_database) -> None:
    configs = MongoGameConfigs(mongo_database, FakeClock())
    second, third = made(2, train_neur_cost=30), made(3, train_neur_cost=40)
    configs.replace_by(second, expected_revision=1)
    mongo_database["config_history"].delete_one({"_id": "r2"})
    assert configs.revisions([2]) == [second]
    configs.replace_by(third, expected_revision=2)
    assert configs.revisions([2, 3]) == [third, second]


def test_a_pause_is_seen_by_another_instance_within_three_seconds(mongo_database) -> None:
    clock = FakeClock()
    mine, another = MongoGameConfigs(mongo_database, clock), MongoGameConfigs(mongo_database, clock)
    assert not another.current().paused.claims
    paused = replace(default_config(), revision=2, paused=replace(default_config().paused, claims=True))
    assert mine.replace_by(ConfigRevision(paused), expected_revision=1)
    clock.advance(seconds=3)
    assert another.current().paused.claims
