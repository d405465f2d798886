"""One thread, many processes: greenlets that give way at every operation, in an order the seed decides."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random  # noqa: TID251 - a simulation's chance comes from its seed, not from a battle's

from greenlet import getcurrent, greenlet

from infra.simulation.faults import Faults, ProcessKilled

START_MS = 1_795_384_800_000  # 2026-11-22T20:00:00Z: midnight comes early in every run
HOUR_MS = 3_600_000
PACKET_LIVES_MS = 45_000
JUMPS_MS = (15_000, 90_000, 700_000, HOUR_MS, 3 * HOUR_MS, 13 * HOUR_MS)


@dataclass(slots=True)
class Actor:
    """One process: `run` is all it does, until it is killed; then another process takes its place."""

    name: str
    run: Callable[[], None]
    thread: greenlet
    sleeps_until_step: int = 0


@dataclass(frozen=True, slots=True)
class Packet:
    """A write still under way; the network forgets it at `until_ms`."""

    land: Callable[[], object]
    until_ms: int


@dataclass(slots=True)
class Scheduler:
    """Holds true time and decides who runs; `digest` is a fingerprint of everything that happened."""

    chance: Random
    faults: Faults
    now_ms: int = START_MS
    step: int = 0
    kills: int = 0
    packets: list[Packet] = field(default_factory=list)
    actors: list[Actor] = field(default_factory=list)
    is_held: bool = False
    """No leap in time: a primary that has no majority for a minute has long stepped down."""
    _hub: greenlet | None = None
    _record: hashlib._Hash = field(default_factory=hashlib.sha256)

    @property
    def digest(self) -> str:
        return self._record.hexdigest()[:16]

    def note(self, *facts: object) -> None:
        """Make the facts part of the run's fingerprint."""
        self._record.update(repr((self.step, self.now_ms, *facts)).encode())

    def add(self, name: str, run: Callable[[], None]) -> None:
        self.actors.append(self._started(name, run))

    def give_way(self) -> None:
        """Let others run before my next operation; recovery, which runs alone, goes straight on."""
        if self._hub is not None and getcurrent() is not self._hub:
            self._hub.switch()

    def send_late(self, land: Callable[[], object]) -> None:
        """Let a write whose sender has given up land at some later moment, or never."""
        self.packets.append(Packet(land, self.now_ms + PACKET_LIVES_MS))

    def run(self, steps: int) -> None:
        """That many operations, whoever does them; then every process is killed where it stands."""
        self._hub = getcurrent()
        until = self.step + steps
        while self.step < until:
            self.step += 1
            self._pass_time()
            self._deliver()
            actor = self._next_actor()
            if actor is not None:
                actor.thread.switch()
                if actor.thread.dead:
                    self._replace(actor)
        for actor in self.actors:
            if actor.thread:  # it has begun
                actor.thread.throw(ProcessKilled)
        self.actors.clear()
        self._hub = None

    def deliver_or_drop_packets(self) -> None:
        """What is still under way lands now, or never."""
        for packet in self.packets:
            if self.chance.random() < 0.5:
                packet.land()
        self.packets.clear()

    def _started(self, name: str, run: Callable[[], None]) -> Actor:
        def live() -> None:
            try:
                run()
            except ProcessKilled:
                return

        return Actor(name, run, greenlet(live, parent=self._hub or getcurrent()))

    def _replace(self, actor: Actor) -> None:
        self.kills += 1
        self.note("killed", actor.name)
        self.actors[self.actors.index(actor)] = self._started(actor.name, actor.run)

    def _pass_time(self) -> None:
        self.now_ms += self.chance.randrange(5, 120)
        if self.chance.random() < 0.004 and not self.is_held:
            self.now_ms += self.chance.choice(JUMPS_MS)

    def _deliver(self) -> None:
        self.packets = [packet for packet in self.packets if packet.until_ms >= self.now_ms]
        while self.packets and self.chance.random() < 0.06:
            self.packets.pop(self.chance.randrange(len(self.packets))).land()

    def _next_actor(self) -> Actor | None:
        awake = [actor for actor in self.actors if actor.sleeps_until_step <= self.step]
        if not awake:
            return None
        actor = self.chance.choice(awake)
        if self.faults.happens(4):
            # A frozen process: it wakes much later in the middle of what it was doing.
            actor.sleeps_until_step = self.step + self.chance.randrange(20, 400)
            return None
        return actor
