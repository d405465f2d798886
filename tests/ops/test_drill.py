"""The drill: alarms are judged as CloudWatch judges them, and fire for their fault on a real stack."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.local.serverless_file import load_yaml
from infra.local.stack import Stack, running_stack
from infra.ops.drill.alarms import Alarm, read_alarms
from infra.ops.drill.command import QUEUED, Drill, drill_stack
from infra.ops.drill.emissions import LogReader, Series
from infra.ops.drill.faults import FAULTS
from infra.ops.drill.listeners import RULE, matches, read_listeners, rule_series

PROJECT = Path(__file__).parents[2]
ALARMS = read_alarms(PROJECT / "infra/aws", service="arena", stage="dev")
SERIES = Series("Arena", "Faults", (("service", "arena-dev"),))
# Those that take seconds each run only in full: a database without an answer, and floods.
QUICK = {
    *("the schedule rests", "a production rule is broken", "somebody else asks the signer"),
    *("the key service is gone", "a TON provider fails", "a claim stays open", "the vault is emptied"),
    *(
        "the chain knows a later seqno",
        "players lag behind their rows",
        "a budget leaks",
        "a balance is forged",
    ),
    *("the vault has somebody else's key", "somebody guesses a password", "the gateway's limit is passed"),
    *("the claim key's policy is changed", "a rotated claim key's policy is changed"),
    "a TON provider fails the claim function alone",
}
PATTERN = load_yaml(PROJECT / "infra/aws/key_changes.yml")["Resources"]["ClaimKeyChanged"]["Properties"][
    "EventPattern"
]


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


@pytest.mark.parametrize("name", [alarm.name for alarm in ALARMS if alarm.missing == "breaching"])
def test_silence_after_good_minutes_is_told_within_five(name: str) -> None:
    [alarm] = [alarm for alarm in ALARMS if alarm.name == name]
    good = {alarm.series: [0.0 if alarm.name == "ReadinessFailed" else 1.0]}
    silent = next(count for count in range(100) if alarm.fires([good] * 20 + [{}] * count))
    assert 60 < silent * alarm.period_s <= 300


def test_real_data_counts_before_missing_data_and_from_further_back() -> None:
    alarm = _alarm(
        missing="breaching", comparison="LessThanThreshold", threshold=1.0, periods=1, datapoints=1
    )
    good = {SERIES: [1.0]}
    assert [alarm.fires([good, good, *[{}] * silent]) for silent in range(4)] == [False, False, False, True]


def test_a_percentile_of_few_samples_judges_nothing_where_the_alarm_says_so() -> None:
    alarm = _alarm(statistic="p99", few_samples="ignore", periods=1, datapoints=1)
    assert not alarm.fires([{SERIES: [9.0] * 999}])
    assert alarm.fires([{SERIES: [9.0] * 1000}])


def _key_event(name: str, **identity: str) -> dict[str, Any]:
    """CloudTrail's example of PutKeyPolicy in the KMS developer guide, as EventBridge delivers it."""
    detail = {
        "eventVersion": "1.08",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/Alice", **identity},
        "eventSource": "kms.amazonaws.com",
        "eventName": name,
        "requestParameters": {"keyId": "1234abcd-12ab-34cd-56ef-1234567890ab", "policyName": "default"},
        "readOnly": False,
        "resources": [
            {
                "accountId": "111122223333",
                "type": "AWS::KMS::Key",
                "ARN": "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            }
        ],
    }
    return {"source": "aws.kms", "detail-type": "AWS API Call via CloudTrail", "detail": detail}


@pytest.mark.parametrize(
    "name",
    [
        *("PutKeyPolicy", "CreateGrant", "DisableKey", "EnableKey", "ScheduleKeyDeletion"),
        *("CancelKeyDeletion", "UpdateAlias", "DeleteAlias"),
    ],
)
def test_a_change_of_any_key_is_heard_because_a_rotated_one_is_in_no_template(name: str) -> None:
    assert matches(PATTERN, _key_event(name))


@pytest.mark.parametrize(
    "event",
    [
        _key_event("DescribeKey"),
        _key_event("CreateGrant", invokedBy="ebs.amazonaws.com"),
        {**_key_event("PutKeyPolicy"), "source": "aws.s3"},
    ],
)
def test_what_changes_no_key_of_ours_is_not_heard(event: dict[str, Any]) -> None:
    assert not matches(PATTERN, event)


def test_an_operator_that_is_not_known_is_refused_and_never_skipped() -> None:
    with pytest.raises(ValueError, match="prefix"):
        matches({"source": [{"prefix": "aws."}]}, {"source": "aws.kms"})


def test_what_is_heard_counts_where_cloudwatch_would_count_it(tmp_path: Path) -> None:
    listeners = read_listeners(PROJECT / "infra/aws", service="arena", stage="dev")
    reader = LogReader(
        tmp_path, hear=lambda document: filter(None, (each.series(document) for each in listeners))
    )
    refused = {"service": "arena-dev", "status": "429", "integrationStatus": "-"}
    ours = {**refused, "integrationStatus": "200"}
    lines = [_key_event("PutKeyPolicy"), refused, ours, {"status": 429}]
    (tmp_path / "any.log").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    throttled = Series("ArenaGateway", "Throttled", (("service", "arena-dev"),))
    assert reader.measured() == {rule_series("arena-dev-claim-key-changed"): [1.0], throttled: [1.0]}
    assert throttled in {alarm.series for alarm in ALARMS}


@dataclass
class QuietSite:
    """A site whose minutes emit one metric each; the hourly audit's finds a violation if told to."""

    data_dir: Path
    violations: int

    @property
    def stack(self) -> QuietSite:
        return self

    def quiet_minute(self) -> None:
        self._emit(0)

    def quiet_minute_an_hour_later(self) -> None:
        self._emit(self.violations)

    def _emit(self, violations: int) -> None:
        directive = {
            "Namespace": "Arena",
            "Dimensions": [["service"]],
            "Metrics": [{"Name": "LedgerViolations"}],
        }
        document = {
            "_aws": {"CloudWatchMetrics": [directive]},
            "service": "arena-dev",
            "LedgerViolations": violations,
        }
        with (self.data_dir / "logs/settle.log").open("a") as log:
            log.write(json.dumps(document) + "\n")


@pytest.mark.parametrize(("violations", "fired"), [(0, ()), (1, ("LedgerViolation",))])
def test_the_hourly_audit_is_one_of_the_quiet_minutes(
    tmp_path: Path, violations: int, fired: tuple[str, ...]
) -> None:
    (tmp_path / "logs").mkdir()
    [alarm] = [alarm for alarm in ALARMS if alarm.name == "LedgerViolation"]
    site: Any = QuietSite(tmp_path, violations)
    assert Drill(site, [alarm], ()).quiet().fired == fired


def test_every_alarm_of_the_template_has_a_fault_that_must_set_it_off() -> None:
    assert {name for fault in FAULTS for name in fault.fires} == {alarm.name for alarm in ALARMS} | {RULE}


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
