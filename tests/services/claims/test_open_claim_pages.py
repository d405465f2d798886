"""More open claims than a page, or than a run, can hold: each is looked at, and none waits for ever."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest

from shared.adapters.mongo_claims import MongoClaimStore
from shared.adapters.mongo_indexes import ensure_indexes
from shared.adapters.mongo_watermarks import MongoWatermarks
from shared.services.open_claim_pages import PAGE_SIZE, open_pages
from shared.services.settle_claims import settle_claims
from tests.fakes.claims import FakeClaimStore
from tests.fakes.watermarks import FakeWatermarks

RUN_FOR_MS = 40_000
LOOK_S = 5
LOOKS = RUN_FOR_MS // 1000 // LOOK_S + 1


@pytest.fixture(params=["fake", "mongo"])
def stores(request):
    if request.param == "fake":
        return FakeClaimStore(), FakeWatermarks()
    database = request.getfixturevalue("mongo_database")
    ensure_indexes(database)
    return MongoClaimStore(database), MongoWatermarks(database)


@pytest.fixture
def small_pages(monkeypatch):
    monkeypatch.setattr("shared.services.open_claim_pages.PAGE_SIZE", 3)


def keep(claims, claim, *, made_ms, number):
    terms = replace(claim.terms, id=f"c{number:024d}", created_ms=made_ms)
    claims.insert(replace(claim, terms=terms, state="reserved"))


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("times", [range(1, 12), [7] * 11, [1, 5, 5, 5, 5, 5, 5, 9], [4, 4, 4], []])
def test_every_claim_is_on_one_page_whatever_its_time(stores, signed, times):
    claims, watermarks = stores
    for number, made_ms in enumerate(times):
        keep(claims, signed, made_ms=made_ms, number=number)
    found = [claim.terms for page in open_pages(claims, watermarks) for claim in page.claims]
    assert sorted(terms.id for terms in found) == [f"c{number:024d}" for number in range(len(times))]
    assert [terms.created_ms for terms in found] == sorted(times, reverse=True)
    assert claims.oldest_open_ms() == min(times, default=None)
    assert watermarks.read("claims") == 0


@pytest.mark.usefixtures("small_pages")
def test_a_run_that_ended_between_two_pages_is_followed_by_one_that_goes_on(stores, signed):
    claims, watermarks = stores
    for number in range(1, 9):
        keep(claims, signed, made_ms=number, number=number)
    pages = open_pages(claims, watermarks)
    first = [next(pages), next(pages)]
    rest = list(open_pages(claims, watermarks))
    looked_at = [[claim.terms.created_ms for claim in page.claims] for page in (*first, *rest)]
    assert looked_at == [[8, 7, 6], [5, 4, 3], [6, 5, 4], [3, 2, 1], []]


def test_a_page_that_holds_no_claims_at_all_hides_none(mongo_database, signed, monkeypatch):
    monkeypatch.setattr("shared.services.open_claim_pages.PAGE_SIZE", 3)
    claims, watermarks = MongoClaimStore(mongo_database), MongoWatermarks(mongo_database)
    for number in range(1, 5):
        keep(claims, signed, made_ms=number, number=number)
    for number, made in enumerate(["soon", "never", "now", "x", None, None, None, None, 3, 3, 3, 3]):
        document = {"_id": f"x{number}", "open": 1, "terms": {"created_ms": made}}
        mongo_database["claims"].insert_one(document)
    pages = list(open_pages(claims, watermarks))
    assert [claim.terms.created_ms for page in pages for claim in page.claims] == [4, 3, 2, 1]
    named = [name for page in pages for name in page.unreadable]
    assert len(named) == len(set(named)) >= 3
    assert claims.oldest_open_ms() == 1


class Slow:
    """A journal that takes a while, and knows whose claim was looked at."""

    def __init__(self, world) -> None:
        self._world = world
        self.looked_at: list[str] = []

    def read(self, journal_id):
        self.looked_at.append(journal_id)
        self._world.clock.advance(seconds=LOOK_S)
        return self._world.fake_journal.read(journal_id)


@pytest.mark.usefixtures("small_pages")
def test_claims_that_come_faster_than_a_run_looks_keep_it_from_none(world):
    """Every claim of before is looked at within the runs that those alone would take."""
    numbers = count(1)

    def ask(many):
        for _ in range(many):
            world.ask(world.player(next(numbers)))
            world.advance(seconds=1)

    world.signer.is_away = True
    ask(40)
    waiting = {claim.terms.journal_id for claim in world.fake_claims.claims.values()}
    world.journal = slow = Slow(world)
    runs = 0
    while not waiting <= set(slow.looked_at):
        tally = settle_claims(world.settlement, run_for_ms=RUN_FOR_MS)
        assert tally.looked_at <= LOOKS
        assert tally.oldest_open_ms == world.clock.now_ms() - 5_000 * tally.looked_at - min(
            claim.terms.created_ms for claim in world.fake_claims.claims.values()
        )
        runs += 1
        assert runs <= 40 // LOOKS + 1
        ask(LOOKS + 2)


def test_more_than_were_read_at_once_before_are_all_looked_at(world, signed):
    """10,001 claims, without a row but for one: the oldest of all, which was paid."""
    world.execute(signed)
    for number in range(10_000):
        keep(world.fake_claims, signed, made_ms=signed.terms.created_ms + 1 + number, number=number)
    reads = []
    open_page = world.fake_claims.open_page

    def counted(**named):
        page = open_page(**named)
        reads.append(len(page.claims))
        return page

    world.fake_claims.open_page = counted
    with pytest.raises(Exception, match="10000 broke"):
        world.settle()
    assert world.fake_claims.read(signed.terms.id).state == "confirmed"
    assert max(reads) <= PAGE_SIZE + 1
