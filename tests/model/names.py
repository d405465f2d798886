"""Names before rows: a wallet's global name, taken before the link's row and released after the unlink's.

Follows shared/services/link_wallet.py: a name carries the ticket of the link that took it last, and a
release deletes it only under the ticket its row let go.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from tests.model.checker import Exploration, Model, explore


@dataclass(frozen=True)
class NameRules:
    """Switched off in turn by the tests."""

    name_before_row: bool = True
    release_by_ticket: bool = True
    link_refuses_after_a_change: bool = True


class Account(NamedTuple):
    """The account as its rows make it: the ticket under which it has the wallet, and its changes so far."""

    ticket: str = ""
    changes: int = 0


class Names(NamedTuple):
    """`name` is the one wallet's (owner, ticket), None when free; `keys` are the committed keys."""

    accounts: tuple[tuple[str, Account], ...]
    name: tuple[str, str] | None = None
    keys: tuple[tuple[str, str], ...] = ()

    def of(self, account: str) -> Account:
        return dict(self.accounts)[account]

    def with_row(self, account: str, key: str, answer: str, state: Account) -> Names:
        accounts = tuple((name, state if name == account else old) for name, old in self.accounts)
        return self._replace(accounts=accounts, keys=(*self.keys, (key, answer)))


class Asking(NamedTuple):
    """One request: link or unlink the wallet; `released` is the ticket its row let go."""

    verb: str
    account: str
    key: str
    at: str = "look_up"
    ticket: str = ""
    seen_changes: int = 0
    released: str = ""


@dataclass(frozen=True)
class NameProtocol:
    """The row's commit is one step here: the commit protocol has a model of its own."""

    rules: NameRules

    def step(self, db: Names, asking: Asking) -> Iterable[tuple[Names, Asking]]:
        yield getattr(self, f"_{asking.at}")(db, asking)

    def _look_up(self, db: Names, asking: Asking) -> tuple[Names, Asking]:
        answered = dict(db.keys).get(asking.key)
        if answered is not None:
            return db, asking._replace(at="release", released=answered)
        if asking.verb == "unlink":
            return db, asking._replace(at="commit")
        return db, asking._replace(at="read" if self.rules.name_before_row else "commit")

    def _read(self, db: Names, asking: Asking) -> tuple[Names, Asking]:
        return db, asking._replace(at="take", seen_changes=db.of(asking.account).changes)

    def _take(self, db: Names, asking: Asking) -> tuple[Names, Asking]:
        if db.name is not None and db.name[0] != asking.account:
            return db, asking._replace(at="done")
        taken = db._replace(name=(asking.account, asking.ticket))
        return taken, asking._replace(at="commit" if self.rules.name_before_row else "done")

    def _commit(self, db: Names, asking: Asking) -> tuple[Names, Asking]:
        state = db.of(asking.account)
        answered = dict(db.keys).get(asking.key)
        if answered is not None:
            return db, asking._replace(at="release", released=answered)
        if asking.verb == "unlink":
            after = Account("", state.changes + 1) if state.ticket else state
            row = db.with_row(asking.account, asking.key, state.ticket, after)
            return row, asking._replace(at="release", released=state.ticket)
        is_changed = state.changes != asking.seen_changes
        if self.rules.link_refuses_after_a_change and self.rules.name_before_row and is_changed:
            return db, asking._replace(at="done")
        changes = state.changes + (0 if state.ticket else 1)
        row = db.with_row(asking.account, asking.key, "", Account(asking.ticket, changes))
        return row, asking._replace(at="done" if self.rules.name_before_row else "take")

    def _release(self, db: Names, asking: Asking) -> tuple[Names, Asking]:
        name, done = db.name, asking._replace(at="done")
        if not asking.released or name is None or name[0] != asking.account:
            return db, done
        if self.rules.release_by_ticket and name[1] != asking.released:
            return db, done
        return db._replace(name=None), done


def what_is_wrong(db: Names) -> str | None:
    """A wallet belongs to one account at most, whatever the names say."""
    owners = [name for name, state in db.accounts if state.ticket]
    return f"{' and '.join(owners)} have the same wallet" if len(owners) > 1 else None


def check_names(requests: list[tuple[str, str, str]], *, rules: NameRules | None = None) -> Exploration:
    """Explore (verb, account, key) requests at once; nobody has the wallet in the beginning."""
    names = sorted({account for _, account, _ in requests})
    start = Names(tuple((name, Account()) for name in names))
    processes = tuple(
        Asking(verb, account, key, ticket=f"t{number}")
        for number, (verb, account, key) in enumerate(requests)
    )
    return explore(Model(start, processes, NameProtocol(rules or NameRules()).step, what_is_wrong))
