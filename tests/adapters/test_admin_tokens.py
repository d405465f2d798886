"""Administrators' tokens: made with one secret, believed with two while a rotation lasts."""

from __future__ import annotations

import pytest

from shared.adapters.admin_tokens import HmacAdminTokens
from shared.domain.admin_session import AdminToken
from shared.domain.errors import InvariantBroken, Refused

OLD, NEW = "fake-old-secret-of-administrators-tokens", "fake-new-secret-of-administrators-tokens"


def token_of(number: int = 1):
    return AdminToken("admin-1", "epoch-1", f"token-{number}", 1_000, 4_600)


def test_a_token_of_either_secret_is_believed_while_there_are_two() -> None:
    before, after = HmacAdminTokens([OLD, NEW]), HmacAdminTokens([NEW, OLD])
    for issuer in (before, after):
        for reader in (before, after):
            assert reader.read(issuer.issue(token_of()), now_s=1_000) == token_of()


def test_tokens_are_made_with_the_first_secret_alone() -> None:
    text = HmacAdminTokens([NEW, OLD]).issue(token_of())
    assert HmacAdminTokens([NEW]).read(text, now_s=1_000) == token_of()
    with pytest.raises(Refused) as caught:
        HmacAdminTokens([OLD]).read(text, now_s=1_000)
    assert caught.value.code == "token_invalid"


def test_a_new_secret_without_the_former_ends_every_session() -> None:
    with pytest.raises(Refused):
        HmacAdminTokens([NEW]).read(HmacAdminTokens([OLD]).issue(token_of()), now_s=1_000)


@pytest.mark.parametrize("secrets", [[], [NEW, ""], [NEW, "short"], ["short", NEW], [NEW, OLD, NEW[::-1]]])
def test_there_are_one_or_two_secrets_and_each_is_long(secrets: list[str]) -> None:
    with pytest.raises(InvariantBroken):
        HmacAdminTokens(secrets)
