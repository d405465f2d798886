"""An HTTP function in two halves: its edge, made when it starts, and its parts, made for the first request past it.

Importing the services and the domain behind them costs a starting environment as much as everything else of
ours: it waits for a request that needs them. A snapshot carries both halves.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from shared.bootstrap.wired import Wired
from shared.config.loading import FunctionSettings

if TYPE_CHECKING:
    from shared.wiring import EdgeWiring

S = TypeVar("S", bound=FunctionSettings)
P = TypeVar("P")


class OnDemand(Generic[P]):
    """Parts made at the first call, once whatever the threads. `make` asks nobody and judges no setting.

    What a setting may be is judged when settings are read, so that a function that is not ready never serves.
    """

    def __init__(self, make: Callable[[], P]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: P | None = None

    def __call__(self) -> P:
        with self._lock:
            if self._made is None:
                self._made = self._make()
        return self._made


@dataclass(frozen=True, slots=True)
class Started(Generic[P]):
    """What starting made: the edge, and the parts on demand. Every connection of both is the edge's to give up."""

    edge: EdgeWiring
    parts: OnDemand[P]

    def close(self) -> None:
        """Give up every connection: before a snapshot, after a restore."""
        self.edge.close()


class HttpFunction(Generic[S, P]):
    """One HTTP function's dependencies over settings as Wired keeps them: `edge` for the app, a call for its routes."""

    def __init__(
        self,
        kind: type[S],
        start: Callable[[S], Started[P]],
        *,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.started = Wired(kind, start, environment=environment)

    def edge(self) -> EdgeWiring:
        """The edge; raises what Wired raises."""
        return self.started().edge

    def __call__(self) -> P:
        """The parts; raises what Wired raises."""
        return self.started().parts()

    def forget(self) -> None:
        """Drop settings, connections and parts: before a snapshot, after a restore."""
        self.started.forget()
