"""Every hold is accounted for: sent once, kept by the row that counts on it, returned when there is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from greenlet import getcurrent, greenlet


@dataclass(slots=True)
class RequestHolds:
    """What one request took from budgets and what the rows it inserted count on, as the store saw it.

    `is_excused` when a fault met one of its changes, or it never got as far as an answer: then it may
    have wasted something, but rows never count on more than is held.
    """

    held: int = 0
    counted_on: int = 0
    is_excused: bool = True
    failed: set[tuple[str, int]] = field(default_factory=set)
    has_failed: bool = False


@dataclass(slots=True)
class BudgetDiscipline:
    """Watches what each process does to budgets, request by request."""

    breaches: list[str] = field(default_factory=list)
    _all: list[RequestHolds] = field(default_factory=list)
    _current: dict[greenlet, RequestHolds] = field(default_factory=dict)

    def begin(self) -> None:
        """A new request of this process."""
        self._current[getcurrent()] = RequestHolds()

    def answered(self) -> None:
        """The request ended with an answer for good: nothing may be left over."""
        request = self.current()
        request.is_excused = request.has_failed

    def current(self) -> RequestHolds:
        """The books of the request under way here; kept only once it touches a budget."""
        return self._current.setdefault(getcurrent(), RequestHolds())

    def sends(self, shard: str, amount: int) -> RequestHolds:
        """A change is about to be sent; one that failed in this request must not be sent again."""
        request = self.current()
        if amount and not request.has_failed and not request.held:
            self._all.append(request)
        if (shard, amount) in request.failed:
            self.breaches.append(f"a change of {shard} by {amount} was sent again after it had failed")
        return request

    def failed(self, shard: str, amount: int) -> None:
        if amount:
            request = self.current()
            request.failed.add((shard, amount))
            request.has_failed = True

    def succeeded(self, shard: str, amount: int) -> None:
        # A new hold of the same size may be returned again, whatever became of the last return.
        if amount < 0:
            self.current().failed.discard((shard, -amount))

    def problems(self) -> Iterator[str]:
        """What the whole run's books show."""
        yield from self.breaches
        for request in {id(request): request for request in self._all}.values():
            if request.counted_on > request.held:
                yield f"rows count on {request.counted_on} units of which only {request.held} are held"
            elif request.held > request.counted_on and not request.is_excused:
                yield f"{request.held - request.counted_on} units were held for nothing, and nothing had failed"
