"""All lines of the go-live checklist, in the order they are asked."""

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
