"""Whether CloudTrail hands changes of keys on to EventBridge: it does where a trail that is on records them.

Sources: EventBridge user guide, "AWS service events delivered via AWS CloudTrail" (a trail with logging enabled is
required; the event history that every account has is none); CloudTrail API, EventSelector and AdvancedFieldSelector.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_CHANGE: Final = {
    "eventCategory": "Management",
    "readOnly": "false",
    "eventSource": "kms.amazonaws.com",
    "eventName": "PutKeyPolicy",
}


def is_a_key_change_recorded(cloudtrail: Any) -> bool:
    """Whether any trail of this region, the organization's included, is on and keeps writes to KMS."""
    trails = cloudtrail.describe_trails(includeShadowTrails=True)["trailList"]
    return any(
        cloudtrail.get_trail_status(Name=trail["TrailARN"])["IsLogging"]
        and _records(cloudtrail.get_event_selectors(TrailName=trail["TrailARN"]))
        for trail in trails
    )


def _records(selectors: Mapping[str, Any]) -> bool:
    """A trail has selectors of one kind; any that takes the event is enough."""
    return any(
        each["IncludeManagementEvents"]
        and each["ReadWriteType"] in {"All", "WriteOnly"}
        and _CHANGE["eventSource"] not in each.get("ExcludeManagementEventSources", ())
        for each in selectors.get("EventSelectors") or ()
    ) or any(
        all(_takes(field) for field in each["FieldSelectors"])
        for each in selectors.get("AdvancedEventSelectors") or ()
    )


def _takes(field: Mapping[str, Any]) -> bool:
    """What a selector says of a field that is not judged here may leave the event out, so it counts as if it did."""
    value = _CHANGE.get(field["Field"])
    if value is None or set(field) - {"Field", "Equals", "NotEquals"}:
        return False
    return value in field.get("Equals", (value,)) and value not in field.get("NotEquals", ())
