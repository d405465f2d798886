"""Foreign bytes in great numbers: the parsers answer with a value or a declared refusal, in bounded time.

A tenth of the inputs by default; ARENA_TEST_FULL=1 runs all 200,000. The seed is printed and can be
given as ARENA_TEST_SEED to see a failure again.
"""

from __future__ import annotations

import base64
import json
import os
import random  # noqa: TID251 - a fuzz run needs chance; its seed is printed
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.domain.errors import Refused
from shared.domain.ton.address import Address, read_address
from shared.domain.ton.boc import read_boc, write_boc
from shared.domain.ton.cell import Cell
from shared.domain.ton.ton_proof import check_proof, read_wallet_proof
from shared.domain.ton.wallet_state_init import wallet_key

ENVIRONMENT = os.environ  # noqa: TID251 - the test run's own switches
SHARE = 1 if ENVIRONMENT.get("ARENA_TEST_FULL") == "1" else 10
DATA = Path(__file__).parents[1] / "data"
WALLETS: list[dict[str, str]] = json.loads((DATA / "wallet_state_inits.json").read_text())
DOCUMENTED: dict[str, Any] = json.loads((DATA / "ton_proof_documentation.json").read_text())
BAGS = [base64.b64decode(wallet["walletStateInit"]) for wallet in WALLETS]
SLOWEST_S = 1.0

PROOF_CODES = {
    "wrong_network",
    "invalid_address",
    "state_init_invalid",
    "state_init_mismatch",
    "wallet_unknown",
    "domain_mismatch",
    "proof_expired",
    "proof_from_future",
    "proof_malformed",
    "signature_invalid",
}


@pytest.fixture
def chance() -> random.Random:
    seed = int(ENVIRONMENT.get("ARENA_TEST_SEED", secrets.randbits(32)))
    print(f"seed {seed}: repeat with ARENA_TEST_SEED={seed}")
    return random.Random(seed)


def mutated(octets: bytes, chance: random.Random) -> bytes:
    """One to four changes of every kind a wire or an attacker makes."""
    out = bytearray(octets)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(out) or 1)
        match chance.randrange(6):
            case 0 if out:
                out[at] ^= 1 << chance.randrange(8)
            case 1 if out:
                # The header and the descriptors are where the structure is.
                out[chance.randrange(min(14, len(out)))] = chance.choice((0, 1, 2, 3, 4, 0x7F, 0x80, 0xFF))
            case 2:
                del out[at : at + chance.randint(1, 8)]
            case 3:
                out[at:at] = chance.randbytes(chance.randint(1, 8))
            case 4:
                out[at : at + 4] = out[:4]
            case _:
                del out[at:]
    return bytes(out)


