"""Settle's own hand on the kill switch: it holds against other changes and repeats without harm."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from shared.adapters.mongo_game_configs import MongoGameConfigs
from shared.bootstrap.settle import _pause_claims
from shared.domain.game_config import default_config
from tests.fakes.clock import FakeClock


@pytest.fixture
def configs(mongo_database: Any) -> MongoGameConfigs:
    return MongoGameConfigs(mongo_database, FakeClock())


def pause(configs: MongoGameConfigs) -> None:
    _pause_claims(SimpleNamespace(configs=configs))()


def test_claims_are_paused_as_a_new_revision_and_nothing_else_changes(configs):
    before = replace(default_config(), economy=replace(default_config().economy, claim_max_aiba=77))
    configs.seed(before)
    pause(configs)
    after = configs.latest()
    assert after.paused.claims
    assert after.revision == before.revision + 1
    assert after.economy == before.economy
    assert not after.paused.battles


def test_a_new_installation_without_a_configuration_can_be_paused(configs):
    pause(configs)
    assert configs.latest().paused.claims


def test_pausing_again_makes_no_further_revision(configs):
    pause(configs)
    first = configs.latest().revision
    pause(configs)
    assert configs.latest().revision == first


def test_a_change_that_was_faster_is_kept_and_claims_are_paused_all_the_same(configs, mongo_database):
    configs.seed(default_config())
    other = MongoGameConfigs(mongo_database, FakeClock())
    replace_first = configs.replace

    def replace_after_another(config, *, expected_revision):
        configs.replace = replace_first
        current = other.latest()
        other.replace(
            replace(
                current,
                revision=current.revision + 1,
                economy=replace(current.economy, claim_max_aiba=55),
            ),
            expected_revision=current.revision,
        )
        return replace_first(config, expected_revision=expected_revision)

    configs.replace = replace_after_another
    pause(configs)
    after = configs.latest()
    assert (after.paused.claims, after.economy.claim_max_aiba) == (True, 55)
