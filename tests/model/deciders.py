"""The smallest deciders that can go wrong: spend, earn, battle, daily login, transfer, claim."""

from __future__ import annotations

from tests.model.ledger_state import Db, Decide, Decision, Hold, View
from tests.model.processes import DAY, Request

SETTLE = "s:settle"


def spend(view: View, now: int, is_capped: bool) -> Decision:
    if view.balance < 1:
        return Decision(False, "no funds")
    return Decision(True, f"spent, {view.balance - 1} left", delta=-1)


def earn(view: View, now: int, is_capped: bool) -> Decision:
    return Decision(True, "earned", delta=1)


def battle(*wishes: Hold) -> Decide:
    """Costs one coin and emits the wishes; over a cap it stands without its reward."""

    def decide(view: View, now: int, is_capped: bool) -> Decision:
        if view.balance < 1:
            return Decision(False, "no funds")
        if is_capped:
            return Decision(True, "fought for nothing", delta=-1)
        return Decision(True, "fought and won", delta=-1, wishes=wishes)

    return decide


def prize(*wishes: Hold) -> Decide:
    """Emits the wishes for nothing, or is refused for good."""

    def decide(view: View, now: int, is_capped: bool) -> Decision:
        return Decision(False, "cap reached") if is_capped else Decision(True, "won", wishes=wishes)

    return decide


def growing_prize(budget: str) -> Decide:
    """Emits one unit more for every row before it, so that a decision taken again wants another amount."""

    def decide(view: View, now: int, is_capped: bool) -> Decision:
        if is_capped:
            return Decision(True, "won nothing")
        return Decision(True, f"won {1 + view.seq}", wishes=((budget, 1 + view.seq),))

    return decide


def daily_login(view: View, now: int, is_capped: bool) -> Decision:
    day = now // DAY
    if view.mark("day") == day:
        return Decision(False, "taken today")
    return Decision(True, f"day {day} paid", delta=1, marks=(("day", day), (f"once:day {day}", 1)))


def tiring(view: View, now: int, is_capped: bool) -> Decision:
    """A broker with strength for one battle."""
    if view.mark("tired"):
        return Decision(False, "too tired")
    return Decision(True, "fought", delta=1, marks=(("tired", 1),))


def earn_or_burn(view: View, now: int, is_capped: bool) -> Decision:
    """Takes the coin of somebody who may hold one; another is burnt."""
    if view.balance:
        return Decision(True, "burnt", marks=(("once:burnt", 1),))
    return Decision(True, "earned", delta=1)


def send(second_key: str) -> Decide:
    def decide(view: View, now: int, is_capped: bool) -> Decision:
        if view.balance < 1:
            return Decision(False, "no funds")
        return Decision(True, "sent", delta=-1, opens=second_key)

    return decide


def transfer(key: str, sender: str, receiver: str, receive: Decide = earn) -> Request:
    second_key = f"s:{key}"
    return Request(key, sender, send(second_key), second=Request(second_key, receiver, receive))


def confirm(view: View, now: int, is_capped: bool) -> Decision:
    return Decision(True, "confirmed", escrow=-1)


def refund(view: View, now: int, is_capped: bool) -> Decision:
    return Decision(True, "refunded", escrow=-1, delta=1)


def accounts(*, shards: tuple[Hold, ...] = (), **balances: int) -> Db:
    """Players by name with their coins, and budget shards `<name>:<index>` with their caps."""
    return Db(tuple((name, View(balance=coins)) for name, coins in sorted(balances.items())), shards=shards)


def request(key: str, decide: Decide, account: str = "ann", *, clock: int = 0) -> Request:
    return Request(key, account, decide, clock)
