"""A claim between signer, refunder, wallet and chain: one journal document decides who may go on.

Follows shared/services/sign_claim.py, signing_ballot.py and settle_one_claim.py for one claim of one seqno.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from tests.model.checker import Exploration, Model, explore


@dataclass(frozen=True)
class SigningRules:
    """Switched off in turn by the tests."""

    journal_before_signature: bool = True
    refund_needs_void: bool = True
    journal_is_insert_only: bool = True
    deadline_is_the_journals: bool = True
    refund_waits_for_the_deadline: bool = True


class ClaimWorld(NamedTuple):
    """`journal` is (state, valid until); `signatures` are deadlines of signatures that exist anywhere."""

    journal: tuple[str, int] | None = None
    signatures: frozenset[int] = frozenset()
    now: int = 0
    is_executed: bool = False
    settled: str = ""


class Actor(NamedTuple):
    """A signer, refunder, settler, the wallet that sends, or time itself."""

    role: str
    at: str
    until: int = 0
    entry: tuple[str, int] | None = None


VALID_FOR = 1
END = 3


@dataclass(frozen=True)
class SigningProtocol:
    """One step is one document, one chain read or one signature."""

    rules: SigningRules

    def step(self, db: ClaimWorld, actor: Actor) -> Iterable[tuple[ClaimWorld, Actor]]:
        return getattr(self, f"_{actor.role}")(db, actor)

    def _signer(self, db: ClaimWorld, actor: Actor) -> Iterable[tuple[ClaimWorld, Actor]]:
        done = actor._replace(at="done")
        if actor.at == "read":
            goes_on = "read_journal" if not db.settled else "done"
            yield db, actor._replace(at=goes_on, until=db.now + VALID_FOR)
        elif actor.at == "read_journal":
            if not self.rules.journal_before_signature:
                yield db, actor._replace(at="sign")
            elif db.journal is None:
                yield db, actor._replace(at="write_ahead")
            else:
                yield db, self._with_entry(db, actor, db.journal)
        elif actor.at == "write_ahead":
            if db.journal is None or not self.rules.journal_is_insert_only:
                yield db._replace(journal=("intent", actor.until)), actor._replace(at="sign")
            else:
                yield db, self._with_entry(db, actor, db.journal)
        elif actor.at == "sign":
            yield db._replace(signatures=db.signatures | {actor.until}), actor._replace(at="write_signed")
        elif db.journal is None or db.journal[0] == "intent":
            yield db._replace(journal=("signed", actor.until)), done
        else:
            yield db, done

    def _with_entry(self, db: ClaimWorld, actor: Actor, entry: tuple[str, int]) -> Actor:
        state, until = entry
        if state == "void" or until < db.now:
            return actor._replace(at="done")
        return actor._replace(at="sign", until=until if self.rules.deadline_is_the_journals else actor.until)

    def _refunder(self, db: ClaimWorld, actor: Actor) -> Iterable[tuple[ClaimWorld, Actor]]:
        """A claim refused or too old: refunded without chain proof, if `void` won."""
        if actor.at == "read":
            yield db, actor._replace(at="done" if db.settled else "read_journal")
        elif actor.at == "read_journal":
            if db.journal is None:
                yield db, actor._replace(at="void" if self.rules.refund_needs_void else "refund")
            else:
                yield db, actor._replace(at="refund" if db.journal[0] == "void" else "done")
        elif actor.at == "void":
            if db.journal is None or not self.rules.journal_is_insert_only:
                yield db._replace(journal=("void", 0)), actor._replace(at="refund")
            else:
                yield db, actor._replace(at="done")
        else:
            yield self._settled(db, "refunded"), actor._replace(at="done")

    def _settler(self, db: ClaimWorld, actor: Actor) -> Iterable[tuple[ClaimWorld, Actor]]:
        """On the chain: confirmed when executed, refunded when the deadline has passed unexecuted."""
        if actor.at == "read":
            may_be_signed = db.journal is not None and db.journal[0] != "void" and not db.settled
            yield db, actor._replace(at="look" if may_be_signed else "done", entry=db.journal)
        elif actor.at == "look":
            assert actor.entry is not None
            if db.is_executed:
                yield db, actor._replace(at="confirm")
            elif db.now > actor.entry[1] or not self.rules.refund_waits_for_the_deadline:
                yield db, actor._replace(at="refund")
            else:
                yield db, actor._replace(at="done")
        elif actor.at == "confirm":
            yield self._settled(db, "confirmed"), actor._replace(at="done")
        else:
            yield self._settled(db, "refunded"), actor._replace(at="done")

    def _settled(self, db: ClaimWorld, outcome: str) -> ClaimWorld:
        """Both outcomes share one key: the first row stands."""
        return db if db.settled else db._replace(settled=outcome)

    def _wallet(self, db: ClaimWorld, actor: Actor) -> Iterable[tuple[ClaimWorld, Actor]]:
        """The player sends any signature that exists; the vault runs it once and not after its deadline."""
        if any(db.now <= until for until in db.signatures):
            yield db._replace(is_executed=True), actor._replace(at="done")

    def _time(self, db: ClaimWorld, actor: Actor) -> Iterable[tuple[ClaimWorld, Actor]]:
        yield db._replace(now=db.now + 1), actor if db.now + 1 < END else actor._replace(at="done")


def what_is_wrong(db: ClaimWorld) -> str | None:
    """Paid and given back is the one thing that must never be."""
    if db.is_executed and db.settled == "refunded":
        return "paid on the chain and refunded"
    if db.settled == "confirmed" and not db.is_executed:
        return "confirmed and never paid"
    return None


def check_signing(roles: list[str], *, rules: SigningRules | None = None) -> Exploration:
    """Explore these actors at once, with time and the player's wallet."""
    actors = [Actor(role, "read") for role in roles]
    others = [Actor("wallet", "send"), Actor("time", "pass")]
    model = Model(
        ClaimWorld(), (*actors, *others), SigningProtocol(rules or SigningRules()).step, what_is_wrong
    )
    return explore(model)
