"""Alarms against what is really emitted: same names, same dimensions, somebody told, and a page to read."""

from __future__ import annotations

import json
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
MISSING = {
    **dict.fromkeys(("ReadinessFailedAlarm", "SettleSilentAlarm"), "breaching"),
    # What a run knows of the vault is not said by one that could not look at it, and is not forgotten meanwhile.
    **dict.fromkeys(
        ("VaultStopsClaimsAlarm", "VaultShortAlarm", "VaultTonLowAlarm", "VaultNearlyFullAlarm"), "ignore"
    ),
}
TOPIC_OF_TAG = {"page": "PageTopic", "ticket": "TicketTopic"}
RULE: dict[str, Any] = load_yaml(PROJECT / "infra/aws/key_changes.yml")["Resources"]["ClaimKeyChanged"][
    "Properties"
]
WIDGETS: list[dict[str, Any]] = json.loads(
    load_yaml(PROJECT / "infra/aws/dashboard.yml")["Resources"]["Dashboard"]["Properties"]["DashboardBody"][
        "Fn::Sub"
    ][0]
)["widgets"]
# Emitted by one function or route each; captured in tests/functions/test_metrics.py and by the drill.
BY_REQUESTS = {
    *("ServerErrorPercent", "RequestDuration", "NotReady", "ReadinessFailed", "BattleErrorPercent"),
    *("RateLimited", "DatabaseUnavailable", "LimiterFallback", "LimiterDown", "AdminLockouts"),
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
def test_an_alarm_tells_the_topic_of_its_urgency_that_it_fires_and_that_it_ends(name: str) -> None:
    tag = ALARMS[name]["AlarmDescription"][1:].partition("]")[0]
    assert ALARMS[name]["AlarmActions"] == ALARMS[name]["OKActions"] == [{"!Ref": TOPIC_OF_TAG[tag]}]


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_says_how_urgent_it_is_and_links_to_its_page(name: str) -> None:
    description = ALARMS[name]["AlarmDescription"]
    found = re.fullmatch(r"\[(page|ticket)\] .+\. \$\{param:runbook\}#([a-z-]+)", description)
    assert found is not None
    assert found[2] in SECTIONS
    assert found[2] in ALARMS[name]["AlarmName"]


@pytest.mark.parametrize("name", ALARMS)
def test_missing_data_is_treated_on_purpose(name: str) -> None:
    assert ALARMS[name]["TreatMissingData"] == MISSING.get(name, "notBreaching")


def test_a_percentile_of_a_quiet_nights_requests_is_not_judged() -> None:
    percentiles = [alarm for alarm in ALARMS.values() if "ExtendedStatistic" in alarm]
    assert percentiles
    assert all(alarm["EvaluateLowSampleCountPercentile"] == "ignore" for alarm in percentiles)


def test_one_signature_that_the_key_store_did_not_give_is_enough() -> None:
    alarm = ALARMS["KmsErrorsAlarm"]
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (1, "GreaterThanOrEqualToThreshold")


def test_whatever_stops_claims_pages() -> None:
    for name in ("VaultStopsClaims", "VaultUnwatched", "SeqnoAnomaly", "UnknownOutflow", "LedgerViolation"):
        assert ALARMS[f"{name}Alarm"]["AlarmDescription"].startswith("[page]")


def test_no_address_is_in_a_template() -> None:
    texts = [path.read_text() for path in (PROJECT / "infra/aws").glob("*.yml")]
    texts.append((PROJECT / "serverless.yml").read_text())
    assert not [text for text in texts if "AWS::SNS::Subscription" in text or "alarmEmail" in text]


def test_no_resource_is_declared_in_two_files() -> None:
    names = [
        name
        for path in (PROJECT / "infra/aws").glob("*.yml")
        for name in load_yaml(path).get("Resources", ())
    ]
    assert sorted(names) == sorted(set(names))


def test_every_section_of_the_page_is_about_an_alarm() -> None:
    texts = [alarm["AlarmDescription"] for alarm in ALARMS.values()]
    texts.append(RULE["Description"])
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
    assert "resources" not in RULE["EventPattern"]["detail"]  # a rotation's key is in no template
    assert RULE["Targets"] == [{"Id": "page", "Arn": {"!Ref": "PageTopic"}}]


def test_both_topics_may_be_told_by_alarms_and_one_by_the_rule() -> None:
    policy = load_yaml(PROJECT / "infra/aws/key_changes.yml")["Resources"]["AlarmTopicPolicy"]["Properties"]
    topics = [{"!Ref": "PageTopic"}, {"!Ref": "TicketTopic"}]
    alarms, rule = policy["PolicyDocument"]["Statement"]
    assert policy["Topics"] == alarms["Resource"] == topics
    assert rule["Resource"] == topics[0]


def test_the_dashboard_shows_everything_that_wakes_somebody() -> None:
    [widget] = [widget for widget in WIDGETS if widget["type"] == "alarm"]
    shown = [re.fullmatch(r"\$\{(\w+)\.Arn\}", arn) for arn in widget["properties"]["alarms"]]
    pages = [name for name, alarm in ALARMS.items() if alarm["AlarmDescription"].startswith("[page]")]
    assert sorted(name[1] for name in shown if name) == sorted(pages)


def _shown_metrics() -> list[list[Any]]:
    """Every metric of the widgets with CloudWatch's shorthand written out: "." is the value above, "..." all of them."""
    found: list[list[Any]] = []
    for widget in WIDGETS:
        above: list[Any] = []
        for row in widget["properties"].get("metrics", ()):
            words = [word for word in row if isinstance(word, str)]
            if words[:1] == ["..."]:
                words = [*above[: len(above) - len(words) + 1], *words[1:]]
            above = [above[place] if word == "." else word for place, word in enumerate(words)]
            if above:
                found.append(above)
    return found


def test_a_metric_on_the_dashboard_has_the_dimensions_that_are_emitted() -> None:
    metrics = {metric.name: metric for metric in CATALOGUE}
    shown = _shown_metrics()
    assert len(shown) > 20
    for namespace, name, *dimensions in shown:
        split_by = metrics[name].split_by
        assert (namespace, dimensions[:2]) == ("Arena", ["service", "${service}"]), name
        assert [dimensions[2]] == [split_by] if split_by else dimensions[2:] == [], name


def test_a_search_on_the_dashboard_names_the_dimensions_that_are_emitted() -> None:
    rows = [row for widget in WIDGETS for row in widget["properties"].get("metrics", ())]
    searches = [row[0]["expression"] for row in rows if isinstance(row[0], dict)]
    assert len(searches) == 2
    for search in searches:
        found = re.search(r"\{Arena,(\w+),service\} MetricName=\"(\w+)\" service=", search)
        assert found is not None
        assert found[1] == {metric.name: metric.split_by for metric in CATALOGUE}[found[2]]


def test_what_the_gateway_refuses_is_told_apart_from_what_functions_refuse() -> None:
    resources = load_yaml(PROJECT / "infra/aws/platform_alarms.yml")["Resources"]
    [counted] = resources["GatewayThrottled"]["Properties"]["MetricTransformations"]
    alarm = ALARMS["GatewayThrottledAlarm"]
    assert (alarm["Namespace"], alarm["MetricName"]) == (counted["MetricNamespace"], counted["MetricName"])
    assert [each["Name"] for each in alarm["Dimensions"]] == [each["Key"] for each in counted["Dimensions"]]
    form = load_yaml(PROJECT / "serverless.yml")["provider"]["logs"]["httpApi"]["format"]
    logged = json.loads(form)
    assert logged["service"] == alarm["Dimensions"][0]["Value"]
    assert {
        "status": "$context.status",
        "integrationStatus": "$context.integrationStatus",
    }.items() <= logged.items()
