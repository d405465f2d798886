"""One key, one request, one answer."""

from __future__ import annotations

import pytest

from tests.functions.edge_app import EdgeUnderTest

DAILY = "/api/economy/daily"


def daily(edge: EdgeUnderTest, *, key: str | None = None, body: object = None) -> tuple[int, dict]:
    headers = {n: v.encode() for n, v in edge.bearer().items()} | (
        {} if key is None else {"idempotency-key": key.encode("latin-1")}
    )
    answer = edge.call("POST", DAILY, headers=headers, **({} if body is None else {"json": body}))
    return answer.status_code, answer.json()


@pytest.mark.parametrize("key", ["k1", '"k1"'])
def test_a_key_is_read_quoted_or_not(edge: EdgeUnderTest, key: str) -> None:
    assert daily(edge, key=key)[1]["key"] == "k1"


def test_the_bodys_request_id_is_the_same_thing(edge: EdgeUnderTest) -> None:
    assert daily(edge, body={"requestId": "k1"}) == daily(edge, key="k1")
    assert daily(edge, key="k1", body={"requestId": "k1"}) == daily(edge, key="k1")


def test_header_and_body_may_not_contradict_each_other(edge: EdgeUnderTest) -> None:
    status, answer = daily(edge, key="k1", body={"requestId": "k2"})
    assert (status, answer["code"]) == (400, "idempotency_key_contradictory")


def test_a_missing_key_is_refused(edge: EdgeUnderTest) -> None:
    status, answer = daily(edge)
    assert (status, answer["code"]) == (400, "idempotency_key_required")


@pytest.mark.parametrize("key", ["", '""', "a b", "a" * 129, "ключ".encode().decode("latin-1"), 'a"', "a\\n"])
def test_a_key_of_another_form_is_refused(edge: EdgeUnderTest, key: str) -> None:
    status, answer = daily(edge, key=key)
    assert (status, answer["code"]) == (400, "idempotency_key_invalid")


@pytest.mark.parametrize("key", ["a" * 128, "A-z_0.9:x"])
def test_the_longest_and_oddest_allowed_keys_are_read(edge: EdgeUnderTest, key: str) -> None:
    assert daily(edge, key=key)[1]["key"] == key


def test_a_request_id_that_is_no_text_is_refused(edge: EdgeUnderTest) -> None:
    assert daily(edge, body={"requestId": 7})[1]["code"] == "idempotency_key_invalid"


def test_a_replay_says_so_and_the_first_answer_does_not(edge: EdgeUnderTest) -> None:
    first, again = edge.run(), edge.run()
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert first.json() == again.json()


def test_a_replayed_refusal_says_so_too_and_keeps_its_words(edge: EdgeUnderTest) -> None:
    first, again = edge.run({"brokerId": "tired"}), edge.run({"brokerId": "tired"})
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert "isReplay" not in first.text + again.text
    assert again.status_code == 409


def test_spelling_does_not_change_a_requests_fingerprint(edge: EdgeUnderTest) -> None:
    edge.run(content=b'{"brokerId":"b1","note":"x"}')
    edge.run(content=b' { "note":"x", "requestId":"k1", "brokerId":"\\u0062\\u0031" } ')
    edge.run(content=b'{"brokerId":"b1","note":"x"}', headers={"idempotency-key": "k9"})
    assert edge.game.answers["k1"] == edge.game.answers["k9"]
    edge.run(content=b'{"brokerId":"b1","note":"y"}', headers={"idempotency-key": "k2"})
    assert edge.game.answers["k1"] != edge.game.answers["k2"]


def test_the_fingerprint_covers_method_and_path() -> None:
    from functions.edge.idempotency import fingerprint_of

    prints = {fingerprint_of(m, p, None) for m in ("POST", "DELETE") for p in ("/api/a/1", "/api/a/2")}
    assert len(prints) == 4
