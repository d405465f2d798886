"""Parts that fail at their n-th operation, in every way a real one can: for all n, one after another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal

from shared.domain.errors import OutcomeUnknown, Unavailable

Way = Literal["unavailable", "lost", "killed_before", "killed_after"]
WAYS: Final[tuple[Way, ...]] = ("unavailable", "lost", "killed_before", "killed_after")


class Killed(BaseException):
    """The process ended here: nothing of it may go on, not even an `except`."""


class Interruption:
    """Counts and names the operations of all parts it wraps, and interrupts the one numbered `at`, once.

    unavailable: it never happened, and says so. lost: it happened, and the answer did not arrive.
    killed_before, killed_after: the process dies around it.
    """

    def __init__(self) -> None:
        self.count = 0
        self.at = -1
        self.way: Way = "unavailable"
        self.hit = ""
        self.names: list[str] = []

    def arm(self, at: int, way: Way) -> None:
        self.count, self.at, self.way, self.hit, self.names = 0, at, way, "", []

    def disarm(self) -> None:
        self.at = -1

    def wrap(self, name: str, part: Any) -> Any:
        return _Interrupted(self, name, part)

    def run(self, name: str, operation: Callable[..., Any], *given: Any, **named: Any) -> Any:
        self.count += 1
        self.names.append(name)
        if self.count != self.at:
            return operation(*given, **named)
        self.hit = name
        if self.way == "unavailable":
            raise Unavailable(f"{name} is away", code="database_unavailable")
        if self.way == "killed_before":
            raise Killed(name)
        operation(*given, **named)
        if self.way == "killed_after":
            raise Killed(name)
        raise OutcomeUnknown(f"{name} did not answer", code="database_unavailable")


class _Interrupted:
    def __init__(self, interruption: Interruption, name: str, part: Any) -> None:
        self._interruption, self._name, self._part = interruption, name, part

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._part, name)
        if not callable(found):
            return found
        return lambda *given, **named: self._interruption.run(f"{self._name}.{name}", found, *given, **named)
