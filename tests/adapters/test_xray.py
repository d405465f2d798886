"""One datagram a call to X-Ray's daemon, and no trouble of any kind without one."""

from __future__ import annotations

import re
import time
from contextlib import suppress

import pytest

from shared.adapters import xray as xray_adapter
from shared.adapters.xray import FAULT, THROTTLED, Flags, a_fault, close_daemon_socket, recorded_trace, traced
from tests.xray_daemon import DATAGRAM_MAX, PARENT, ROOT, SAMPLED, XrayDaemon, outcomes, xray_daemon

UNTRACED = {
    "no header": "",
    "not sampled": f"Root={ROOT};Parent={PARENT};Sampled=0",
    "sampling undecided": f"Root={ROOT};Parent={PARENT};Sampled=?",
    "sampling not said": f"Root={ROOT};Parent={PARENT}",
    "no parent": f"Root={ROOT};Sampled=1",
    "no root": f"Parent={PARENT};Sampled=1",
    "a root of a client's own": f'Root=1-5759e988-","x":"{"a" * 20};Parent={PARENT};Sampled=1',
    "a root with a line's end": f"Root={ROOT}\n;Parent={PARENT};Sampled=1",
    "a long parent": f"Root={ROOT};Parent={PARENT}00;Sampled=1",
    "nonsense": "=;;==;Root",
}


def call(flags: Flags = a_fault, error: BaseException | None = None) -> None:
    """One traced call that ends well, or in `error`, which nobody else hears of."""
    with suppress(type(error) if error is not None else ()), traced("MongoDB", flags=flags):
        if error is not None:
            raise error


