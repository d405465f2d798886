"""The configuration's history: who changed what, and any revision whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from shared.domain.config_changes import ConfigRevision, difference_documents
from shared.domain.cursors import cursor_int, read_cursor, write_cursor
from shared.domain.errors import Refused

if TYPE_CHECKING:
    from shared.ports.admin import ConfigStore

REVISIONS: Final = "revisions"


@dataclass(frozen=True, slots=True)
class RevisionPage:
    """Revisions newest first, and the cursor of the next page; None when there is nothing older."""

    revisions: list[ConfigRevision]
    next_cursor: str | None


def read_revisions(configs: ConfigStore, *, limit: int, cursor: str | None) -> RevisionPage:
    """One page of the history, by known numbers. Raises Refused `invalid_cursor`."""
    newest = configs.latest().revision
    top = newest
    if cursor is not None:
        top = cursor_int(read_cursor(REVISIONS, cursor), "top", low=1, high=newest)
    first = max(1, top - limit + 1)
    found = configs.revisions(range(first, top + 1))
    return RevisionPage(found, write_cursor(REVISIONS, {"top": first - 1}) if first > 1 else None)


def read_revision(configs: ConfigStore, number: int) -> tuple[ConfigRevision, list[dict[str, Any]]]:
    """One revision and what it changed in the one before it. Raises Refused `revision_unknown`."""
    found = {revision.config.revision: revision for revision in configs.revisions([number, number - 1])}
    if number not in found:
        raise Refused("There is no such revision", code="revision_unknown", extra={"revision": number})
    former = found.get(number - 1)
    changes = [] if former is None else difference_documents(former.config, found[number].config)
    return found[number], changes
