"""No query of every request or every scheduled run may read a whole collection; `db indexes` makes it so."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra.mongo.high_volume_queries import HIGH_VOLUME_QUERIES, Query
from infra.ops.database_commands import app
from infra.ops.index_report import create_missing
from infra.ops.preflight.store_lines import _plan_stages
from shared.adapters.mongo_indexes import INDEXES, ensure_indexes

ADAPTERS = Path(__file__).parents[2] / "shared/adapters"
SINGLE_FIELDS = {(index.collection, index.fields[0]) for index in INDEXES if len(index.fields) == 1}


@pytest.mark.parametrize("query", HIGH_VOLUME_QUERIES, ids=lambda query: f"{query.collection} {query.fields}")
def test_a_high_volume_query_selects_through_an_index(query: Query, mongo_database) -> None:
    ensure_indexes(mongo_database)
    stages = _plan_stages(mongo_database, query)
    if "ARENA_MONGODB_URI" in os.environ:  # noqa: TID251 - the test run's own switch
        assert stages is not None, "a real server explains its plans"
    if stages is not None:
        assert "COLLSCAN" not in stages
    # The embedded store explains nothing and uses indexes of one field only: that is what then has to exist.
    assert any(field == "_id" or (query.collection, field) in SINGLE_FIELDS for field in query.fields)


def test_every_declared_index_serves_a_listed_query_or_keeps_something_unique_or_tidies_up() -> None:
    queried = {(query.collection, field) for query in HIGH_VOLUME_QUERIES for field in query.fields}
    sources = {path: path.read_text() for path in ADAPTERS.glob("mongo_*.py")}
    unused = [
        index
        for index in INDEXES
        if not index.unique
        and (index.collection, index.fields[0]) not in queried
        and not any(re.search(rf'"{index.fields[0]}"', text) for text in sources.values())
    ]
    assert unused == []


def test_missing_indexes_are_created_once_and_then_are_there(mongo_database) -> None:
    first, second = create_missing(mongo_database), create_missing(mongo_database)
    assert {line.state for line in first} == {"created"}
    assert {line.state for line in second} == {"there"}
    declared = {(index.collection, "+".join(index.fields), index.unique) for index in INDEXES}
    assert {(line.collection, line.fields, line.is_unique) for line in second} == declared


def test_an_index_nobody_declares_is_shown_and_left_alone(mongo_database) -> None:
    mongo_database["players"].create_index([("nickname", 1)])
    lines = [line for line in create_missing(mongo_database) if line.state == "unknown"]
    assert [(line.collection, line.fields) for line in lines] == [("players", "nickname")]
    assert any(list(index["key"]) == ["nickname"] for index in mongo_database["players"].list_indexes())


def test_the_command_prints_every_index(mongo_database, mongo_uri) -> None:
    arguments = ["indexes", "--mongodb-uri", mongo_uri, "--database", mongo_database.name]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "created  ledger.k  unique" in result.output
    found = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)
    assert {"state": "there", "collection": "ledger", "fields": ["k"], "unique": True} in found


def test_a_database_that_does_not_answer_is_a_sentence_without_its_address() -> None:
    uri = "mongodb://fake-user:fake-password@127.0.0.1:1/?serverSelectionTimeoutMS=100"
    result = CliRunner().invoke(app, ["indexes", "--mongodb-uri", uri, "--database", "x"])
    assert result.exit_code == 2
    assert "the indexes are not all there" in result.output
    assert "fake-password" not in result.output
