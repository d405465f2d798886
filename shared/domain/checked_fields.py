"""Reading an untyped document field by field: every unknown name and every value out of bounds at once."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from shared.domain.errors import Refused
from shared.domain.money import BPS_WHOLE

_MISSING: Final = object()


@dataclass(slots=True)
class CheckedFields:
    """Takes known fields out of `document` and collects what is wrong with them.

    A reader answers the field's lower bound where it has nothing valid: the value is never used,
    because `finish` raises. `path` prefixes the field names in the errors, e.g. `rules.`.
    """

    document: Mapping[str, Any]
    path: str = ""
    errors: list[dict[str, str]] = field(default_factory=list)
    _read: set[str] = field(default_factory=set)

    def integer(self, name: str, *, low: int, high: int, default: int | None = None) -> int:
        """A whole number within both bounds; a bool is not a number."""
        value = self._take(name, default)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return int(value)
        self._refuse(name, f"must be a whole number from {low} to {high}")
        return low

    def basis_points(self, name: str, *, high: float, default: int | None = None) -> int:
        """A finite number from 0 to `high` with at most four decimals, as whole basis points."""
        value = self.document.get(name, _MISSING)
        self._read.add(name)
        if value is _MISSING and default is not None:
            return default
        if type(value) in (int, float) and math.isfinite(value) and 0 <= value <= high:
            points: int = round(value * BPS_WHOLE)
            if points / BPS_WHOLE == value:
                return points
        self._refuse(name, f"must be a number from 0 to {high} with at most four decimals")
        return 0

    def choice(self, name: str, options: Sequence[str]) -> str:
        value = self._take(name, None)
        if isinstance(value, str) and value in options:
            return value
        self._refuse(name, "must be one of " + ", ".join(options))
        return options[0]

    def text(self, name: str, *, pattern: re.Pattern[str]) -> str:
        """A string that the whole pattern matches; empty when it does not."""
        value = self._take(name, None)
        if isinstance(value, str) and pattern.match(value):
            return value
        self._refuse(name, f"must match {pattern.pattern}")
        return ""

    def flag(self, name: str, *, default: bool) -> bool:
        """True or false; 1 and 0 are read too, because a store may have kept a flag as a number."""
        value = self._take(name, default)
        if type(value) is bool or (type(value) is int and value in (0, 1)):
            return bool(value)
        self._refuse(name, "must be true or false")
        return default

    def hours(self, name: str) -> tuple[int, int]:
        """A window [startHour, endHour] of two whole hours from 0 to 24."""
        value = self._take(name, None)
        if isinstance(value, (list, tuple)) and len(value) == 2:
            start, end = value
            if type(start) is int and type(end) is int and 0 <= start <= 24 and 0 <= end <= 24:
                return start, end
        self._refuse(name, "must be [startHour, endHour], whole hours from 0 to 24")
        return 0, 0

    def section(self, name: str) -> CheckedFields:
        """The fields of a nested document; absent is the same as empty."""
        value = self._take(name, {})
        if not isinstance(value, Mapping):
            self._refuse(name, "must be an object")
            value = {}
        return CheckedFields(value, path=f"{self.path}{name}.", errors=self.errors)

    def has(self, name: str) -> bool:
        """Whether the document gives this field at all."""
        return name in self.document

    def refuse_unknown(self) -> None:
        """Note every field nobody read: a misspelt setting must not look like a changed one."""
        for name in self.document:
            if name not in self._read:
                self._refuse(str(name), "is not a known field")

    def finish(self, *, code: str) -> None:
        """Raise Refused `code` with all `errors` (field, problem) unless there are none."""
        self.refuse_unknown()
        if self.errors:
            raise Refused("Some fields are not acceptable", code=code, extra={"errors": self.errors})

    def _take(self, name: str, default: Any) -> Any:
        self._read.add(name)
        return self.document.get(name, default)

    def _refuse(self, name: str, problem: str) -> None:
        self.errors.append({"field": f"{self.path}{name}", "problem": problem})
