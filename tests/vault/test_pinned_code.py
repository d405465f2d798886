"""Settlement believes one contract: the one compiled here."""

from __future__ import annotations

from infra.vault.code import CODE_HASH
from shared.domain.ton.vault_code import VAULT_CODE_HASH


def test_settlement_trusts_exactly_the_compiled_vault() -> None:
    assert VAULT_CODE_HASH == CODE_HASH
