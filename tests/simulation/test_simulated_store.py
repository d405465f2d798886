"""The simulated database does what the server does, for every operation the adapters may use."""

from __future__ import annotations

import secrets
from random import Random  # noqa: TID251 - chance with a printed seed

import pytest
from pymongo.errors import DuplicateKeyError, WTimeoutError

from infra.simulation.database import SimulatedDatabase
from infra.simulation.documents import NotAllowed
from infra.simulation.faults import Fate, Faults
from infra.simulation.scheduler import Scheduler
from shared.adapters.mongo_indexes import ensure_indexes

OPERATIONS = 400
IDS = [f"tg{number}:{number}" for number in range(5)]


@pytest.fixture
def simulated() -> SimulatedDatabase:
    faults = Faults(Random(1), 0.0)
    return SimulatedDatabase(Scheduler(faults.chance, faults), faults)


def outcome(collection, operation) -> object:
    """What the client hears of one operation."""
    verb, *arguments = operation
    try:
        answer = getattr(collection, verb)(*arguments)
    except DuplicateKeyError:
        return "duplicate"
    if verb == "find":
        return sorted((plain(document) for document in answer), key=lambda document: document["_id"])
    if verb == "find_one":
        return None if answer is None else plain(answer)
    for count in ("matched_count", "deleted_count"):
        if hasattr(answer, count):
            return getattr(answer, count)
    return answer.inserted_id


def plain(value):
    if isinstance(value, dict):
        return {name: plain(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value


def random_operation(chance: Random) -> tuple:
    row, number = chance.choice(IDS), chance.choice((0, 1, 3, 2**40))
    guard = chance.choice(
        ({}, {"seq": number}, {"avail": {"$gte": number}}, {"bal.NEUR": {"$exists": False}})
    )
    changes = {"seq": number, f"state.{chance.choice('ab')}": {"x": [number, "t"]}}
    update = chance.choice(
        (
            {"$set": changes},
            {"$set": {"seq": number}, "$inc": {"bal.NEUR": 1, "avail": -number}},
            {"$unset": {"state.a": 1}, "$set": {"seq": number}},
            {"$inc": {"avail": number}},
        )
    )
    document = {"_id": row, "k": f"key{chance.randrange(3)}", "acct": row[:3], "seq": number, "avail": 5}
    return chance.choice(
        (
            ("insert_one", document),
            ("insert_one", document | {"open": 1, "state": {"a": {}}}),
            ("update_one", {"_id": row, **guard}, update),
            ("replace_one", {"_id": row, "seq": number}, {**document, "seq": number + 1, "k": f"only {row}"}),
            ("delete_one", {"_id": row, **chance.choice(({}, {"acct": "tg1"}))}),
            ("find_one", {"_id": row}),
            ("find", {"_id": {"$in": IDS[:3]}}),
            ("find", {"acct": row[:3]}),
            ("find", {"open": 1}),
        )
    )


def test_random_operations_end_alike_on_the_server_and_in_the_simulation(simulated, mongo_database):
    ensure_indexes(mongo_database)
    seed = secrets.randbelow(10**9)
    print(f"seed {seed}")
    chance = Random(seed)
    for _ in range(OPERATIONS):
        operation = random_operation(chance)
        real = outcome(mongo_database["ledger"], operation)
        assert outcome(simulated["ledger"], operation) == real, operation


@pytest.mark.parametrize("direction", [1, -1])
def test_a_sorted_range_is_the_servers(simulated, mongo_database, direction):
    ensure_indexes(mongo_database)
    found = []
    for database in (simulated, mongo_database):
        for number in (3, 1, 4, 5):
            database["board"].insert_one({"_id": f"b{number}", "score_all": f"score:all|{number}"})
        cursor = database["board"].find({"score_all": {"$gt": "score:all|1", "$lt": "score:all|5"}})
        found.append([document["_id"] for document in cursor.sort("score_all", direction).limit(2)])
    assert found[0] == found[1] == ["b3", "b4"][::direction]


def test_a_sorted_part_of_what_an_index_finds_is_the_servers(simulated, mongo_database):
    ensure_indexes(mongo_database)
    found = []
    for database in (simulated, mongo_database):
        for number in (3, 1, 4, 5, 2):
            document = {"_id": f"c{number}", "terms": {"created_ms": number}}
            database["claims"].insert_one(document | ({"open": 1} if number != 3 else {}))
        cursor = database["claims"].find({"open": 1, "terms.created_ms": {"$lte": 4}})
        found.append([document["_id"] for document in cursor.sort("terms.created_ms", -1).limit(2)])
    assert found[0] == found[1] == ["c4", "c2"]


class Certain(Random):
    """Chance that is none: always the same point."""

    point = 0.9

    def random(self) -> float:
        return self.point


class Faultless(Faults):
    """Every operation arrives; only what the primary does with its majority is left to chance."""

    def of_write(self) -> Fate:
        return Fate.FINE

    def of_read(self, *, may_be_stale: bool) -> Fate:
        return Fate.FINE


@pytest.mark.parametrize("ends_in", ["caught up", "failover"])
def test_a_write_that_the_primary_has_alone_is_shown_to_nobody_until_a_majority_has_it(ends_in):
    faults = Faultless(Certain(), 1.0)
    database = SimulatedDatabase(Scheduler(faults.chance, faults), faults)
    row = {"_id": "tg1:1", "k": "key", "acct": "tg1"}
    database.lone_writes.cut_off_for = 10
    with pytest.raises(WTimeoutError):
        database["ledger"].insert_one(row)
    with pytest.raises(DuplicateKeyError):
        database["ledger"].insert_one({**row, "_id": "tg1:2"})
    assert database["ledger"].find_one({"_id": "tg1:1"}) is None
    assert list(database["ledger"].find({"k": "key"})) == []
    faults.chance.point = 0.0 if ends_in == "failover" else 0.9
    database.lone_writes.cut_off_for = 1
    shown = database["ledger"].find_one({"_id": "tg1:1"})
    faults.chance.point = 0.9
    if ends_in == "failover":
        assert shown is None
        database["ledger"].insert_one({**row, "_id": "tg1:2"})
    else:
        assert shown == row


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("find", ({"kind": "battle"},)),
        ("find", ({"acct": "tg1", "seq": 3},)),
        ("find", ({"acct": "tg1", "ts": {"$gt": 3}},)),
        ("find", ({"_id": "tg1:1", "seq": {"$gt": 3}},)),
        ("find", ({"ts": {"$gt": 3}, "seq": {"$gt": 3}},)),
        ("update_one", ({"acct": "tg1"}, {"$set": {"seq": 1}})),
        ("update_one", ({"_id": "tg1:1"}, {"$push": {"legs": {}}})),
        ("update_one", ({"_id": "tg1:1"}, {"$set": {"flag": True}})),
        ("update_one", ({"_id": "tg1:1", "k": {"$ne": "x"}}, {"$set": {"seq": 1}})),
        ("delete_one", ({"acct": "tg1"},)),
    ],
)
def test_what_not_every_server_does_alike_is_refused_loudly(simulated, verb, arguments):
    simulated["ledger"].insert_one({"_id": "tg1:1", "k": "key", "acct": "tg1"})
    with pytest.raises(NotAllowed):
        list(getattr(simulated["ledger"], verb)(*arguments) or ())
