"""The private signer function: told a claim's id and nothing else, and what its errors look like outside."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from functions import signer
from functions.edge.private_entry import private_handler
from functions.edge.request_log import claim_pseudonym
from shared.domain.errors import InvariantBroken, Refused, Unavailable
from shared.services.sign_claim import ClaimSigning
from tests.services.claim_world import ClaimWorld
from tests.xray_daemon import ROOT


@dataclass
class Parts:
    """What bootstrap would have put together."""

    signing: ClaimSigning | None


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> ClaimWorld:
    found = ClaimWorld()
    found.signer.is_away = True
    monkeypatch.setattr(signer, "signer_parts", lambda: Parts(found.signing))
    return found


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"claimId": ""},
        {"claimId": "c" + "1" * 23},
        {"claimId": "c" + "1" * 25},
        {"claimId": "C" + "1" * 24},
        {"claimId": "c" + "g" * 24},
        {"claimId": "c" + "1" * 24 + "\n"},
        {"claimId": 7},
        {"claimId": None},
        {"claimId": ["c" + "1" * 24]},
        {"claimId": "c" + "1" * 24, "amount": "1"},
        {"claimId": "c" + "1" * 24, "hash": "00" * 32},
        {"claimId": {"$gt": ""}},
    ],
)
def test_anything_but_a_claims_id_is_refused(world, event):
    with pytest.raises(Refused) as refused:
        signer.sign(event)
    assert refused.value.code == "invalid_request"
    assert world.fake_audit.records == []


def test_a_claim_is_signed_and_the_signature_itself_is_not_in_the_answer(world):
    claim = world.ask(world.player()).claim
    assert signer.sign({"claimId": claim.terms.id}) == {
        "state": "signed",
        "rule": "all",
        "code": None,
        "isFinal": False,
    }


def test_without_a_vault_every_claim_is_refused(world, monkeypatch):
    monkeypatch.setattr(signer, "signer_parts", lambda: Parts(None))
    with pytest.raises(Refused) as refused:
        signer.sign({"claimId": "c" + "1" * 24})
    assert refused.value.code == "claims_not_configured"


def test_a_key_that_fails_is_an_answer_to_ask_again_and_a_lying_one_an_alarm(world):
    claim = world.ask(world.player()).claim
    world.fake_key.failure = Unavailable("no", code="kms_access_denied")
    assert signer.handler({"claimId": claim.terms.id}, None) == {
        "error": {"code": "kms_access_denied", "isRetryable": True}
    }
    world.fake_key.failure = None
    world.fake_key.is_lying = True
    with pytest.raises(InvariantBroken):
        signer.handler({"claimId": claim.terms.id}, None)


def test_an_unknown_claim_is_an_answer_that_asking_again_cannot_change(world):
    assert signer.handler({"claimId": "c" + "1" * 24}, None) == {
        "error": {"code": "claim_unknown", "isRetryable": False}
    }


def test_what_is_no_event_at_all_is_refused(world):
    for event in (None, [], "c" + "1" * 24, 7):
        assert signer.handler(event, None)["error"]["code"] == "invalid_request"


def test_an_events_line_says_which_claim_by_a_pseudonym_and_whether_it_started_cold(world, caplog):
    claim_id = world.ask(world.player()).claim.terms.id
    handler = private_handler("signer", signer.sign, wiring=dict, forget=dict, about=signer.about)
    for event in ({"claimId": claim_id}, {"claimId": claim_id}, {"claimId": "nobody's"}):
        handler(event, None)
    lines = [record.__dict__ for record in caplog.records]
    assert not [line for line in lines if "trace" in line]
    assert [line["cold_start"] for line in lines] == [True, False, False]
    assert [line.get("claim") for line in lines] == [claim_pseudonym(claim_id)] * 2 + [None]
    assert not [value for line in lines for value in line.values() if claim_id in str(value)]


def test_the_line_of_an_event_that_is_traced_names_its_trace(world, caplog, xray, monkeypatch):
    xray.trace_invocations(monkeypatch)
    handler = private_handler("signer", signer.sign, wiring=dict, forget=dict, about=signer.about)
    handler({"claimId": world.ask(world.player()).claim.terms.id}, None)
    assert [record.__dict__["trace"] for record in caplog.records] == [ROOT]
