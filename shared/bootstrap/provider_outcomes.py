"""How a TON provider's answers ended."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class ProviderOutcomes:
    """How one provider's answers ended: "ok" or a reason, counted; whoever takes them starts anew."""

    counts: dict[str, int] = field(default_factory=dict)

    def count(self, outcome: str) -> None:
        self.counts[outcome] = self.counts.get(outcome, 0) + 1

    def taken(self) -> dict[str, int]:
        """The counts since the last taking: {"ok": n, "errors": m, <reason>: ...}."""
        counts, self.counts = self.counts, {}
        good = counts.pop("ok", 0)
        return {"ok": good, "errors": sum(counts.values()), **counts}

    def taken_if_asked(self) -> dict[str, int]:
        """The same, and nothing at all when the provider was not asked."""
        return self.taken() if self.counts else {}
