"""The contract of what the scheduled runs saw and how far they came, on the fakes and on MongoDB's wire protocol alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.adapters.mongo_observations import MongoObservations
from shared.adapters.mongo_watermarks import MongoWatermarks
from shared.domain.observations import Observation
from tests.at_once import at_once
from tests.fakes.observations import FakeObservations
from tests.fakes.watermarks import FakeWatermarks
from tests.services.conftest import Part


@pytest.fixture
def observations(part: Part) -> Any:
    return part(FakeObservations, MongoObservations)


def test_what_was_seen_comes_back_and_what_never_was_does_not(observations):
    assert observations.read(["vault", "run"]) == []
    seen = Observation("vault", 2**41, {"jetton_units": 2**100, "free": -1, "recipients": 0})
    observations.note(seen)
    observations.note(Observation("other", 1, {}))
    assert observations.read(["vault", "run"]) == [seen]
    later = Observation("vault", 2**41 + 1, {"jetton_units": 7})
    observations.note(later)
    assert observations.read(["vault"]) == [later]


def test_a_look_that_began_earlier_never_takes_the_place_of_a_later_one(observations):
    later = Observation("vault", 2**41, {"jetton_units": 1})
    observations.note(later)
    observations.note(replace(later, seen_ms=2**41 - 1, facts={"jetton_units": 2}))
    assert observations.read(["vault"]) == [later]


def test_of_many_looks_at_once_the_latest_stands_whole(observations):
    looks = [Observation("vault", 2**41 + number, {"jetton_units": number}) for number in range(6)]
    at_once(6, lambda number: observations.note(looks[number]))
    assert observations.read(["vault"]) == [looks[-1]]


def test_a_watermark_is_zero_until_written(part):
    watermarks = part(FakeWatermarks, MongoWatermarks)
    assert watermarks.read("w") == 0
    watermarks.write("w", 2**41)
    watermarks.write("w", 2**41 + 1)
    assert watermarks.read("w") == 2**41 + 1
