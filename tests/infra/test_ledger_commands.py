"""The operator's ledger commands: exit codes for pipelines, words for people, numbers for both."""

from __future__ import annotations

import csv
import io
import json

import pytest
from pymongo.collection import Collection
from pymongo.errors import OperationFailure
from typer import BadParameter
from typer.testing import CliRunner

from infra.ops.cli import app
from infra.ops.moments import moment_ms
from infra.ops.report_ledger import run_report
from infra.ops.verify_ledger import run_verification
from infra.ops.wallet_links import run_links
from shared.adapters.mongo_indexes import ensure_indexes
from shared.adapters.mongo_ledger import MongoLedgerStore
from shared.domain.calendar import iso_time, utc_day
from tests.services.audited_world import busy_world
from tests.services.test_link_wallet import WalletWorld


@pytest.fixture
def busy(mongo_database):
    """A database with a busy world in it, and the world's day."""
    ensure_indexes(mongo_database)
    world = busy_world(store=MongoLedgerStore(mongo_database))
    return mongo_database, utc_day(world.clock.now_ms())


def test_a_ledger_that_holds_is_exit_code_zero(busy, mongo_uri, capsys):
    database, _ = busy
    assert run_verification(mongo_uri, database.name, as_json=False) == 0
    assert "all 9 invariants hold" in capsys.readouterr().out


def test_a_bad_row_is_exit_code_one_and_named(busy, mongo_uri, capsys):
    database, _ = busy
    database["ledger"].update_one({"_id": "tg1:4"}, {"$set": {"kind": "gift"}})
    assert run_verification(mongo_uri, database.name, as_json=False) == 1
    assert "tg1:4: its hash does not recompute" in capsys.readouterr().out


def test_the_json_names_every_violation_and_the_balances(busy, mongo_uri, capsys):
    database, _ = busy
    database["players"].update_one({"_id": "tg2"}, {"$set": {"bal.AIBA": 10**9}})
    assert run_verification(mongo_uri, database.name, as_json=True) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is False
    assert [(entry["invariant"], entry["where"]) for entry in found["violations"]] == [(4, "tg2")]
    assert sum(by.get("AIBA", 0) for by in found["balances"].values()) == 0


def test_a_database_that_does_not_answer_is_not_verified(capsys):
    nobody = "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100"
    assert run_verification(nobody, "nothing", as_json=False) == 2
    assert "nothing is verified" in capsys.readouterr().err


@pytest.mark.parametrize("code", [43, 237, 13])
def test_a_reading_that_breaks_off_is_not_verified_and_no_violation(
    code, busy, mongo_uri, monkeypatch, capsys
):
    database, _ = busy
    find = Collection.find

    def lost(collection, *arguments, **named):
        yield from find(collection, *arguments, **named)
        raise OperationFailure("fake", code, {"code": code})

    monkeypatch.setattr(Collection, "find", lost)
    assert run_verification(mongo_uri, database.name, as_json=False) == 2
    assert run_report(mongo_uri, database.name, day="2026-11-22", as_csv=False) == 2
    assert "nothing is verified" in capsys.readouterr().err


@pytest.mark.parametrize("uri", ["mongodb://", "no-uri", "mongodb://user:fake-secret@127.0.0.1:1:2/"])
def test_a_uri_that_is_none_is_not_verified_and_not_repeated(uri, capsys):
    assert run_verification(uri, "nothing", as_json=False) == 2
    assert "fake-secret" not in capsys.readouterr().err


@pytest.mark.parametrize("day", ["2026-02-30", "2026-13-01", "20261122", "2026-11-22T00", "yesterday", ""])
def test_a_day_that_is_none_is_a_usage_error(day):
    result = CliRunner().invoke(
        app, ["ledger", "report", "--day", day, "--mongodb-uri", "mongodb://127.0.0.1:1"]
    )
    assert result.exit_code == 2
    assert "a day is written" in result.output


def test_a_days_report_is_double_entry(busy, mongo_uri, capsys):
    database, day = busy
    assert run_report(mongo_uri, database.name, day=day, as_csv=True) == 0
    lines = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    nets: dict[str, int] = {}
    for line in lines:
        nets[line["currency"]] = nets.get(line["currency"], 0) + int(line["net"])
    assert set(nets.values()) == {0}
    assert {line["arena"] for line in lines if line["kind"] == "battle"} == {"prediction", "arbitrage"}
    training = [line for line in lines if line["kind"] == "train"]
    assert {(line["account"], line["net"]) for line in training} == {("players", "-25"), ("sys:fee", "25")}


def test_the_table_of_a_day_says_that_its_books_close(busy, mongo_uri, capsys):
    database, day = busy
    assert run_report(mongo_uri, database.name, day=day, as_csv=False) == 0
    out = capsys.readouterr().out
    assert "Every currency's nets sum to zero." in out
    assert "sys:emission" in out


def test_another_day_has_no_lines(busy, mongo_uri, capsys):
    database, _ = busy
    assert run_report(mongo_uri, database.name, day="2020-01-01", as_csv=True) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_a_day_whose_legs_do_not_close_is_exit_code_one(busy, mongo_uri, capsys):
    database, day = busy
    legs = [{"a": "tg1", "c": "AIBA", "d": 7}]
    database["ledger"].update_one({"_id": "tg1:4"}, {"$set": {"legs": legs}})
    assert run_report(mongo_uri, database.name, day=day, as_csv=True) == 1
    assert "AIBA does not sum to zero but to 7" in capsys.readouterr().err


def test_every_wallet_linked_since_a_moment_is_listed_with_when_it_may_be_paid(mongo_database, mongo_uri):
    ensure_indexes(mongo_database)
    world = WalletWorld(store=MongoLedgerStore(mongo_database))
    world.link(world.ann, 0)
    world.claims.clock.advance(seconds=3_600)
    since = iso_time(world.claims.clock.now_ms())
    linked = world.link(world.bob, 1)
    world.link(world.bob, 1)
    world.refused(world.link, world.bob, 2)
    where = ["--mongodb-uri", mongo_uri, "--database", mongo_database.name, "--since", since]
    table = CliRunner().invoke(app, ["ledger", "links", *where])
    assert table.exit_code == 0, table.output
    assert "2 links of 1 players" in table.stdout
    listed = csv.DictReader(io.StringIO(CliRunner().invoke(app, ["ledger", "links", *where, "--csv"]).stdout))
    assert [(row["account"], row["wallet"], row["claimsFrom"], row["change"]) for row in listed] == [
        (world.bob, linked["address"], linked["claimsFrom"], change) for change in ("new", "again")
    ]


def test_links_of_a_database_that_does_not_answer_are_not_listed(capsys):
    nobody = "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100"
    assert run_links(nobody, "nothing", since_ms=0, as_csv=False) == 2
    assert "nothing is listed" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["yesterday", "2026-11-22T10:00", "10:00Z"])
def test_a_moment_needs_its_date_and_its_zone(text):
    with pytest.raises(BadParameter, match="with its zone"):
        moment_ms(text)


def test_a_moment_of_any_zone_is_one_instant():
    assert moment_ms("2026-11-22T11:00+01:00") == moment_ms("2026-11-22T10:00Z") == 1_795_341_600_000
