"""What the public may see of chance: commitments, published seeds, and the proof of one battle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.domain.calendar import day_before, iso_time, utc_day
from shared.domain.cursors import read_cursor, write_cursor
from shared.domain.errors import Refused
from shared.domain.fairness import FairnessRecord, disagreements, proof_from_document, published_at_ms
from shared.services.read_history import Page, read_battle

if TYPE_CHECKING:
    from shared.services.commit import Committer
    from shared.services.fairness_secrets import FairnessSecrets

FAIRNESS: Final = "fairness"
_DAY_LENGTH: Final = len("2026-11-22")


def read_today(fairness: FairnessSecrets) -> list[dict[str, Any]]:
    """Today's commitments, the one that counts last."""
    return [_answer(record) for record in fairness.records_of(utc_day(fairness.clock.now_ms()))]


def read_past_days(*, limit: int, cursor: str | None, fairness: FairnessSecrets) -> Page:
    """Past days newest first, each with its seed once that is public; ends at the first day without one."""
    day = utc_day(fairness.clock.now_ms())
    if cursor is not None:
        day = _cursor_day(cursor)
    days: list[str] = []
    for _ in range(limit):
        day = day_before(day)
        days.append(day)
    records = fairness.past(days)
    next_cursor = write_cursor(FAIRNESS, {"day": days[-1]}) if records else None
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


def _cursor_day(cursor: str) -> str:
    day = read_cursor(FAIRNESS, cursor).get("day")
    if isinstance(day, str) and len(day) == _DAY_LENGTH and day.replace("-", "").isdigit():
        try:
            day_before(day)
        except (ValueError, OverflowError):
            pass
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
