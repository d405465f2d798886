"""No client input produces a key of the system or of an administrator."""

from __future__ import annotations

import itertools

from shared.domain.ledger import admin_key, client_key, system_key

ALPHABET = ("a", ":", "s", "c")
ACCOUNTS = ("tg1", "tg12")


def _texts(longest: int) -> list[str]:
    return ["".join(text) for size in range(longest + 1) for text in itertools.product(ALPHABET, repeat=size)]


def test_every_client_text_stays_in_the_clients_name_space():
    client = {client_key(account, text) for account in ACCOUNTS for text in _texts(5)}
    system = {system_key(account, text) for account in ACCOUNTS for text in _texts(5)}
    admin = {
        admin_key(account, admin, text) for account in ACCOUNTS for admin in ("a", "s") for text in _texts(4)
    }
    assert not client & system
    assert not client & admin
    assert not system & admin


def test_one_accounts_keys_are_never_anothers():
    first, second = ({client_key(account, text) for text in _texts(5)} for account in ACCOUNTS)
    assert not first & second
