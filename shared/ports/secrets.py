"""Where secrets are kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol


class Secrets(Protocol):
    """Values behind `ssm:/path` and `secretsmanager:name#field` references."""

    def resolve(self, references: Collection[str]) -> Mapping[str, str]:
        """Reference -> value, together; a reference behind which there is nothing is left out.

        Raises Unavailable, naming references alone, when a store did not answer or denied the reading.
        """
        ...
