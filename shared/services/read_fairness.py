"""What the public may see of chance: commitments, published seeds, and the proof of one battle."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from shared.domain.calendar import day_before, iso_time, utc_day
from shared.domain.cursors import read_cursor, write_cursor
from shared.domain.errors import Refused
from shared.domain.fairness import disagreements, proof_from_document, published_at_ms
from shared.services.read_history import Page, read_battle

if TYPE_CHECKING:
    from shared.domain.fairness import FairnessRecord
    from shared.services.commit import Committer
    from shared.services.fairness_secrets import FairnessSecrets

FAIRNESS: Final = "fairness"
FIRST_DAY: Final = "2026-01-01"
"""No game of ours is older: where the past ends."""
MAX_STEPS: Final = 8
"""Stretches of days looked at for one page."""
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def read_today(fairness: FairnessSecrets) -> list[dict[str, Any]]:
    """Today's commitments, the one that counts last."""
    return [_answer(record) for record in fairness.records_of(utc_day(fairness.clock.now_ms()))]


def read_past_days(*, limit: int, cursor: str | None, fairness: FairnessSecrets) -> Page:
    """All epochs of past days, newest day first, each with its seed once that is public.

    A page is of so many days, not epochs. Days without a battle have none: a page may be empty and
    still have a next one, and the last page reaches back to before any game of ours.
    """
    day = utc_day(fairness.clock.now_ms())
    if cursor is not None:
        day = _cursor_day(cursor, today=day)
    records: list[FairnessRecord] = []
    for _ in range(MAX_STEPS):
        days = _days_before(day, count=limit)
        records = fairness.past(days)
        day = days[-1] if days else FIRST_DAY
        if records or day <= FIRST_DAY:
            break
    next_cursor = write_cursor(FAIRNESS, {"day": day}) if day > FIRST_DAY else None
    return Page([_answer(record) for record in records], next_cursor)


def read_proof(
    account: str, battle_id: str, *, committer: Committer, fairness: FairnessSecrets
) -> dict[str, Any]:
    """All that is needed to recompute a battle; with the day's seed, and our own check, once it is public.

    Raises Refused `battle_not_found`.
    """
    battle = read_battle(account, battle_id, committer=committer)
    proof = proof_from_document(battle["proof"])
    record = fairness.record(proof.epoch)
    answer = {
        "battleId": battle["id"],
        "proof": battle["proof"],
        "publishedAt": iso_time(published_at_ms(proof.epoch)),
    }
    if record.seed:
        answer["daySeed"] = record.seed
        answer["disagreements"] = disagreements(proof, bytes.fromhex(record.seed))
    return answer


def _days_before(day: str, *, count: int) -> list[str]:
    """So many days before this one, newest first; none before the first day there is."""
    days: list[str] = []
    while len(days) < count and day > FIRST_DAY:
        day = day_before(day)
        days.append(day)
    return days


def _cursor_day(cursor: str, *, today: str) -> str:
    day = read_cursor(FAIRNESS, cursor).get("day")
    if isinstance(day, str) and _DAY.fullmatch(day) and FIRST_DAY < day <= today:
        try:
            day_before(day)
        except ValueError:
            pass  # a 30th of February
        else:
            return day
    raise Refused("This cursor is not one of this list", code="invalid_cursor")


def _answer(record: FairnessRecord) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "epoch": record.epoch,
        "commitment": record.commitment,
        "keyId": record.key_id,
        "committedAt": iso_time(record.created_ms),
        "publishedAt": iso_time(published_at_ms(record.epoch)),
    }
    if record.seed:
        answer["daySeed"] = record.seed
    if record.note:
        answer["note"] = record.note
    return answer
