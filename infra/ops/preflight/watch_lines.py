"""Watching: every metric the code emits is on an alarm or the dashboard, and the alarms are really there."""

from __future__ import annotations

import re
from typing import Any, Final

from infra.local.serverless_file import load_yaml
from infra.ops.preflight.lines import Line, must
from infra.ops.preflight.stage import StageUnderCheck
from shared.domain.metrics_catalogue import CATALOGUE

_QUOTED: Final = re.compile(r'\\?"([A-Za-z]+)\\?"')
_PAGE: Final = 100


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


LINES: Final = (
    Line("metrics", "every metric is watched", every_metric_is_watched),
    Line("alarms", "alarms are deployed", alarms_are_deployed, is_of_stack=True),
)
