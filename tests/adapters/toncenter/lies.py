"""A provider's answers changed one field at a time, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from infra.local.world import UNITS_PER_CREDIT
from shared.adapters.toncenter import ProviderLimits
from shared.adapters.toncenter_chain import ToncenterChain
from shared.domain.errors import Unavailable
from tests.adapters.distorting_proxy import Document

UNITS = 7 * UNITS_PER_CREDIT
QUICK = ProviderLimits(attempts=2, attempt_s=0.3, operation_s=0.8, backoff_s=0.01)
SOMEONE = "0:" + "66" * 32
OTHER_DIGEST = "qrvM3QAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
MISSING = object()
Connect = Callable[..., ToncenterChain]


def reason_of(action: Callable[[], object]) -> str:
    with pytest.raises(Unavailable) as refusal:
        action()
    assert refusal.value.code == "provider_unavailable"
    assert "key" not in refusal.value.detail
    return str(refusal.value.extra["reason"])


def changing(method: str, path: str, value: Any) -> Callable[[str, Document], None]:
    """Set (or remove) one field of the result of one method."""

    def change(asked: str, document: Document) -> None:
        if asked != method:
            return
        holder: Any = document
        *steps, last = path.split(".")
        for step in steps:
            holder = holder[int(step) if step.isdigit() else step]
        if value is MISSING:
            del holder[int(last) if isinstance(holder, list) else last]
        elif isinstance(holder, list) and int(last) == len(holder):
            holder.append(value)
        else:
            holder[int(last) if isinstance(holder, list) else last] = value

    return change


OTHER_BLOCK = {
    "workchain": -1,
    "shard": "-9223372036854775808",
    "seqno": 1,
    "root_hash": OTHER_DIGEST,
    "file_hash": OTHER_DIGEST,
}


def named(value: Any) -> str:
    return "missing" if value is MISSING else repr(value)[:40]
