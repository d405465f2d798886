"""What the allowed filters and updates mean on one document: a small, strict MongoDB.

Anything outside the operations that every MongoDB-compatible server implements alike is refused loudly,
so that an adapter cannot quietly come to rely on more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from bson.int64 import Int64

Document = dict[str, Any]
_MISSING: Final = object()
_INT32_MAX: Final = 2**31 - 1


class NotAllowed(AssertionError):
    """An adapter asked for something that not every MongoDB-compatible server does alike."""


_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "$gte": lambda value, bound: value is not _MISSING and value >= bound,
    "$gt": lambda value, bound: value is not _MISSING and value > bound,
    "$lte": lambda value, bound: value is not _MISSING and value <= bound,
    "$lt": lambda value, bound: value is not _MISSING and value < bound,
    "$in": lambda value, choices: value in choices,
    "$exists": lambda value, wanted: (value is not _MISSING) == wanted,
}


def matches(document: Document, conditions: Mapping[str, Any]) -> bool:
    """Whether the document satisfies every condition; paths may be dotted."""
    return all(_holds(value_at(document, path), wanted) for path, wanted in conditions.items())


def updated(document: Document, update: Mapping[str, Mapping[str, Any]]) -> Document:
    """A copy after $set, $inc and $unset."""
    after: Document = copied(document)
    for operator, changes in update.items():
        apply = _OPERATORS.get(operator)
        if apply is None:
            raise NotAllowed(f"update operator {operator}")
        for path, value in changes.items():
            apply(after, path.split("."), value)
    return after


def copied(value: Any) -> Any:
    """A deep copy of dicts and lists as a driver hands them out: big integers are its own type."""
    if isinstance(value, Mapping):
        return {name: copied(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [copied(entry) for entry in value]
    if type(value) is int and abs(value) > _INT32_MAX:
        return Int64(value)
    return value


def _holds(value: Any, wanted: Any) -> bool:
    if not isinstance(wanted, Mapping):
        return bool(value is not _MISSING and value == wanted)
    for operator, operand in wanted.items():
        compare = _COMPARISONS.get(operator)
        if compare is None:
            raise NotAllowed(f"filter operator {operator}")
        if not compare(value, operand):
            return False
    return True


def value_at(document: Any, path: str) -> Any:
    """What lies at the dotted path."""
    for step in path.split("."):
        if not isinstance(document, Mapping) or step not in document:
            return _MISSING
        document = document[step]
    return document


def _parent(document: Document, path: list[str]) -> Document:
    for step in path[:-1]:
        document = document.setdefault(step, {})
    return document


def _set(document: Document, path: list[str], value: Any) -> None:
    if type(value) not in (int, str, dict, list, Int64):
        raise NotAllowed(f"$set of a bare {type(value).__name__}")
    _parent(document, path)[path[-1]] = copied(value)


def _increase(document: Document, path: list[str], amount: Any) -> None:
    parent = _parent(document, path)
    total = parent.get(path[-1], 0) + amount
    if abs(total) >= 2**63:
        raise NotAllowed("$inc beyond int64")
    parent[path[-1]] = copied(int(total))


def _unset(document: Document, path: list[str], _: Any) -> None:
    parent: Any = document
    for step in path[:-1]:
        parent = parent.get(step)
        if not isinstance(parent, dict):
            return
    parent.pop(path[-1], None)


_OPERATORS: Final = {"$set": _set, "$inc": _increase, "$unset": _unset}
