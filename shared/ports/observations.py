"""What the scheduled run saw last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection

    from shared.domain.observations import Observation


class Observations(Protocol):
    """What the scheduled run saw last, shared by every instance; derived, and seen again when lost."""

    def note(self, seen: Observation) -> None:
        """Keep it in the place of what was seen before under its name; what was seen later stays."""
        ...

    def read(self, names: Collection[str]) -> list[Observation]:
        """Those that were ever seen, in no promised order."""
        ...
