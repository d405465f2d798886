"""Writes that the primary alone has: soon a majority has them too, or a failover takes them back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from infra.simulation.faults import Faults

CUT_OFF: Final = 2
"""In a thousand operations: how often the primary loses its majority."""

CUT_OFF_FOR: Final = (20, 250)
"""Operations for which no write is acknowledged then."""

TAKEN_BACK, CONFIRMED = 0.05, 0.4
"""What becomes of lone writes by the next operation; what is left stays alone."""


@dataclass(slots=True)
class LoneWrites:
    """Their undoing in order; only what nobody was told of is ever here, and nothing that was came after it."""

    faults: Faults
    show_all: Callable[[], None]
    undo: list[Callable[[], None]] = field(default_factory=list)
    cut_off_for: int = 0

    @property
    def is_cut_off(self) -> bool:
        """Whether the primary has no majority to acknowledge anything with."""
        return self.cut_off_for > 0

    @property
    def is_waiting(self) -> bool:
        """Whether something is not decided yet: it is within seconds, so time makes no leap."""
        return self.is_cut_off or bool(self.undo)

    def pass_time(self) -> str:
        """Decide what happens before the next operation; answers it in a word."""
        chance = self.faults.chance
        if not self.faults.hostility:
            self.cut_off_for = 0
            self.confirmed()
        elif self.is_cut_off:
            self.cut_off_for -= 1
            return "" if self.is_cut_off else self._ended(chance.random() < 0.5)
        elif self.undo:
            point = chance.random()
            return self._ended(point < TAKEN_BACK) if point < CONFIRMED else ""
        elif self.faults.happens(CUT_OFF):
            self.cut_off_for = chance.randrange(*CUT_OFF_FOR)
            return "cut off"
        return ""

    def confirmed(self) -> None:
        """A majority has everything up to now."""
        if self.undo:
            self.undo.clear()
            self.show_all()

    def _ended(self, is_taken_back: bool) -> str:
        if is_taken_back:
            for undo in reversed(self.undo):
                undo()
        self.confirmed()
        return "failover" if is_taken_back else "caught up"
