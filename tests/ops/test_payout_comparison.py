"""Every way in which chain and ledger can disagree is named, and nothing that is right is."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from infra.ops.payouts.command import REMEDIES, adjustment_for
from infra.ops.payouts.compare import BookedClaim, Books, Difference, Holder, compare, correction_reason
from shared.domain.claims import ClaimTerms, VaultIdentity
from shared.domain.ton_views import Delivery

VAULT = VaultIdentity(-3, "0:" + "aa" * 32, "0:" + "bb" * 32, 1_000)
OWNER = "0:" + "cc" * 32
ANNS = "0:" + "dd" * 32
NOW_S = 1_800_000_000
TERMS = ClaimTerms("c1", "tg1", -3, VAULT.vault, VAULT.jetton_master, ANNS, 10, 10_000, 1, 0, NOW_S * 1000)
PAID = Delivery(1, ANNS, 10_000, is_aborted=False, time_s=NOW_S + 60, transaction_hash="ab" * 32)
CONFIRMED = BookedClaim(TERMS, "confirmed", settled_ms=(NOW_S + 90) * 1000)
REASON = correction_reason(VAULT.vault, ANNS, 1)


def books(*claims: BookedClaim, debits: int = 0, known: int | None = None) -> Books:
    return Books(claims, {("tg1", REASON): debits}, {ANNS: Holder("tg1", known)})


def kinds(deliveries: list[Delivery], found: Books, *, since_s: int = NOW_S) -> list[str]:
    return [each.kind for each in compare(deliveries, found, vault=VAULT, owner=OWNER, since_s=since_s)]


def test_a_claim_that_was_paid_and_confirmed_is_no_difference() -> None:
    assert kinds([PAID], books(CONFIRMED, known=1)) == []


@pytest.mark.parametrize(
    ("claims", "named"),
    [
        ([], "paid_unknown"),
        ([replace(CONFIRMED, terms=replace(TERMS, units=9_999))], "paid_unknown"),
        ([replace(CONFIRMED, terms=replace(TERMS, vault="0:" + "ee" * 32))], "paid_unknown"),
        ([BookedClaim(TERMS, "refunded")], "paid_refunded"),
        ([BookedClaim(TERMS, "open")], "paid_unsigned"),
        ([BookedClaim(TERMS, "open", is_signed=True)], "paid_open"),
    ],
    ids=["no claim", "other units", "other vault", "refunded", "unsigned", "open"],
)
def test_a_payout_that_the_ledger_does_not_count_is_named(claims: list[BookedClaim], named: str) -> None:
    assert named in kinds([PAID], books(*claims))


def test_a_confirmed_claim_that_nobody_delivered_is_named() -> None:
    assert kinds([], books(CONFIRMED)) == ["undelivered"]
    assert kinds([replace(PAID, is_aborted=True)], books(CONFIRMED)) == ["undelivered"]


def test_the_debit_of_its_reason_puts_a_payout_right_and_one_too_many_is_named() -> None:
    assert kinds([PAID], books(debits=10)) == []
    [short] = compare([PAID], books(debits=4), vault=VAULT, owner=OWNER, since_s=NOW_S)
    assert (short.kind, short.credits) == ("paid_unknown", 6)
    [over] = compare([PAID], books(debits=25), vault=VAULT, owner=OWNER, since_s=NOW_S)
    assert (over.kind, over.credits) == ("charged_too_much", 15)
    assert kinds([PAID], books(CONFIRMED, debits=10)) == ["charged_too_much"]


def test_the_claim_that_was_paid_is_told_from_a_refunded_one_with_its_seqno() -> None:
    refunded = BookedClaim(replace(TERMS, id="c0"), "refunded")
    assert kinds([PAID], books(refunded, CONFIRMED)) == []


@pytest.mark.parametrize(("known", "named"), [(None, []), (0, ["seqno_behind"]), (1, []), (2, [])])
def test_a_wallet_whose_next_seqno_is_spent_is_named(known: int | None, named: list[str]) -> None:
    assert kinds([PAID], books(debits=10, known=known)) == named


def test_an_open_claim_moves_its_seqno_on_by_itself() -> None:
    claim = BookedClaim(TERMS, "open", is_signed=True)
    assert kinds([PAID], books(claim, known=0)) == ["paid_open"]


def test_withdrawals_failures_and_what_was_before_are_left_out() -> None:
    others = [replace(PAID, recipient=OWNER), replace(PAID, is_aborted=True)]
    assert kinds(others, books()) == []
    assert kinds([replace(PAID, time_s=NOW_S - 1)], books()) == []
    assert kinds([], books(replace(CONFIRMED, settled_ms=(NOW_S - 1) * 1000))) == []


def test_a_claim_confirmed_since_may_have_been_delivered_before() -> None:
    assert kinds([replace(PAID, time_s=NOW_S - 3_600)], books(CONFIRMED)) == []


def test_a_payout_to_a_wallet_that_nobody_has_asks_for_no_adjustment() -> None:
    [found] = compare([PAID], Books((), {}, {}), vault=VAULT, owner=OWNER, since_s=NOW_S)
    assert (found.account, adjustment_for(VAULT.vault, found)) == ("", None)


def test_every_kind_has_its_remedy_and_the_adjustment_repeats_harmlessly() -> None:
    found = Difference("paid_unknown", "tg1", ANNS, 1, 10_000, 10)
    request = adjustment_for(VAULT.vault, found)
    assert request == adjustment_for(VAULT.vault, found)
    assert request is not None
    assert request["body"]["reason"] == REASON
    assert len(REASON) <= 500
    assert json.dumps(REMEDIES[found.kind])