def test_a_subsegment_says_whose_it_is_whom_it_asked_and_when_and_nothing_else(
    xray: XrayDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    xray.trace_invocations(monkeypatch)
    before_s = time.time_ns() / 1e9
    with traced("MongoDB"):
        time.sleep(0.02)
    after_s = time.time_ns() / 1e9
    [subsegment] = xray.subsegments()
    times = subsegment.pop("start_time"), subsegment.pop("end_time")
    assert before_s <= times[0] <= times[1] - 0.02
    assert times[1] <= after_s + 0.001
    assert re.fullmatch("[0-9a-f]{16}", subsegment.pop("id"))
    assert subsegment == {
        "type": "subsegment",
        "name": "MongoDB",
        "namespace": "remote",
        "trace_id": ROOT,
        "parent_id": PARENT,
    }


def test_no_two_subsegments_share_an_id(xray: XrayDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    xray.trace_invocations(monkeypatch)
    for _ in range(50):
        call()
    assert len({each["id"] for each in xray.subsegments()}) == 50


@pytest.mark.parametrize(
    ("flags", "error", "raised"),
    [
        (a_fault, None, ""),
        (a_fault, OSError("secret"), "fault"),
        (lambda _: THROTTLED, OSError("secret"), "error throttle"),
        (lambda _: {}, OSError("an answer"), ""),
        (a_fault, GeneratorExit(), ""),
    ],
)
def test_an_error_raises_its_flag_and_passes_through_without_its_words(
    xray: XrayDaemon,
    monkeypatch: pytest.MonkeyPatch,
    flags: Flags,
    error: BaseException | None,
    raised: str,
) -> None:
    xray.trace_invocations(monkeypatch)
    call(flags, error)
    assert outcomes(xray.subsegments()) == [("MongoDB", raised)]
    assert b"secret" not in b"".join(xray.datagrams)


def test_an_error_reaches_the_caller_traced_or_not(xray: XrayDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    for is_traced in (False, True):
        if is_traced:
            xray.trace_invocations(monkeypatch)
        with pytest.raises(LookupError, match="mine"), traced("MongoDB"):
            raise LookupError("mine")


@pytest.mark.parametrize("header", UNTRACED.values(), ids=UNTRACED.keys())
def test_an_invocation_that_is_not_traced_sends_nothing(
    xray: XrayDaemon, monkeypatch: pytest.MonkeyPatch, header: str
) -> None:
    xray.trace_invocations(monkeypatch, header)
    call()
    call(error=OSError())
    assert xray.subsegments() == []
    assert recorded_trace() is None


@pytest.mark.parametrize("missing", ["AWS_XRAY_DAEMON_ADDRESS", "_X_AMZN_TRACE_ID"])
def test_a_process_that_lambda_does_not_trace_sends_nothing(
    xray: XrayDaemon, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    xray.trace_invocations(monkeypatch)
    monkeypatch.delenv(missing)
    call()
    assert xray.subsegments() == []


@pytest.mark.parametrize("header", ["", UNTRACED["not sampled"]], ids=["no header", "not sampled"])
def test_what_is_not_traced_costs_nothing_measurable(
    xray: XrayDaemon, monkeypatch: pytest.MonkeyPatch, header: str
) -> None:
    """A database command takes half a millisecond and more; the quietest of many rounds is what it costs."""
    xray.trace_invocations(monkeypatch, header)
    rounds_s = []
    for _ in range(50):
        started_s = time.perf_counter()
        for _ in range(100):
            with traced("MongoDB"):
                pass
        rounds_s.append(time.perf_counter() - started_s)
    assert min(rounds_s) / 100 < 20e-6
    assert traced("MongoDB") is traced("Upstash"), "nothing is made for a call that is not traced"


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1:1", "127.0.0.1:99999", "127.0.0.1", "127.0.0.1:x", ":", "tcp:127.0.0.1:2000", "[::1]:9"],
)
def test_a_daemon_that_is_not_there_changes_no_call(
    xray: XrayDaemon, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    xray.trace_invocations(monkeypatch)
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", address)
    for _ in range(3):  # a refusal of one datagram would be heard at the next
        call()
        with pytest.raises(LookupError):
            call_and_fail()
    xray.trace_invocations(monkeypatch)
    call()
    assert outcomes(xray.subsegments()) == [("MongoDB", "")], "and the next daemon hears again"


def call_and_fail() -> None:
    with traced("MongoDB"):
        raise LookupError


def test_a_daemon_that_reads_nothing_delays_nobody(xray: XrayDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    xray.trace_invocations(monkeypatch)
    started_s = time.monotonic()
    for _ in range(5_000):
        call()
    assert time.monotonic() - started_s < 5
    assert 0 < len(xray.subsegments()) < 5_000, "its queue was full, and what came then is lost"
    assert xray_adapter._daemon._socket.getblocking() is False, "nor does a full queue of our own"


def test_the_longest_subsegment_is_one_datagram(xray: XrayDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    xray.trace_invocations(monkeypatch)
    with suppress(OSError), traced("Secrets Manager", flags=lambda _: THROTTLED | FAULT):
        raise OSError
    xray.subsegments()
    assert max(map(len, xray.datagrams)) < 500 < DATAGRAM_MAX


def test_each_invocation_has_its_own_trace(xray: XrayDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    other = ROOT.replace("5759e988", "5759e989")
    for header in (SAMPLED, SAMPLED.replace(ROOT, other), UNTRACED["not sampled"], SAMPLED):
        xray.trace_invocations(monkeypatch, header)
        call()
    assert [each["trace_id"] for each in xray.subsegments()] == [ROOT, other, ROOT]


def test_after_the_socket_is_closed_the_next_call_makes_one(
    xray: XrayDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    xray.trace_invocations(monkeypatch)
    for _ in range(2):
        call()
        close_daemon_socket()
        close_daemon_socket()
    assert len(xray.subsegments()) == 2


def test_a_daemon_that_went_away_is_forgotten_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    with xray_daemon() as daemon:
        daemon.trace_invocations(monkeypatch)
        call()
        assert len(daemon.subsegments()) == 1
    for _ in range(3):
        call()
