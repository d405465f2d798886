"""Watching: what the code emits is on an alarm or the dashboard, the alarms are there, and somebody hears them."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from botocore.exceptions import ClientError

from infra.local.serverless_file import load_yaml
from infra.ops.drill.listeners import matches
from infra.ops.preflight.key_lines import key_in_use
from infra.ops.preflight.lines import CannotTell, Line, must
from infra.ops.preflight.stage import StageUnderCheck
from infra.ops.preflight.trail import is_a_key_change_recorded
from shared.domain.metrics_catalogue import CATALOGUE

_QUOTED: Final = re.compile(r'\\?"([A-Za-z]+)\\?"')
_PAGE: Final = 100
_TOPICS: Final = ("page", "ticket")
_QUIET_STAGE: Final = "dev"


def _alarms(stage: StageUnderCheck) -> list[dict[str, Any]]:
    """The properties of every alarm of the templates."""
    return [
        resource["Properties"]
        for path in sorted((stage.project / "infra/aws").glob("*alarms.yml"))
        for resource in load_yaml(path)["Resources"].values()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    ]


def every_metric_is_watched(stage: StageUnderCheck) -> str:
    """No metric is emitted for nobody, in the templates of this commit."""
    alarms = _alarms(stage)
    on_alarms = {alarm["MetricName"] for alarm in alarms}
    on_dashboard = set(_QUOTED.findall((stage.project / "infra/aws/dashboard.yml").read_text()))
    unwatched = sorted(metric.name for metric in CATALOGUE if metric.name not in on_alarms | on_dashboard)
    must(not unwatched, f"on no alarm and not on the dashboard: {', '.join(unwatched)}")
    silent = sorted(alarm["MetricName"] for alarm in alarms if not alarm.get("AlarmActions"))
    must(not silent, f"an alarm tells nobody: {', '.join(silent)}")
    return f"{len(CATALOGUE)} metrics, {len(alarms)} alarms"


def alarms_are_deployed(stage: StageUnderCheck) -> str:
    """CloudWatch has every alarm of the templates with its actions on, and the dashboard."""
    names = [alarm["AlarmName"] for alarm in _alarms(stage)]
    prefix = f"{stage.service.name}-{stage.service.stage}"
    wanted = {name.replace("${self:service}-${sls:stage}", prefix) for name in names}
    if stage.is_local:
        return f"{len(wanted)} alarms in the templates; the local stack has no CloudWatch, ./arena drill fires them"
    watch = stage.aws("cloudwatch")
    pages = watch.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=prefix, PaginationConfig={"PageSize": _PAGE}
    )
    found = {each["AlarmName"]: each["ActionsEnabled"] for page in pages for each in page["MetricAlarms"]}
    missing = sorted(name for name in wanted if not found.get(name))
    must(not missing, f"not deployed, or switched off: {', '.join(missing)}")
    watch.get_dashboard(DashboardName=prefix)
    return f"{len(wanted)} alarms on, dashboard {prefix}"


def key_in_use_is_watched(stage: StageUnderCheck) -> str:
    """A change of the policy of the very key that signs now, rotated or not, is told to whoever is paged."""
    arn = stage.aws("kms").describe_key(KeyId=key_in_use(stage))["KeyMetadata"]["Arn"]
    rule = f"{stage.service.name}-{stage.service.stage}-claim-key-changed"
    if stage.is_local:
        resources = load_yaml(stage.project / "infra/aws/key_changes.yml")["Resources"]
        pattern = resources["ClaimKeyChanged"]["Properties"]["EventPattern"]
    else:
        events = stage.aws("events")
        deployed = events.describe_rule(Name=rule)
        must(deployed["State"] == "ENABLED", f"the rule {rule} is switched off")
        must(events.list_targets_by_rule(Rule=rule)["Targets"], f"the rule {rule} tells nobody")
        pattern = json.loads(deployed["EventPattern"])
    must(
        matches(pattern, _policy_change(arn)),
        "a change of the key in use would tell nobody: deploy the rule again",
    )
    if not stage.is_local:
        _must_reach_the_rule(stage)
    return "a change of its policy matches the rule"


def _must_reach_the_rule(stage: StageUnderCheck) -> None:
    try:
        is_recorded = is_a_key_change_recorded(stage.aws("cloudtrail"))
    except ClientError as error:
        why = error.response["Error"]["Code"]
        raise CannotTell(
            f"the rule is right, but CloudTrail said {why}: allow cloudtrail:DescribeTrails, GetTrailStatus "
            "and GetEventSelectors"
        ) from error
    must(
        is_recorded,
        "no trail that is on records changes of keys, so EventBridge hears of none: docs/deployment.md, "
        '"The account", says how to make one',
    )


def _policy_change(key_arn: str) -> dict[str, Any]:
    """The part of CloudTrail's event that tells one key's change from another's."""
    return {
        "source": "aws.kms",
        "detail-type": "AWS API Call via CloudTrail",
        "detail": {
            "eventSource": "kms.amazonaws.com",
            "eventName": "PutKeyPolicy",
            "userIdentity": {"type": "IAMUser"},
            "resources": [{"type": "AWS::KMS::Key", "ARN": key_arn}],
        },
    }


def alarms_reach_somebody(stage: StageUnderCheck) -> str:
    """Each topic has a subscription that its reader confirmed; AWS keeps the others as PendingConfirmation."""
    prefix = f"{stage.service.name}-{stage.service.stage}"
    if stage.is_local:
        return "the local stack has no SNS: nobody is woken by it"
    sns = stage.aws("sns")
    topics = [
        each["TopicArn"] for page in sns.get_paginator("list_topics").paginate() for each in page["Topics"]
    ]
    for kind in _TOPICS:
        arn = next((arn for arn in topics if arn.endswith(f":{prefix}-{kind}")), None)
        if arn is None:
            raise CannotTell(f"there is no topic {prefix}-{kind} yet: deploy, then subscribe to it")
        pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn)
        found = [each["SubscriptionArn"] for page in pages for each in page["Subscriptions"]]
        if not any(each.startswith("arn:") for each in found):
            must(stage.name == _QUIET_STAGE, f"nobody has confirmed a subscription to {prefix}-{kind}")
            raise CannotTell(f"nobody reads {prefix}-{kind}, which a stage for trying things may do without")
    return f"somebody reads {' and '.join(_TOPICS)}"


LINES: Final = (
    Line("metrics", "every metric is watched", every_metric_is_watched, is_go_live=True),
    Line("alarms", "alarms are deployed", alarms_are_deployed, is_of_stack=True),
    Line("key_watched", "the claim key in use is watched", key_in_use_is_watched, is_of_stack=True),
    Line("readers", "alarms reach somebody", alarms_reach_somebody, is_of_stack=True),
)
