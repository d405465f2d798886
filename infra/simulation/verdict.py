"""What must be true when a run is over: the books, the answers, the names, and the chain agree."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from infra.simulation.answers import Answers
from infra.simulation.books import Books
from infra.simulation.derived import (
    administration_problems,
    audit_answers,
    board_problems,
)
from infra.simulation.world import VAULT, World
from shared.domain.ledger import is_client_key

HOUR_MS = 3_600_000
REFUSALS_PER_HOUR = 30


def judge(world: World, answers: Answers) -> tuple[list[str], int]:
    """Every problem of the finished run, and the units that budgets lost to crashes."""
    documents = world.database.documents
    books = Books(documents("ledger"), documents("players"), documents("budget"))
    problems = [
        *answers.problems,
        *world.database.discipline.problems(),
        *books.problems(),
        *(f"administrators: {problem}" for problem in _administrators(world).problems()),
        *administration_problems(world),
        *board_problems(world),
        *_answers(world, answers),
        *_names(books),
        *_wallet_names(world, books),
        *_once(books),
        *_paid(world),
    ]
    return problems, books.leaked


def _administrators(world: World) -> Books:
    """Their ledger keeps the same rules."""
    documents = world.database.documents
    return Books(documents("admin_audit"), documents("admin_heads"), [])


def _answers(world: World, answers: Answers) -> Iterator[str]:
    """Whoever was given an answer finds it in the ledger, word for word in its code."""
    rows = {row["k"]: row for row in world.database.documents("ledger")}
    said = {key: (bool(row["ok"]), row["res"].get("code", "")) for key, row in rows.items()}
    said |= audit_answers(world)
    for key, answer in sorted(answers.final.items()):
        if key not in said:
            yield f"{key} was answered {answer.kind} {answer.text}, the ledger has no such row"
        elif said[key] != (answer.kind == "done", answer.code):
            yield f"{key} was answered {answer.kind} {answer.code}, the ledger says {said[key]}"
    for key in sorted(answers.reused):
        if key not in said:
            yield f"{key} was refused as reused and was never used"
    yield from _rations(world, answers)
    banned = {row["acct"] for row in rows.values() if row["kind"] == "ban"}
    yield from (f"{account} was called banned and never was" for account in {*answers.banned} - banned)


def _rations(world: World, answers: Answers) -> Iterator[str]:
    """Rationed only after thirty refusals of its own in one hour; clocks differ, so the hours beside count too."""
    refused: Counter[tuple[str, int]] = Counter()
    for row in world.database.documents("ledger"):
        if not row["ok"] and is_client_key(row["k"], account=row["acct"]):
            refused[row["acct"], row["ts"] // HOUR_MS] += 1
    for account, now_ms in answers.rationed:
        hours = [now_ms // HOUR_MS + offset for offset in (-1, 0, 1)]
        if max(refused[account, hour] for hour in hours) < REFUSALS_PER_HOUR:
            yield f"{account} was rationed without thirty refusals in an hour"


def _names(books: Books) -> Iterator[str]:
    """One wallet and one code belong to one account, whatever the collections of names say."""
    for field_name in ("wallet", "referralCode"):
        owners: dict[str, list[str]] = defaultdict(list)
        for name, account in sorted(books.accounts.items()):
            value = account.state.get(field_name)
            if value:
                owners[value["address"] if isinstance(value, dict) else value].append(name)
        for value, names in owners.items():
            if len(names) > 1:
                yield f"the {field_name} {value} belongs to {' and '.join(names)}"


def _wallet_names(world: World, books: Books) -> Iterator[str]:
    """A linked wallet's name is its account's; otherwise the next player could link it too."""
    owners = {name["_id"]: name["acct"] for name in world.database.documents("wallets")}
    codes = {code["_id"]: code["acct"] for code in world.database.documents("codes")}
    for name, account in sorted(books.accounts.items()):
        wallet, code = account.state.get("wallet"), account.state.get("referralCode")
        if wallet and owners.get(f"{wallet.get('network')}:{wallet.get('address')}") != name:
            yield f"{name} has a wallet whose name is not its own"
        if code and codes.get(code) != name:
            yield f"{name} has a code that is not its own"


def _once(books: Books) -> Iterator[str]:
    """What happens once in a life or a day happened once."""
    seen: Counter[tuple[str, ...]] = Counter()
    for row in books.ledger:
        if row["ok"] and row["kind"] in ("starter", "referral", "register"):
            seen[row["acct"], row["kind"]] += 1
        if row["ok"] and row["kind"] == "daily":
            seen[row["acct"], "daily", row["day"]] += 1
    yield from (f"{' '.join(what)} happened {count} times" for what, count in seen.items() if count > 1)


def _paid(world: World) -> Iterator[str]:
    """What the vault paid is what left escrow for the chain; nothing refunded was ever paid."""
    paid = {(run.recipient, run.seqno): run.units for run in world.chain.executions if not run.is_aborted}
    confirmed: dict[tuple[str, int], int] = {}
    for claim in world.database.documents("claims"):
        terms = claim["terms"]
        if claim["state"] == "confirmed":
            confirmed[terms["recipient"], terms["seqno"]] = terms["credits"] * VAULT.units_per_credit
        if claim["state"] not in ("confirmed", "refunded"):
            yield f"the claim {claim['_id']} is left {claim['state']}"
    if paid != confirmed:
        yield f"the vault paid {paid}, the ledger confirmed {confirmed}"
    withdrawn = sum(
        leg["d"] * VAULT.units_per_credit
        for row in world.database.documents("ledger")
        for leg in row["legs"]
        if leg["a"] == "sys:withdrawn"
    )
    if withdrawn != sum(paid.values()):
        yield f"{withdrawn} units are booked as withdrawn, the vault paid {sum(paid.values())}"
