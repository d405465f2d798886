"""The drill: alarms are judged as CloudWatch judges them, and fire for their fault on a real stack."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from infra.local.stack import Stack, running_stack
from infra.ops.drill.alarms import Alarm, read_alarms
from infra.ops.drill.command import QUEUED, drill_stack
from infra.ops.drill.emissions import LogReader, Series
from infra.ops.drill.faults import FAULTS

PROJECT = Path(__file__).parents[2]
ALARMS = read_alarms(PROJECT / "infra/aws", service="arena", stage="dev")
SERIES = Series("Arena", "Faults", (("service", "arena-dev"),))
# Those that take seconds each run only in full: a database without an answer, and floods.
QUICK = {
    "the database is slow",
    *("the schedule rests", "a production rule is broken", "somebody else asks the signer"),
    *("the key service is gone", "a TON provider fails", "a claim stays open", "the vault is emptied"),
    *(
        "the chain knows a later seqno",
        "players lag behind their rows",
        "a budget leaks",
        "a balance is forged",
    ),
}


def _alarm(**changes: object) -> Alarm:
    fields: dict[str, object] = {
        "name": "Faults",
        "series": SERIES,
        "statistic": "Sum",
        "comparison": "GreaterThanThreshold",
        "threshold": 2.0,
        "periods": 3,
        "datapoints": 2,
        "missing": "notBreaching",
    }
    return Alarm(**{**fields, **changes})  # type: ignore[arg-type]  # the fields above, changed by name


@pytest.mark.parametrize(
    ("changes", "periods", "fires"),
    [
        ({}, [[1, 2], [3], []], True),
        ({}, [[1, 2], [2], []], False),
        ({}, [[3], [3], [0], [0]], False),
        ({"missing": "breaching"}, [[], [0], []], True),
        ({"comparison": "GreaterThanOrEqualToThreshold"}, [[2], [2], []], True),
        ({"comparison": "LessThanThreshold"}, [[1], [1], [5]], True),
        ({"statistic": "Average", "threshold": 50.0}, [[100, 0, 100], [0, 100, 100], []], True),
        ({"statistic": "Maximum"}, [[0, 3], [3, 0], []], True),
        ({"statistic": "p99"}, [[1.0] * 98 + [9.0, 9.0], [9.0], []], True),
        ({"statistic": "p99"}, [[1.0] * 99 + [9.0], [9.0], []], False),
    ],
)
def test_an_alarm_fires_on_enough_breaching_periods_of_its_last(
    changes: dict[str, object], periods: list[list[float]], fires: bool
) -> None:
    measured = [{SERIES: values} if values else {} for values in periods]
    assert _alarm(**changes).fires(measured) is fires


def test_every_alarm_of_the_template_has_a_fault_that_must_set_it_off() -> None:
    assert {name for fault in FAULTS for name in fault.fires} == {alarm.name for alarm in ALARMS}


def test_a_log_is_read_once_and_only_by_complete_lines(tmp_path: Path) -> None:
    directive = {"Namespace": "Arena", "Dimensions": [["service"]], "Metrics": [{"Name": "Faults"}]}
    line = json.dumps(
        {"_aws": {"Timestamp": 1, "CloudWatchMetrics": [directive]}, "service": "arena-dev", "Faults": [2.0]}
    )
    log, reader = tmp_path / "battle.log", LogReader(tmp_path)
    log.write_text(f'{{"level":"INFO"}}\nstamped {line}\n{line[:40]}')
    assert reader.measured() == {SERIES: [2.0]}
    log.write_text(f'{{"level":"INFO"}}\nstamped {line}\n{line}\n')
    assert reader.measured() == {SERIES: [2.0]}
    assert reader.measured() == {}


def test_each_alarm_fires_for_its_fault_and_none_in_quiet_minutes(tmp_path: Path) -> None:
    is_full = os.environ.get("ARENA_TEST_FULL") == "1"  # noqa: TID251 - the test run's own switch
    faults = [fault for fault in FAULTS if is_full or fault.name in QUICK]
    assert is_full or len(faults) == len(QUICK)
    with running_stack(Stack(tmp_path, schedule_every_s=0, max_workers=1, max_queued=QUEUED)) as stack:
        findings = drill_stack(stack, faults, tell=lambda _: None)
    assert [finding for finding in findings if not finding.is_right] == []
