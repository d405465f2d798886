"""`./arena ledger reconcile` after a real loss: claims paid on a real chain, an older copy of the database back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo import MongoClient
from pymongo.database import Database
from typer.testing import CliRunner

from infra.local.chain_client import ChainClient
from infra.local.stack import Stack, running_stack
from infra.ops.backup.export import export_database
from infra.ops.backup.restore import restore_database
from infra.ops.cli import app
from infra.ops.oracle.rehearsal_player import CLAIMED, RehearsalPlayer
from infra.ops.verify_ledger import verify_database
from shared.domain.calendar import iso_time

pytestmark = pytest.mark.slow
DAY_S = 86_400
LOST = "arena_restored"


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    monkeypatch.setattr("infra.local.stack.DEFAULT_DATA_DIR", tmp_path)
    functions = ("battle", "economy", "claim", "admin", "signer", "settle")
    with running_stack(Stack(tmp_path, functions=functions, schedule_every_s=0, max_workers=1)) as running:
        yield running


def players(stack: Stack, count: int) -> list[RehearsalPlayer]:
    """They have earned, linked and cooled down."""
    chain = ChainClient(stack.urls["chain"], stack.settings["TON_API_KEY"])
    found = [RehearsalPlayer(stack, chain, telegram_id=7_000 + number) for number in range(count)]
    for player in found:
        player.earn_and_link()
    stack.advance_clock(DAY_S + 60)
    return found


def reconciled(database: Database[dict[str, Any]], *, since_ms: int) -> tuple[int, list[dict[str, Any]]]:
    """Exit code and differences, with nothing written."""
    before = database.command("dbstats")["objects"]
    words = ["ledger", "reconcile", "--since", iso_time(since_ms), "--database", database.name, "--json"]
    result = CliRunner().invoke(app, words)
    assert database.command("dbstats")["objects"] == before
    return result.exit_code, json.loads(result.stdout)["differences"]


@contextmanager
def administrator(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.urls["gateway"], timeout=30) as client:
        body = {"email": stack.settings["ADMIN_EMAIL"], "password": stack.secrets["ADMIN_PASSWORD"]}
        token = client.post("/api/admin/login", json=body).raise_for_status().json()["token"]
        client.headers["authorization"] = f"Bearer {token}"
        yield client


def put_right(stack: Stack, difference: dict[str, Any]) -> None:
    request = difference["adjustment"]
    with administrator(stack) as client:
        for _ in range(2):  # a repetition takes nothing more
            headers = {"idempotency-key": request["idempotencyKey"]}
            client.post(request["path"], json=request["body"], headers=headers).raise_for_status()


def test_what_was_paid_after_the_backup_is_named_and_can_be_put_right(stack: Stack, tmp_path: Path) -> None:
    ann, ben, cat = players(stack, 3)
    began_ms = stack.now_ms()
    first = ann.claim("first")
    ann.send(first)
    signed_before = ben.claim("signed")
    stack.invoke("settle")
    with MongoClient[dict[str, Any]](stack.settings["MONGODB_URI"]) as client:
        lost, copy = client[stack.settings["MONGODB_DATABASE"]], client[LOST]
        manifest = export_database(lost, tmp_path / "b", now_ms=stack.now_ms, progress=lambda *_: None)

        ben.send(signed_before)
        cat.send(cat.claim("lost"))
        ann.send(ann.claim("second"))
        stack.invoke("settle")
        assert reconciled(lost, since_ms=began_ms) == (0, [])

        restore_database(tmp_path / "b", manifest, copy, progress=lambda *_: None)
        code, found = reconciled(copy, since_ms=began_ms)
        assert code == 1
        assert sorted((each["kind"], each["seqno"]) for each in found) == [
            ("paid_open", 1),
            ("paid_unknown", 1),
            ("paid_unknown", 2),
            ("seqno_behind", 2),
        ]

        stack.change_settings(MONGODB_DATABASE=LOST)
        balances = ann.balance(), cat.balance()
        stack.invoke("settle")
        assert ben.look(signed_before)["state"] == "confirmed"
        for each in found:
            if each["kind"] == "paid_unknown":
                put_right(stack, each)
        assert (ann.balance(), cat.balance()) == (balances[0] - CLAIMED, balances[1] - CLAIMED)
        code, left = reconciled(copy, since_ms=began_ms)
        assert (code, [each["kind"] for each in left]) == (1, ["seqno_behind"])
        ann.unlink("u")
        stack.advance_clock(DAY_S)
        ann.link("again")
        assert reconciled(copy, since_ms=began_ms) == (0, [])
        assert verify_database(stack.settings["MONGODB_URI"], LOST, now_ms=stack.now_ms()).violations == []


def test_a_paid_claim_whose_signature_was_lost_is_rejected_then_taken_and_never_paid_again(
    stack: Stack, tmp_path: Path
) -> None:
    [ann] = players(stack, 1)
    began_ms = stack.now_ms()
    stack.kill("kms")
    waiting = ann.claim("waiting")
    assert waiting["state"] == "reserved"
    with MongoClient[dict[str, Any]](stack.settings["MONGODB_URI"]) as client:
        lost, copy = client[stack.settings["MONGODB_DATABASE"]], client[LOST]
        lost["signer_journal"].delete_many({})  # the copy is of the moment before the signer began
        manifest = export_database(lost, tmp_path / "b", now_ms=stack.now_ms, progress=lambda *_: None)
        stack.restart("kms")
        signed = ann.claim("waiting")
        assert ann.send(signed) == int(signed["units"])

        restore_database(tmp_path / "b", manifest, copy, progress=lambda *_: None)
        code, [found] = reconciled(copy, since_ms=began_ms)
        assert (code, found["kind"], found["adjustment"]) == (1, "paid_unsigned", None)

        stack.change_settings(MONGODB_DATABASE=LOST)
        before = ann.balance()
        with administrator(stack) as desk:
            path, body = f"/api/admin/claims/{waiting['id']}/reject", {"reason": "its signature was lost"}
            desk.post(path, json=body, headers={"idempotency-key": "r"}).raise_for_status()
        stack.invoke("settle")
        assert ann.balance() == before + CLAIMED
        _, [refunded] = reconciled(copy, since_ms=began_ms)
        assert refunded["kind"] == "paid_refunded"
        put_right(stack, refunded)
        assert ann.balance() == before
        assert reconciled(copy, since_ms=began_ms) == (0, [])


def test_without_a_stack_nothing_is_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.local.stack.DEFAULT_DATA_DIR", tmp_path)
    result = CliRunner().invoke(app, ["ledger", "reconcile", "--since", "2026-11-22T10:00Z"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "nothing is compared" in result.stderr
