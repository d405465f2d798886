"""A store of secrets that the test fills."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from shared.domain.errors import Unavailable


class FakeSecrets:
    """ports.secrets.Secrets in memory: the test changes `values`, and `is_down` makes the store silent."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self.values = dict(values or {})
        self.is_down = False
        self.reads: list[list[str]] = []

    def resolve(self, references: Collection[str]) -> Mapping[str, str]:
        self.reads.append(sorted(references))
        if self.is_down:
            raise Unavailable(f"could not read {', '.join(sorted(references))}", code="secrets_unavailable")
        return {reference: self.values[reference] for reference in references if reference in self.values}
