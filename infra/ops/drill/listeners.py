"""What the templates hear in logs and events: EventBridge rules and metric filters, each as a series it counts into.

Sources: EventBridge user guide, "Creating event patterns" (values, `exists`, `$or`); CloudWatch Logs user guide,
"Filter pattern syntax" (equality of JSON fields, joined by &&). What this cannot evaluate is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from infra.local.serverless_file import load_yaml
from infra.ops.drill.emissions import Series

_TERM: Final = re.compile(r'\(\$\.(\w+) = "([^"]*)"\)')
_MATCHED: Final = "MatchedEvents"
RULE: Final = "ClaimKeyChanged"
"""The one rule that tells a topic by itself."""


@dataclass(frozen=True, slots=True)
class Listener:
    """`series` tells into which series a document of a log counts, None for one that it does not hear."""

    name: str
    series: Callable[[Mapping[str, Any]], Series | None]


def rule_series(rule_name: str) -> Series:
    """Where EventBridge itself counts the events that matched a rule."""
    return Series("AWS/Events", _MATCHED, (("RuleName", rule_name),))


def read_listeners(folder: Path, *, service: str, stage: str) -> list[Listener]:
    """Every rule of key_changes.yml and every metric filter of platform_alarms.yml."""
    resources = {
        name: resource
        for file in ("key_changes.yml", "platform_alarms.yml")
        for name, resource in load_yaml(folder / file)["Resources"].items()
    }
    found = []
    for name, resource in resources.items():
        properties = resource["Properties"]
        if resource["Type"] == "AWS::Events::Rule":
            rule = properties["Name"].replace("${self:service}", service).replace("${sls:stage}", stage)
            found.append(_rule(name, properties["EventPattern"], rule_series(rule)))
        elif resource["Type"] == "AWS::Logs::MetricFilter":
            found.append(_filter(name, properties))
    return found


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether an event has what the pattern names; raises ValueError for an operator that is not known here."""
    return all(_field_matches(field, wanted, event) for field, wanted in pattern.items())


def _rule(name: str, pattern: Mapping[str, Any], series: Series) -> Listener:
    return Listener(name, lambda document: series if matches(pattern, document) else None)


def _filter(name: str, properties: Mapping[str, Any]) -> Listener:
    wanted = _terms(properties["FilterPattern"])
    [counted] = properties["MetricTransformations"]
    keys = {each["Key"]: each["Value"].removeprefix("$.") for each in counted["Dimensions"]}

    def series(document: Mapping[str, Any]) -> Series | None:
        if any(document.get(field) != value for field, value in wanted.items()):
            return None
        dimensions = tuple(sorted((key, str(document[field])) for key, field in keys.items()))
        return Series(counted["MetricNamespace"], counted["MetricName"], dimensions)

    return Listener(name, series)


def _terms(pattern: str) -> dict[str, str]:
    inner = pattern.strip().removeprefix("{").removesuffix("}").strip()
    found = [_TERM.fullmatch(term.strip()) for term in inner.split("&&")]
    if None in found:
        raise ValueError(f"a filter pattern that this evaluation does not know: {pattern}")
    return {term[1]: term[2] for term in found if term is not None}


def _field_matches(field: str, wanted: Any, event: Mapping[str, Any]) -> bool:
    if field == "$or":
        return any(matches(each, event) for each in wanted)
    if isinstance(wanted, Mapping):
        held = event.get(field, {})
        return any(
            matches(wanted, each) for each in (held if isinstance(held, list) else [held]) if each is not None
        )
    return any(_value_matches(one, field, event) for one in wanted)


def _value_matches(wanted: Any, field: str, event: Mapping[str, Any]) -> bool:
    if isinstance(wanted, Mapping):
        if set(wanted) != {"exists"}:
            raise ValueError(f"an operator that this evaluation does not know: {dict(wanted)}")
        return (field in event) is wanted["exists"]
    held = event.get(field)
    return wanted in held if isinstance(held, list) else wanted == held
