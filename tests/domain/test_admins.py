"""The permission table, cell by cell, and the rules of names and passwords."""

from __future__ import annotations

import pytest

from shared.domain.admins import (
    ACTIONS,
    PERMISSIONS,
    ROLES,
    Admin,
    actions_of,
    check_new_password,
    check_permission,
    normal_email,
)
from shared.domain.errors import Refused

EXPECTED = {
    #                      owner economist support viewer
    "session": "yes yes yes yes",
    "config.read": "yes yes yes yes",
    "config.change": "yes yes no no",
    "limits.change": "yes no no no",
    "game.pause": "yes yes yes no",
    "game.resume": "yes yes no no",
    "players.read": "yes yes yes yes",
    "players.note": "yes yes yes no",
    "players.ban": "yes no yes no",
    "players.adjust": "yes yes yes no",
    "adjustments.confirm": "yes yes no no",
    "claims.read": "yes yes yes yes",
    "claims.decide": "yes yes no no",
    "reports.read": "yes yes yes yes",
    "exports.read": "yes yes no no",
    "audit.read": "yes yes no yes",
    "admins.read": "yes no no no",
    "admins.change": "yes no no no",
}
CELLS = [
    (action, role, word == "yes")
    for action, row in EXPECTED.items()
    for role, word in zip(ROLES, row.split(), strict=True)
]


def test_the_table_has_a_row_for_every_action_and_no_other() -> None:
    assert list(EXPECTED) == list(ACTIONS)
    assert PERMISSIONS.keys() == EXPECTED.keys()
    assert ROLES == ("owner", "economist", "support", "viewer")


@pytest.mark.parametrize(("action", "role", "may"), CELLS)
def test_a_role_may_do_what_its_cell_says(action, role, may) -> None:
    assert (action in actions_of(role)) is may
    if may:
        check_permission(role, action)
        return
    with pytest.raises(Refused) as refused:
        check_permission(role, action)
    assert refused.value.code == "forbidden"


@pytest.mark.parametrize(
    "password", ["", "short", "a" * 30, "abcabcabcabcabc", "ä" * 40 + "bcdefg", "twelve\0chars!"]
)
def test_a_weak_password_is_refused(password: str) -> None:
    with pytest.raises(Refused) as refused:
        check_new_password(password)
    assert refused.value.code == "weak_password"
    assert password not in str(refused.value.extra) or password == ""


@pytest.mark.parametrize("password", ["correct horse battery", "abcde" * 14 + "xy"])
def test_a_long_and_varied_password_is_accepted(password: str) -> None:
    check_new_password(password)


@pytest.mark.parametrize(
    "text", ["", "ann", "ann@", "@example.org", "ann@example", "a b@example.org", "a" * 300]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        normal_email(text)
    assert refused.value.code == "invalid_email"


def test_an_epoch_changes_with_the_password_and_with_the_generation_and_hides_the_hash() -> None:
    ann = Admin("a", "ann@example.org", "viewer", "fake-hash")
    others = [
        Admin("a", "ann@example.org", "viewer", "other"),
        Admin("a", "ann@example.org", "viewer", "fake-hash", 2),
    ]
    assert len({admin.epoch() for admin in (ann, *others)}) == 3
    assert "fake-hash" not in repr(ann)
