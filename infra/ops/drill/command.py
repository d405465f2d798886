"""`./arena drill`: quiet minutes first, then every fault in turn, and which alarms fired."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.local.process import PartFailed
from infra.local.stack import DEFAULT_DATA_DIR, Stack, running_stack
from infra.local.supervisor import PROJECT
from infra.ops.drill.alarms import LOOKED_FURTHER_BACK, Alarm, read_alarms
from infra.ops.drill.emissions import LogReader, Measured
from infra.ops.drill.faults import FAULTS, Fault
from infra.ops.drill.listeners import RULE, Listener, read_listeners, rule_series
from infra.ops.drill.site import Site

QUIET_MINUTES: Final = 3
QUEUED: Final = 3
"""So few waiting events count as throttling here: a machine without concurrency limits must show one."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault (or the quiet run, without expectations), and the alarms that fired."""

    fault: str
    expected: tuple[str, ...]
    fired: tuple[str, ...]
    seconds: float

    @property
    def is_right(self) -> bool:
        return set(self.expected) <= set(self.fired) if self.expected else not self.fired


class Drill:
    """Plays faults on one site; what is emitted during one round is one period of every alarm.

    Time is compressed so: an alarm's three minutes are three rounds, however long those take.
    """

    def __init__(self, site: Site, alarms: Sequence[Alarm], listeners: Sequence[Listener]) -> None:
        self._site = site
        self._alarms = alarms
        self._before: list[Measured] = []
        self._reader = LogReader(
            site.stack.data_dir / "logs",
            hear=lambda document: filter(None, (listener.series(document) for listener in listeners)),
        )

    def quiet(self) -> Finding:
        """Minutes without a fault, the hour's audit among them; nothing may fire in any of them.

        They are also what every fault is judged after: an alarm looks back upon good periods.
        """
        self._reader.measured()
        began_s = time.monotonic()
        site = self._site
        rounds = [site.quiet_minute] * QUIET_MINUTES + [site.quiet_minute_an_hour_later, site.quiet_minute]
        played = self._played(rounds)
        self._before = [played[0]] * max(
            alarm.periods + LOOKED_FURTHER_BACK for alarm in self._alarms
        ) + played
        ends = range(len(self._before) - len(played), len(self._before))
        fired = {
            alarm.name: None for end in ends for alarm in self._alarms if alarm.fires(self._before[: end + 1])
        }
        return Finding("quiet minutes and an audit", (), tuple(fired), time.monotonic() - began_s)

    def play(self, fault: Fault) -> Finding:
        """Begin the fault, play its periods, mend it."""
        self._site.sign_in()
        fault.begin(self._site)
        self._reader.measured()
        try:
            began_s = time.monotonic()
            played = self._played([lambda: fault.minute(self._site)] * fault.periods)
            fired = tuple(alarm.name for alarm in self._alarms if alarm.fires([*self._before, *played]))
            return Finding(fault.name, fault.fires, fired, time.monotonic() - began_s)
        finally:
            fault.end(self._site)

    def _played(self, rounds: Sequence[Callable[[], None]]) -> list[Measured]:
        periods: list[Measured] = []
        for play in rounds:
            play()
            periods.append(self._reader.measured())
        return periods


def run_drill(*, as_json: bool, faults: Sequence[Fault] = FAULTS) -> int:
    """0 if each alarm fired for its fault and none in the quiet minutes."""
    DEFAULT_DATA_DIR.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="drill-", dir=DEFAULT_DATA_DIR) as folder:
        stack = Stack(Path(folder), schedule_every_s=0, max_workers=1, max_queued=QUEUED)
        try:
            with running_stack(stack, progress=lambda line: print(line, file=sys.stderr, flush=True)):
                findings = drill_stack(stack, faults, tell=lambda finding: _tell(finding, as_json=as_json))
        except PartFailed as failure:
            print(f"arena: {failure}", file=sys.stderr)
            return 1
    wrong = [finding.fault for finding in findings if not finding.is_right]
    silent = {alarm.name for alarm in _alarms(stack)} - {name for each in findings for name in each.fired}
    _end(wrong, sorted(silent), as_json=as_json)
    return 1 if wrong or silent else 0


def drill_stack(stack: Stack, faults: Sequence[Fault], *, tell: Callable[[Finding], None]) -> list[Finding]:
    """The quiet minutes and the faults on a running stack."""
    site = Site(stack)
    findings = []
    try:
        site.prepare()
        names = {"service": stack.service.name, "stage": stack.service.stage}
        drill = Drill(site, _alarms(stack), read_listeners(PROJECT / "infra/aws", **names))
        findings.append(drill.quiet())
        tell(findings[-1])
        for fault in faults:
            findings.append(drill.play(fault))
            tell(findings[-1])
    finally:
        site.close()
    return findings


def _alarms(stack: Stack) -> list[Alarm]:
    service, stage = stack.service.name, stack.service.stage
    alarms = read_alarms(PROJECT / "infra/aws", service=service, stage=stage)
    return [*alarms, rule_alarm(f"{service}-{stage}-claim-key-changed")]


def rule_alarm(rule_name: str) -> Alarm:
    """A rule tells its topic at the first event that matches, which is an alarm on their count."""
    series = rule_series(rule_name)
    return Alarm(RULE, series, "Sum", "GreaterThanOrEqualToThreshold", 1, 1, 1, "notBreaching")


def _tell(finding: Finding, *, as_json: bool) -> None:
    also = [name for name in finding.fired if name not in finding.expected]
    if as_json:
        document = {
            "fault": finding.fault,
            "expected": finding.expected,
            "also": also,
            "ok": finding.is_right,
        }
        print(json.dumps(document), flush=True)
        return
    expected = [f"{name}{'' if name in finding.fired else ' DID NOT FIRE'}" for name in finding.expected]
    text = ", ".join(expected) or ("nothing fired" if not finding.fired else "FIRED WITHOUT A FAULT")
    more = f"  (also {', '.join(also)})" if also else ""
    mark = "ok" if finding.is_right else "FAILED"
    print(f"{mark:<7}{finding.seconds:5.1f} s  {finding.fault:<42} {text}{more}", flush=True)


def _end(wrong: Sequence[str], silent: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"ok": not wrong and not silent, "wrong": wrong, "neverFired": silent}))
    elif wrong or silent:
        print(f"\nFAILED: {', '.join(wrong) or '-'}; alarms that never fired: {', '.join(silent) or '-'}")
    else:
        print("\nEvery alarm fired for its fault, and none without one.")
