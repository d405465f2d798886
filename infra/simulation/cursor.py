"""The part of pymongo's cursor that adapters use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from infra.simulation.documents import Document, value_at


@dataclass(slots=True)
class Cursor:
    """What a find found, all of it at once."""

    documents: list[Document]

    def limit(self, count: int) -> Cursor:
        return Cursor(self.documents[:count])

    def batch_size(self, count: int) -> Cursor:  # noqa: ARG002 - pymongo's own shape
        """One answer holds everything here."""
        return self

    def sort(self, field_name: str, direction: int) -> Cursor:
        """By a path that all of these documents have."""
        return Cursor(
            sorted(self.documents, key=lambda found: value_at(found, field_name), reverse=direction < 0)
        )

    def __iter__(self) -> Iterator[Document]:
        return iter(self.documents)
