"""The gateway's own life: its schedules, its port, and that no worker outlives it."""

from __future__ import annotations

import signal
import socket
import time
from pathlib import Path

import pytest

from tests.infra.running_gateway import is_alive, start_gateway, stop_gateway, until


def test_a_schedule_invokes_its_function_on_the_stacks_time(tmp_path: Path) -> None:
    gateway = start_gateway(tmp_path / "g", "--schedule-every-s", "0.2", "--functions", "private")
    try:
        assert until((gateway.data / "note").exists, 5)
    finally:
        stop_gateway(gateway)


def test_schedules_can_be_switched_off(tmp_path: Path) -> None:
    gateway = start_gateway(tmp_path / "g", "--schedule-every-s", "0", "--functions", "private")
    try:
        time.sleep(0.6)
        assert not (gateway.data / "note").exists()
    finally:
        stop_gateway(gateway)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_worker_outlives_its_gateway(tmp_path: Path, number: signal.Signals) -> None:
    gateway = start_gateway(tmp_path / "g", "--functions", "echo,private")
    pids = gateway.pids("echo") + gateway.pids("private")
    assert all(is_alive(pid) for pid in pids)
    gateway.process.send_signal(number)
    gateway.process.wait(5)
    assert until(lambda: not any(is_alive(pid) for pid in pids), 5)
    stop_gateway(gateway)


def test_a_preferred_port_that_is_taken_is_no_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        gateway = start_gateway(tmp_path / "g", "--port", str(port), "--functions", "echo")
        try:
            assert not gateway.public.endswith(f":{port}")
            assert gateway.call("GET", "/things")[0] == 201
        finally:
            stop_gateway(gateway)
