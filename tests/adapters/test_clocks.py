"""The two clocks, and the file that moves one of them."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from infra.local.clock import read_offset_ms, stack_now_ms, write_offset_ms
from shared.adapters.system_clock import FileOffsetClock, SystemClock
from shared.domain.errors import InvariantBroken


def _machine_ms() -> int:
    return time.time_ns() // 1_000_000


def test_the_system_clock_is_the_machines_time() -> None:
    assert abs(SystemClock().now_ms() - _machine_ms()) < 1000


@pytest.mark.parametrize("offset_ms", [0, 86_400_000, -5_000])
def test_the_files_offset_moves_functions_and_stack_alike(tmp_path: Path, offset_ms: int) -> None:
    write_offset_ms(tmp_path / "clock", offset_ms)
    for now_ms in (FileOffsetClock(tmp_path / "clock").now_ms(), stack_now_ms(tmp_path / "clock")):
        assert abs(now_ms - _machine_ms() - offset_ms) < 1000


@pytest.mark.parametrize("text", [None, "", "soon", "1.5"])
def test_a_clock_without_a_readable_offset_never_guesses(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "clock").write_text(text)
    with pytest.raises(InvariantBroken):
        FileOffsetClock(tmp_path / "clock").now_ms()


def test_a_reader_never_sees_a_torn_offset(tmp_path: Path) -> None:
    path = tmp_path / "clock"
    write_offset_ms(path, 0)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            write_offset_ms(path, 0)
            write_offset_ms(path, 1_000_000_000_000)

    writer = threading.Thread(target=write)
    writer.start()
    seen = {read_offset_ms(path) for _ in range(2000)}
    stop.set()
    writer.join()
    assert seen <= {0, 1_000_000_000_000}
