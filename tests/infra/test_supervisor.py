"""Parts are started, named when they fail, and never left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from infra.local.leftovers import StackRunning
from infra.local.process import Part, PartFailed, PartPlan
from infra.local.supervisor import PartCommand, Supervisor

FAKE = Path(__file__).parent / "fake_part.py"
PROJECT = Path(__file__).parents[2]


def _command(behaviour: str, name: str | None = None) -> PartCommand:
    return PartCommand(name or behaviour, (sys.executable, str(FAKE), behaviour))


def _plan(behaviour: str, logs: Path, ready_within_s: float = 5.0) -> PartPlan:
    command = (sys.executable, str(FAKE), behaviour, "--port", "0")
    return PartPlan(behaviour, command, {}, PROJECT, logs / f"{behaviour}.log", ready_within_s)


def _members(group: int) -> list[int]:
    """Living processes of a process group, by /proc."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    running = Supervisor(tmp_path / "data")
    yield running
    running.stop()


def test_parts_start_together_on_ports_of_their_own_and_stop_without_a_trace(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path / "data")
    urls = supervisor.start([_command("fine", "one"), _command("fine", "two")])
    groups = [supervisor.part(name).pid for name in ("one", "two")]
    assert urls["one"] != urls["two"]
    assert all(_members(group) for group in groups)
    supervisor.stop()
    assert [_members(group) for group in groups] == [[], []]
    assert not (tmp_path / "data" / "processes.json").exists()


def test_a_part_that_crashes_at_start_is_named_with_its_last_words(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    with pytest.raises(PartFailed) as caught:
        supervisor.start([_command("fine"), _command("crashes")])
    assert str(caught.value).startswith("crashes ended with exit code 3 before it was ready")
    assert "the disk is on fire" in str(caught.value)


@pytest.mark.parametrize(
    ("behaviour", "reason"), [("silent", "was not ready within 0 s"), ("odd", "said 'hello'")]
)
def test_a_part_that_is_not_ready_in_time_is_stopped_and_named(
    tmp_path: Path, behaviour: str, reason: str
) -> None:
    part = Part(_plan(behaviour, tmp_path, ready_within_s=0.4))
    with pytest.raises(PartFailed, match=reason):
        part.wait_ready()
    assert _members(part.pid) == []


def test_a_command_that_does_not_exist_is_named(supervisor: Supervisor) -> None:
    with pytest.raises(
        PartFailed, match="nowhere could not be started: No such file or directory: /no/such/thing"
    ):
        supervisor.start([PartCommand("nowhere", ("/no/such/thing",))])


def test_a_part_that_dies_later_is_noticed_by_name(supervisor: Supervisor) -> None:
    supervisor.start([_command("fine")])
    supervisor.check()
    os.kill(supervisor.part("fine").pid, signal.SIGKILL)
    time.sleep(0.2)
    with pytest.raises(PartFailed, match="fine ended with exit code -9"):
        supervisor.check()


def test_a_part_that_ignores_the_request_to_stop_is_killed(tmp_path: Path) -> None:
    part = Part(_plan("stubborn", tmp_path))
    part.wait_ready()
    began_s = time.monotonic()
    part.stop()
    assert 2.5 < time.monotonic() - began_s < 30
    assert _members(part.pid) == []


@pytest.mark.parametrize("way", ["stop", "kill"])
def test_what_a_part_has_started_ends_with_it(tmp_path: Path, way: str) -> None:
    part = Part(_plan("parent", tmp_path))
    part.wait_ready()
    assert len(_members(part.pid)) == 2
    getattr(part, way)()
    assert _members(part.pid) == []


def test_a_killed_part_comes_back_on_its_port(supervisor: Supervisor) -> None:
    [url] = supervisor.start([_command("fine")])["fine"]
    supervisor.part("fine").kill()
    assert supervisor.restart("fine") == (url,)
    assert urlsplit(url).port


def test_a_paused_part_can_still_be_stopped(tmp_path: Path) -> None:
    part = Part(_plan("fine", tmp_path))
    part.wait_ready()
    part.pause()
    began_s = time.monotonic()
    part.stop()
    assert time.monotonic() - began_s < 20
    assert _members(part.pid) == []


def test_a_second_supervisor_of_one_directory_is_told_who_has_it(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    with pytest.raises(StackRunning, match=rf"process {os.getpid()}\)"):
        Supervisor(tmp_path / "data")


def _abandon(data_dir: Path) -> int:
    """Start a part under a supervisor that is killed at once; gives the part's process id.

    A quiet part: one that still speaks when its listener is killed would end by that alone.
    """
    program = (
        "import sys, os, signal; from pathlib import Path\n"
        "from infra.local.supervisor import Supervisor, PartCommand\n"
        f"s = Supervisor(Path({str(data_dir)!r}))\n"
        f"s.start([PartCommand('fine', (sys.executable, {str(FAKE)!r}, 'quiet'))])\n"
        "print(s.part('fine').pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL
    return int(done.stdout)


def test_what_a_killed_supervisor_left_is_ended_by_the_next_one(tmp_path: Path) -> None:
    pid = _abandon(tmp_path)
    assert _members(pid) == [pid]
    supervisor = Supervisor(tmp_path)
    supervisor.stop()
    assert supervisor.ended_leftovers == ["fine"]
    assert _members(pid) == []


@pytest.mark.parametrize("field", ["command", "started_ticks"])
def test_a_process_that_only_has_the_recorded_id_is_left_alone(tmp_path: Path, field: str) -> None:
    pid = _abandon(tmp_path)
    record = json.loads((tmp_path / "processes.json").read_text())
    record[0][field] += "1"
    (tmp_path / "processes.json").write_text(json.dumps(record))
    supervisor = Supervisor(tmp_path)
    supervisor.stop()
    assert supervisor.ended_leftovers == []
    assert _members(pid) == [pid]
    os.killpg(pid, signal.SIGKILL)
