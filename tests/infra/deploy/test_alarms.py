"""Alarms against what is really emitted: same names, same dimensions, somebody told, and a page to read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from functions.edge.settle_metrics import measure_run
from functions.edge.signer_metrics import measure_decision
from infra.local.serverless_file import load_yaml
from shared.config.declarations import FUNCTIONS
from shared.domain.metrics_catalogue import CATALOGUE
from tests.functions.emitted import metrics_in, of_service

PROJECT = Path(__file__).parents[3]
ALARMS: dict[str, Any] = {
    name: resource["Properties"]
    for file in ("alarms.yml", "platform_alarms.yml")
    for name, resource in load_yaml(PROJECT / "infra/aws" / file)["Resources"].items()
    if resource["Type"] == "AWS::CloudWatch::Alarm"
}
OURS = {name: alarm for name, alarm in ALARMS.items() if alarm["Namespace"] == "Arena"}
SECTIONS = set(re.findall(r"^## (.+)$", (PROJECT / "docs/alarms.md").read_text(), re.MULTILINE))
SILENCE_IS_A_FAULT = {"ReadinessFailedAlarm", "SettleSilentAlarm"}
# Emitted by one function or route each; captured in tests/functions/test_metrics.py and by the drill.
BY_REQUESTS = {
    *("ServerErrorPercent", "RequestDuration", "NotReady", "ReadinessFailed", "BattleErrorPercent"),
    *("RateLimited", "DatabaseUnavailable", "LimiterFallback", "AdminLockouts"),
}


@pytest.fixture
def emitted_by_private_functions(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    measure_run(tallies={}, failures={}, reports=[], providers={}, duration_s=1)
    measure_decision("ok", {"state": "signed", "rule": "all"})
    return of_service(metrics_in(capsys.readouterr().out.splitlines()))


def test_every_watched_metric_is_one_that_is_emitted_each_time(
    emitted_by_private_functions: dict[str, float],
) -> None:
    watched = {alarm["MetricName"] for alarm in OURS.values()}
    assert watched - BY_REQUESTS <= emitted_by_private_functions.keys()
    assert watched <= {metric.name for metric in CATALOGUE if not metric.split_by}


@pytest.mark.parametrize("name", OURS)
def test_an_alarm_names_the_one_dimension_that_is_emitted(name: str) -> None:
    assert OURS[name]["Dimensions"] == [{"Name": "service", "Value": "${self:service}-${sls:stage}"}]


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_tells_the_topic_that_it_fires_and_that_it_ends(name: str) -> None:
    assert ALARMS[name]["AlarmActions"] == ALARMS[name]["OKActions"] == [{"!Ref": "AlarmTopic"}]


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_says_how_urgent_it_is_and_links_to_its_page(name: str) -> None:
    description = ALARMS[name]["AlarmDescription"]
    found = re.fullmatch(r"\[(page|ticket)\] .+\. \$\{param:runbook\}#([a-z-]+)", description)
    assert found is not None
    assert found[2] in SECTIONS
    assert found[2] in ALARMS[name]["AlarmName"]


@pytest.mark.parametrize("name", ALARMS)
def test_missing_data_is_treated_on_purpose(name: str) -> None:
    expected = "breaching" if name in SILENCE_IS_A_FAULT else "notBreaching"
    assert ALARMS[name]["TreatMissingData"] == expected


def test_no_resource_is_declared_in_two_files() -> None:
    names = [
        name
        for path in (PROJECT / "infra/aws").glob("*.yml")
        for name in load_yaml(path).get("Resources", ())
    ]
    assert sorted(names) == sorted(set(names))


def test_every_section_of_the_page_is_about_an_alarm() -> None:
    texts = [alarm["AlarmDescription"] for alarm in ALARMS.values()]
    rule = load_yaml(PROJECT / "infra/aws/key_changes.yml")["Resources"]["ClaimKeyChanged"]
    texts.append(rule["Properties"]["Description"])
    assert {text.rpartition("#")[2] for text in texts} == SECTIONS


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_the_platforms_count_of_every_function_is_watched(function: str, metric: str) -> None:
    alarm = ALARMS[f"{function.capitalize()}{metric}Alarm"]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", metric)
    assert alarm["Dimensions"] == [
        {"Name": "FunctionName", "Value": "${self:service}-${sls:stage}-" + function}
    ]


def test_a_change_of_the_claim_key_is_told() -> None:
    resources = load_yaml(PROJECT / "infra/aws/key_changes.yml")["Resources"]
    detail = resources["ClaimKeyChanged"]["Properties"]["EventPattern"]["detail"]
    assert {"PutKeyPolicy", "CreateGrant", "DisableKey", "ScheduleKeyDeletion"} <= set(detail["eventName"])
    assert resources["ClaimKeyChanged"]["Properties"]["Targets"] == [
        {"Id": "alarms", "Arn": {"!Ref": "AlarmTopic"}}
    ]


def test_the_dashboard_shows_only_metrics_and_alarms_that_exist() -> None:
    text = str(load_yaml(PROJECT / "infra/aws/dashboard.yml"))
    shown = set(re.findall(r'\["(?:Arena|\.)", "(\w+)"', text))
    assert shown
    assert shown <= {metric.name for metric in CATALOGUE}
    assert set(re.findall(r"\$\{(\w+)\.Arn\}", text)) <= ALARMS.keys()