def forged_bag(chance: random.Random) -> bytes:
    """A well-formed envelope around random descriptors, data and references: gets past the header."""
    size, count = chance.choice((1, 1, 1, 2)), chance.randint(1, 12)
    cells = b""
    for index in range(count):
        references = chance.choice((0, 0, 1, 1, 2, 3, 4, 5)) if index + 1 < count else 0
        data = chance.randint(0, 20)
        targets = [chance.randint(min(index + 1, count - 1), count) % 256 for _ in range(references)]
        filling = chance.randbytes((data + 1) // 2)
        cells += bytes((references, data)) + filling + b"".join(t.to_bytes(size, "big") for t in targets)
    counts = b"".join(number.to_bytes(size, "big") for number in (count, 1, 0))
    return (
        b"\xb5\xee\x9c\x72" + bytes((size, 2)) + counts + len(cells).to_bytes(2, "big") + bytes(size) + cells
    )


def foreign_bags(chance: random.Random, *, count: int) -> Iterator[bytes]:
    uncheckable = [bag[:4] + bytes((bag[4] & ~0x40,)) + bag[5:-4] for bag in BAGS]
    for _ in range(count):
        match chance.randrange(4):
            case 0:
                yield chance.randbytes(chance.randint(0, 200))
            case 1:
                yield forged_bag(chance)
            case 2:
                yield mutated(chance.choice(BAGS), chance)
            case _:
                yield mutated(chance.choice(uncheckable), chance)


def outcome(parse: Callable[[], Any], allowed: set[str]) -> Any:
    """The value, or None for a declared refusal; anything else is the failure we look for."""
    started, value, code = time.process_time(), None, None
    try:
        value = parse()
    except Refused as refusal:
        code = refusal.code
    assert time.process_time() - started < SLOWEST_S
    assert code is None or code in allowed
    return value


def test_no_bytes_make_the_bag_reader_do_anything_but_answer(chance: random.Random) -> None:
    read = 0
    for octets in foreign_bags(chance, count=100_000 // SHARE):
        cell = outcome(lambda octets=octets: read_boc(octets), {"invalid_boc"})
        if isinstance(cell, Cell):
            read += 1
            assert read_boc(write_boc(cell)) == cell
    assert read > 100, "the fuzz reaches deep enough to find some bags good"


def test_no_bytes_make_the_state_init_reader_do_anything_but_answer(chance: random.Random) -> None:
    allowed = {"state_init_invalid", "state_init_mismatch", "wallet_unknown"}
    addresses = [Address(0, bytes.fromhex(wallet["address"][2:])) for wallet in WALLETS]
    for octets in foreign_bags(chance, count=40_000 // SHARE):
        text = base64.b64encode(octets).decode()
        if chance.random() < 0.1:
            text = mutated(text.encode(), chance).decode("latin-1")
        key = outcome(lambda text=text: wallet_key(text, address=chance.choice(addresses)), allowed)
        # A key may come out only for the state init whose hash the address is.
        assert key is None or read_boc(base64.b64decode(text)).hash in {a.hash for a in addresses}


def odd_value(chance: random.Random) -> Any:
    return chance.choice(
        [
            None,
            True,
            0,
            -1,
            1 << 70,
            1.5,
            float("nan"),
            "",
            "0",
            "\ud800",
            "\0",
            "é" * 40,
            [],
            {},
            [[]],
            "A" * 500,
        ]
    )


def distorted(document: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """Change some values of a JSON document: drop, replace, or damage the text."""
    out: dict[str, Any] = {}
    for name, value in document.items():
        roll = chance.random()
        if isinstance(value, dict) and roll > 0.05:
            out[name] = distorted(value, chance)
        elif roll < 0.02:
            continue
        elif roll < 0.06:
            out[name] = odd_value(chance)
        elif roll < 0.16 and isinstance(value, str):
            out[name] = mutated(value.encode(), chance).decode("latin-1")
        else:
            out[name] = value
    return out


def test_no_body_makes_the_proof_reader_do_anything_but_answer(chance: random.Random) -> None:
    accepted = 0
    for _ in range(50_000 // SHARE):
        body = distorted(DOCUMENTED, chance)

        def parse(body: dict[str, Any] = body) -> Any:
            proof = read_wallet_proof(account=body.get("account"), proof=body.get("proof"))
            domains = ("ratingers.pythonanywhere.com",)
            return check_proof(proof, network_id=-239, domains=domains, now_s=1674392730)

        accepted += outcome(parse, PROOF_CODES) is not None
    assert accepted > 0, "the fuzz leaves some bodies whole"


def test_no_text_makes_the_address_reader_do_anything_but_answer(chance: random.Random) -> None:
    forms = [
        "0:" + "ab" * 32,
        "EQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAM9c",
        "kf_Epw0CO-AC9h9H5mdztjsb7CAvCePIHmvP0-vW6Xuekx41",
    ]
    for _ in range(20_000 // SHARE):
        text = mutated(chance.choice(forms).encode(), chance).decode("latin-1")
        outcome(lambda text=text: read_address(text), {"invalid_address"})
