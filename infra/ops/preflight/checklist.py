"""All lines of the go-live checklist, in the order they are asked, and which of them a deployment asks when."""

from __future__ import annotations

from typing import Final

from infra.ops.preflight import (
    account_lines,
    chain_lines,
    document_lines,
    edge_lines,
    history_lines,
    key_lines,
    settings_lines,
    store_lines,
    watch_lines,
)
from infra.ops.preflight.lines import Line

LINES: Final[tuple[Line, ...]] = (
    *settings_lines.LINES,
    *store_lines.LINES,
    *key_lines.LINES,
    *chain_lines.LINES,
    *account_lines.LINES,
    *edge_lines.LINES,
    *watch_lines.LINES,
    *history_lines.LINES,
    *document_lines.LINES,
)

# What a deployment makes is judged when it is made: a new alarm, or an API that is down, is no reason not to deploy.
BEFORE_DEPLOYING: Final = (
    settings_lines.BEFORE_DEPLOYING,
    *(line for line in LINES if not line.is_of_stack and line.id != settings_lines.BEFORE_DEPLOYING.id),
)
AFTER_DEPLOYING: Final = tuple(line for line in LINES if line.is_of_stack)
