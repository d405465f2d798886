"""toncenter's adapter on a bad wire: what passes is tried again, what lasts is reported in time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from shared.adapters import outgoing_http
from shared.adapters.toncenter import ProviderLimits
from tests.adapters.distorting_proxy import (
    DistortingProxy,
    Document,
    Mishap,
    cutting_short,
    hanging,
    hanging_up,
    in_chunks,
    replying,
    talking_nonsense,
    trickling,
    until_closed,
)
from tests.adapters.toncenter.lies import QUICK, SOMEONE, Connect, reason_of
from tests.xray_daemon import XrayDaemon
from tests.xray_daemon import outcomes as traced_outcomes


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    """Ends what a mishap started."""
    event = threading.Event()
    yield event
    event.set()


FAILING: dict[str, tuple[Mishap, str]] = {
    "429 as toncenter writes it": (
        replying(429, b'{"ok":false,"result":"Ratelimit exceed","code":429}'),
        "http_429",
    ),
    "429 behind a 200": (replying(200, b'{"ok":false,"result":"Ratelimit exceed","code":429}'), "error_429"),
    "500": (replying(500, b'{"ok":false,"error":"LITE_SERVER_NOTREADY","code":500}'), "http_500"),
    "500 behind a 200": (replying(200, b'{"ok":false,"error":"timeout","code":500}'), "error_500"),
    "a gateway's page": (replying(502, b"<html>Bad gateway</html>"), "http_502"),
    "hanging up": (hanging_up, "connection"),
    "half an answer": (cutting_short, "connection"),
    "not HTTP": (talking_nonsense, "connection"),
}

HOPELESS: dict[str, tuple[Mishap, str]] = {
    "wrong key": (replying(401, b'{"ok":false,"result":"API key does not exist","code":401}'), "http_401"),
    "wrong key behind a 200": (replying(200, b'{"ok":false,"code":401}'), "error_401"),
    "unknown method": (replying(422, b'{"ok":false,"error":"Unknown method","code":422}'), "http_422"),
    "a redirect": (replying(302, b"", Location="http://127.0.0.1:1/"), "http_302"),
    "no content": (replying(204, b""), "http_204"),
    "a page": (replying(200, b"<html>Hello</html>"), "not_json"),
    "nothing": (replying(200, b""), "not_json"),
    "not UTF-8": (replying(200, b'{"ok": "\xff"}'), "not_json"),
    "a hundred thousand brackets": (replying(200, b"[" * 100_000), "not_json"),
    "a list": (replying(200, b"[]"), "not_an_object"),
    "a number": (replying(200, b"7"), "not_an_object"),
    "an empty object": (replying(200, b"{}"), "not_ok"),
}


@pytest.mark.parametrize(("mishap", "reason"), FAILING.values(), ids=FAILING.keys())
def test_a_passing_fault_is_tried_again_and_a_lasting_one_reported(
    connect: Connect, proxy: DistortingProxy, outcomes: list[str], mishap: Mishap, reason: str
) -> None:
    adapter = connect()
    proxy.mishaps.append(mishap)
    assert adapter.vault_snapshot(SOMEONE).last_seqno == 0
    assert outcomes == [reason, "ok", "ok", "ok"]
    proxy.mishaps.extend([mishap] * 5)
    assert reason_of(lambda: adapter.vault_snapshot(SOMEONE)) == reason
    assert outcomes[4:] == [reason] * QUICK.attempts


@pytest.mark.parametrize(("mishap", "reason"), FAILING.values(), ids=FAILING.keys())
def test_a_trace_shows_every_attempt_and_whether_it_failed_or_was_throttled(
    connect: Connect,
    proxy: DistortingProxy,
    xray: XrayDaemon,
    monkeypatch: pytest.MonkeyPatch,
    mishap: Mishap,
    reason: str,
) -> None:
    adapter = connect()
    xray.trace_invocations(monkeypatch)
    proxy.mishaps.append(mishap)
    adapter.vault_snapshot(SOMEONE)
    flags = "error throttle" if reason.endswith("429") else "fault"
    assert traced_outcomes(xray.subsegments()) == [("TON", flags), *[("TON", "")] * 3]
    assert b"key" not in b"".join(xray.datagrams)


@pytest.mark.parametrize(("mishap", "reason"), HOPELESS.values(), ids=HOPELESS.keys())
def test_a_hopeless_answer_is_not_asked_for_again(
    connect: Connect, proxy: DistortingProxy, outcomes: list[str], mishap: Mishap, reason: str
) -> None:
    adapter = connect()
    proxy.mishaps.append(mishap)
    assert reason_of(lambda: adapter.vault_snapshot(SOMEONE)) == reason
    assert outcomes == [reason]


@pytest.mark.parametrize("kind", [hanging, trickling])
def test_an_answer_that_never_ends_is_given_up_in_time(
    connect: Connect,
    proxy: DistortingProxy,
    outcomes: list[str],
    stop: threading.Event,
    kind: Callable[[threading.Event], Mishap],
) -> None:
    adapter = connect()
    proxy.mishaps.extend([kind(stop)] * 10)
    started = time.monotonic()
    assert reason_of(lambda: adapter.vault_snapshot(SOMEONE)) == "timeout"
    assert time.monotonic() - started < QUICK.operation_s + 5
    assert outcomes == ["timeout"] * QUICK.attempts


def test_a_slow_provider_cannot_stretch_a_whole_operation(connect: Connect, proxy: DistortingProxy) -> None:
    def change(method: str, document: Document) -> None:
        time.sleep(0.25)

    adapter = connect()
    proxy.change = change
    started = time.monotonic()
    assert reason_of(adapter.vault_account) == "timeout"
    assert time.monotonic() - started < QUICK.operation_s + 5


def test_the_usual_limits_turn_a_hang_into_an_answer_within_three_seconds() -> None:
    assert ProviderLimits().operation_s < 3


def test_an_answer_too_large_to_be_one_is_dropped(
    connect: Connect, proxy: DistortingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.adapters.toncenter.MAX_ANSWER_BYTES", 1000)
    adapter = connect()
    proxy.mishaps.extend([replying(200, b" " * 1001)] * QUICK.attempts)
    assert reason_of(lambda: adapter.vault_snapshot(SOMEONE)) == "connection"


def test_a_stopped_provider_is_unavailable(connect: Connect, proxy: DistortingProxy) -> None:
    other = DistortingProxy(proxy.url)
    other.stop()
    assert reason_of(lambda: connect(url=other.url).vault_snapshot(SOMEONE)) == "connection"


def test_the_key_goes_along_and_a_wrong_one_is_refused(connect: Connect) -> None:
    assert reason_of(lambda: connect(api_key="fake-other-key").network_id()) == "http_401"
    assert reason_of(lambda: connect(api_key=None).network_id()) == "http_401"


def test_questions_share_one_connection(connect: Connect, proxy: DistortingProxy) -> None:
    adapter = connect()
    adapter.vault_account()
    adapter.vault_snapshot(SOMEONE)
    assert len(proxy.methods) > 10
    assert proxy.connections == 1


@pytest.mark.parametrize("framing", [in_chunks, until_closed])
def test_an_answer_in_any_framing_of_http_is_read(
    connect: Connect, proxy: DistortingProxy, outcomes: list[str], framing: Mishap
) -> None:
    adapter = connect()
    proxy.mishaps.append(framing)
    assert reason_of(adapter.network_id) == "no_last"
    assert outcomes == ["ok", "no_last"]
    assert adapter.network_id() == -239


def test_a_connection_closed_while_idle_costs_nothing(
    connect: Connect, proxy: DistortingProxy, outcomes: list[str]
) -> None:
    adapter = connect()
    adapter.vault_snapshot(SOMEONE)
    outcomes.clear()
    proxy.mishaps.append(hanging_up)
    assert adapter.network_id() == -239
    assert outcomes == ["ok", "ok"]
    assert proxy.connections == 2


def test_a_connection_idle_for_long_is_not_used_again(
    connect: Connect, proxy: DistortingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing_http, "IDLE_S", 0.0)
    connect().vault_snapshot(SOMEONE)
    assert proxy.connections == 3
