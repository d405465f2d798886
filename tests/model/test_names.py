"""One wallet, one account: in every interleaving of links and unlinks, and only under all three rules."""

from __future__ import annotations

from typing import Any

import pytest

from tests.model.names import NameRules, check_names

LINKS = [("link", "ann", "k1"), ("link", "ann", "k2"), ("link", "bob", "b"), ("unlink", "ann", "u")]
REPEATED_UNLINK = [
    ("link", "ann", "k1"),
    ("unlink", "ann", "u"),
    ("unlink", "ann", "u"),
    ("link", "ann", "k2"),
    ("link", "bob", "b"),
]


@pytest.mark.parametrize("requests", [LINKS, REPEATED_UNLINK], ids=["links", "repeated unlink"])
def test_two_accounts_never_have_one_wallet(requests):
    exploration = check_names(requests)
    print(exploration)
    assert exploration.violation is None, str(exploration)


@pytest.mark.parametrize("rule", NameRules.__dataclass_fields__)
def test_without_this_rule_two_accounts_have_one_wallet(rule):
    without: dict[str, Any] = {rule: False}
    exploration = check_names(REPEATED_UNLINK, rules=NameRules(**without))
    print(f"without {rule}: {exploration}")
    assert exploration.violation == "ann and bob have the same wallet"
