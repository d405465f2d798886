"""The contract of wallets' names, on the fake and on MongoDB's wire protocol alike."""

from __future__ import annotations

from typing import Any

import pytest

from shared.adapters.mongo_wallets import MongoWalletNames
from tests.at_once import at_once
from tests.fakes.wallets import FakeWalletNames
from tests.services.conftest import Part


@pytest.fixture
def names(part: Part) -> Any:
    return part(FakeWalletNames, MongoWalletNames)


def test_a_wallet_name_belongs_to_whoever_took_it_first(names):
    assert names.owner("n") is None
    assert names.take("n", "ann", ticket="t1", now_ms=1) == "ann"
    assert names.take("n", "bob", ticket="t2", now_ms=2) == "ann"
    assert names.take("n", "ann", ticket="t3", now_ms=3) == "ann"
    assert names.owner("n") == "ann"


def test_only_the_last_ticket_releases_a_name(names):
    names.take("n", "ann", ticket="t1", now_ms=1)
    names.take("n", "ann", ticket="t2", now_ms=2)
    names.release("n", "ann", ticket="t1", now_ms=9)
    names.release("n", "bob", ticket="t2", now_ms=10)
    assert names.owner("n") == "ann"
    names.release("n", "ann", ticket="t2", now_ms=11)
    assert names.owner("n") is None
    assert names.take("n", "bob", ticket="t4", now_ms=12) == "bob"


def test_a_name_not_released_is_looked_at_again(names):
    names.take("n", "ann", ticket="t1", now_ms=1_000)
    names.take("n", "ann", ticket="t2", now_ms=2_000)
    names.release("n", "ann", ticket="t1", now_ms=9_000)
    [found] = names.taken_between(from_ms=9_000, until_ms=9_001, limit=9)
    assert (found.name, found.account, found.ticket, found.taken_ms) == ("n", "ann", "t2", 9_000)
    assert list(names.taken_between(from_ms=0, until_ms=9_000, limit=9)) == []


def test_of_two_players_at_once_one_has_the_wallet(names):
    owners = at_once(6, lambda number: names.take("n", f"p{number}", ticket=f"t{number}", now_ms=number))
    assert len(set(owners)) == 1
