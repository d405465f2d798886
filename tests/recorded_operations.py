"""What each function really asks of the database, compared with infra/mongo/roles.json.

    recorded = RecordedOperations()
    client = MongoClient(uri, event_listeners=[recorded.listener("battle")])
    ...
    assert recorded.outside_roles() == []

A listener may not raise (the driver swallows it), so breaches are collected and asserted at the end.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

ROLES = json.loads((Path(__file__).parent.parent / "infra/mongo/roles.json").read_text())
PRIVILEGES: dict[str, dict[str, list[str]]] = ROLES["privileges"]

_ACTIONS = {
    "find": "find",
    "getMore": "find",
    "aggregate": "find",
    "count": "find",
    "distinct": "find",
    "insert": "insert",
    "update": "update",
    "findAndModify": "update",
    "delete": "remove",
}
_CONNECTION_ONLY = frozenset(
    {"hello", "isMaster", "ismaster", "ping", "endSessions", "killCursors", "buildInfo"}
)
_UNSET_OPEN = {"$unset": {"open": 1}}


class RecordedOperations:
    """Collects (function, collection, action) of every client that carries one of its listeners.

    `selections`: (function, collection, fields of the filter) of every find.
    """

    def __init__(self) -> None:
        self.seen: set[tuple[str, str, str]] = set()
        self.selections: set[tuple[str, str, tuple[str, ...]]] = set()
        self._too_wide: set[str] = set()

    def listener(self, function: str) -> CommandListener:
        """A listener for the clients of one function."""
        return _Listener(function, self)

    def record(self, function: str, command: Mapping[str, Any], name: str) -> None:
        if name in _CONNECTION_ONLY:
            return
        collection = str(command["collection"] if name == "getMore" else command[name])
        action = _ACTIONS.get(name, name)
        self.seen.add((function, collection, action))
        if name == "find":
            self.selections.add((function, collection, tuple(command.get("filter", {}))))
        if breach := _too_wide(function, collection, action, command):
            self._too_wide.add(f"{function} {action} {collection}: {breach}")

    def outside_roles(self) -> list[str]:
        """Every recorded operation that the function's database user may not do, or not so widely."""
        unlisted = {
            f"{function} {action} {collection}: not in infra/mongo/roles.json"
            for function, collection, action in self.seen
            if action not in PRIVILEGES[function].get(collection, [])
        }
        return sorted(unlisted | self._too_wide)


def _too_wide(function: str, collection: str, action: str, command: Mapping[str, Any]) -> str | None:
    """What roles.json lists under `narrowed`; the sentences there are for people, these are the judges."""
    if collection in {"ledger", "admin_audit"} and action == "update":
        changes = [update["u"] for update in command.get("updates", [command.get("update")])]
        return None if all(change == _UNSET_OPEN for change in changes) else "only `open` is ever unset"
    if function == "settle" and collection == "signer_journal" and action in {"insert", "update"}:
        written = [*command.get("documents", []), *(update["u"] for update in command.get("updates", []))]
        states = {document.get("$set", document).get("state") for document in written}
        return None if states <= {"void"} else "settle writes nothing but void"
    return None


class _Listener(CommandListener):
    def __init__(self, function: str, recorded: RecordedOperations) -> None:
        self._function = function
        self._recorded = recorded

    def started(self, event: CommandStartedEvent) -> None:
        self._recorded.record(self._function, event.command, event.command_name)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Nothing to add: what was asked is what counts."""

    def failed(self, event: CommandFailedEvent) -> None:
        """A refused operation was asked for all the same."""
