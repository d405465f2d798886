"""How many database commands a client sends, counted at the driver."""

from __future__ import annotations

from typing import Final

from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent
from typing_extensions import override

_QUIET: Final = frozenset({"hello", "ismaster", "ping", "endSessions", "killCursors"})


class CountedCommands(CommandListener):
    """How many commands one function's client sent; `taken` begins anew."""

    def __init__(self) -> None:
        self.names: list[str] = []

    @override
    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name not in _QUIET:
            self.names.append(event.command_name)

    @override
    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Counted when it began."""

    @override
    def failed(self, event: CommandFailedEvent) -> None:
        """Counted when it began."""

    def taken(self) -> int:
        """The number since the last taking."""
        count, self.names = len(self.names), []
        return count
