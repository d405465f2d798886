"""ton_proof: the documentation's vector, real wallets of four versions, and one code per lie."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from shared.domain.errors import Refused
from shared.domain.ton.address import Address, non_bounceable
from shared.domain.ton.boc import read_boc_base64, write_boc_base64
from shared.domain.ton.cell import Cell, CellBuilder
from shared.domain.ton.ton_proof import CheckedProof, check_proof, confirm_proof, read_wallet_proof

DATA = Path(__file__).parents[1] / "data"
WALLETS: dict[str, dict[str, str]] = {
    wallet["version"]: wallet for wallet in json.loads((DATA / "wallet_state_inits.json").read_text())
}
DOCUMENTED = json.loads((DATA / "ton_proof_documentation.json").read_text())
DOMAIN = "play.arena.example"
NOW_S = 1_800_000_000

Body = dict[str, Any]


def verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        VerifyKey(public_key).verify(message, signature)
    except BadSignatureError:
        return False
    return True


def signed_proof(version: str = "v4r2", *, seed: bytes | None = None, **changed: Any) -> tuple[Body, Body]:
    """What a wallet of this version sends; the digest is computed here from the specification, not by us."""
    wallet = WALLETS[version]
    item = {"timestamp": NOW_S - 5, "domain": DOMAIN, "payload": "challenge-1"} | changed
    domain, payload = item["domain"].encode(), item["payload"].encode()
    message = (
        b"ton-proof-item-v2/"
        + struct.pack(">i", 0)
        + bytes.fromhex(wallet["address"][2:])
        + struct.pack("<I", len(domain))
        + domain
        + struct.pack("<Q", item["timestamp"])
        + payload
    )
    digest = hashlib.sha256(b"\xff\xffton-connect" + hashlib.sha256(message).digest()).digest()
    signature = SigningKey(seed or bytes.fromhex(wallet["seed"])).sign(digest).signature
    account = {
        "address": wallet["address"],
        "chain": "-239",
        "walletStateInit": wallet["walletStateInit"],
        "publicKey": wallet["publicKey"],
    }
    proof = {
        "timestamp": item["timestamp"],
        "domain": {"lengthBytes": len(domain), "value": item["domain"]},
        "payload": item["payload"],
        "signature": base64.b64encode(signature).decode(),
    }
    return account, proof


def check(account: Body, proof: Body, *, now_s: int = NOW_S, domain: str = DOMAIN) -> CheckedProof:
    sent = read_wallet_proof(account=account, proof=proof)
    return check_proof(sent, network_id=-239, domains=(domain,), now_s=now_s)


def refusal_of(account: Body, proof: Body, **options: Any) -> str:
    with pytest.raises(Refused) as refusal:
        confirm_proof(check(account, proof, **options), verify=verify)
    return refusal.value.code


def test_the_documentations_own_proof_is_accepted() -> None:
    account, proof = DOCUMENTED["account"], DOCUMENTED["proof"]
    checked = check(account, proof, now_s=1674392730, domain="ratingers.pythonanywhere.com")
    assert checked.wallet_version == "v4r2"
    assert confirm_proof(checked, verify=verify).raw == account["address"]


@pytest.mark.parametrize("version", ["v3r1", "v3r2", "v4r2", "v5r1"])
def test_a_wallet_of_every_supported_version_proves_itself(version: str) -> None:
    checked = check(*signed_proof(version))
    assert checked.wallet_version == version
    assert checked.public_key.hex() == WALLETS[version]["publicKey"]
    assert checked.challenge == "challenge-1"
    assert confirm_proof(checked, verify=verify).raw == WALLETS[version]["address"]


def test_a_timestamp_as_text_and_a_missing_declared_key_are_fine() -> None:
    account, proof = signed_proof()
    del account["publicKey"]
    proof["timestamp"] = str(proof["timestamp"])
    assert confirm_proof(check(account, proof), verify=verify).raw == account["address"]


@pytest.mark.parametrize("age_s", [300, 0, -60])
def test_a_proof_is_good_to_the_last_second_of_its_time(age_s: int) -> None:
    confirm_proof(check(*signed_proof(timestamp=NOW_S - age_s)), verify=verify)


def foreign_state_init(
    *, head: int, data: Cell, references: tuple[Cell, ...] = ()
) -> Callable[[Body, Body], None]:
    """A lie that shows its own, consistent contract: address and state init belong together."""

    def lie(account: Body, proof: Body) -> None:
        code = references[0] if references else read_boc_base64(account["walletStateInit"]).references[0]
        root = Cell(head, 5, (code, data))
        account["walletStateInit"] = write_boc_base64(root)
        account["address"] = Address(0, root.hash).raw

    return lie


def setting(path: str, value: Any) -> Callable[[Body, Body], None]:
    def lie(account: Body, proof: Body) -> None:
        holder: Any = {"account": account, "proof": proof}
        *steps, last = path.split(".")
        for step in steps:
            holder = holder[step]
        holder[last] = value

    return lie


KEY = bytes.fromhex(WALLETS["v4r2"]["publicKey"])
FRESH_DATA = CellBuilder().unsigned(0, bits=64).octets(KEY).unsigned(0, bits=1).build()
LEAF = CellBuilder().build()
OTHER_SIGNATURE = base64.b64encode(bytes(64)).decode()
V5_CODE = read_boc_base64(WALLETS["v5r1"]["walletStateInit"]).references[0]
LOCKED_V5_DATA = CellBuilder().unsigned(0, bits=65).octets(KEY).unsigned(0, bits=1).build()

LIES: dict[str, tuple[str, Callable[[Body, Body], None]]] = {
    "chain of the test network": ("wrong_network", setting("account.chain", "-3")),
    "chain with a blank": ("wrong_network", setting("account.chain", "-239 ")),
    "address in friendly form": (
        "invalid_address",
        setting("account.address", non_bounceable(Address(0, bytes(32)), network_id=-239)),
    ),
    "address in the masterchain": ("invalid_address", setting("account.address", "-1:" + "11" * 32)),
    "address cut": ("invalid_address", setting("account.address", "0:11")),
    "a victim's address": ("state_init_mismatch", setting("account.address", "0:" + "83" * 32)),
    "another wallet's state init": (
        "state_init_mismatch",
        setting("account.walletStateInit", WALLETS["v3r2"]["walletStateInit"]),
    ),
    "state init empty": ("state_init_invalid", setting("account.walletStateInit", "")),
    "state init not base64": ("state_init_invalid", setting("account.walletStateInit", "%%%%")),
    "state init over 8 KiB": ("state_init_invalid", setting("account.walletStateInit", "A" * 12_000)),
    "state init of one cell": (
        "state_init_invalid",
        setting("account.walletStateInit", write_boc_base64(LEAF)),
    ),
    "state init with split depth": ("state_init_invalid", foreign_state_init(head=0b10110, data=FRESH_DATA)),
    "state init with a library": ("state_init_invalid", foreign_state_init(head=0b00111, data=FRESH_DATA)),
    "data cut": ("state_init_invalid", foreign_state_init(head=0b00110, data=LEAF)),
    "data with a plugin": (
        "state_init_invalid",
        foreign_state_init(
            head=0b00110,
            data=CellBuilder().unsigned(0, bits=64).octets(KEY).unsigned(1, bits=1).reference(LEAF).build(),
        ),
    ),
    "data with a plugin bit alone": (
        "state_init_invalid",
        foreign_state_init(
            head=0b00110, data=CellBuilder().unsigned(0, bits=64).octets(KEY).unsigned(1, bits=1).build()
        ),
    ),
    "an unknown contract": (
        "wallet_unknown",
        foreign_state_init(head=0b00110, data=FRESH_DATA, references=(LEAF,)),
    ),
    "a v5 that forbids signatures": (
        "wallet_unknown",
        foreign_state_init(head=0b00110, data=LOCKED_V5_DATA, references=(V5_CODE,)),
    ),
    "another site": ("domain_mismatch", setting("proof.domain.value", "evil.example")),
    "a subdomain": ("domain_mismatch", setting("proof.domain.value", f"a.{DOMAIN}")),
    "a site in capitals": ("domain_mismatch", setting("proof.domain.value", DOMAIN.upper())),
    "a lie about the site's length": ("domain_mismatch", setting("proof.domain.lengthBytes", 5)),
    "one second too old": ("proof_expired", setting("proof.timestamp", NOW_S - 301)),
    "one second too far ahead": ("proof_from_future", setting("proof.timestamp", NOW_S + 61)),
    "a time beyond 64 bits": ("proof_from_future", setting("proof.timestamp", 1 << 70)),
    "another time": ("signature_invalid", setting("proof.timestamp", NOW_S - 4)),
    "another challenge": ("signature_invalid", setting("proof.payload", "challenge-2")),
    "another signature": ("signature_invalid", setting("proof.signature", OTHER_SIGNATURE)),
    "a short signature": ("signature_invalid", setting("proof.signature", OTHER_SIGNATURE[:-4])),
    "a signature that is not base64": ("signature_invalid", setting("proof.signature", "é" * 88)),
    "another declared key": ("public_key_mismatch", setting("account.publicKey", "00" * 32)),
    "a declared key that is no key": ("public_key_mismatch", setting("account.publicKey", "")),
    "an empty challenge": ("proof_malformed", setting("proof.payload", "")),
    "a challenge over 128 bytes": ("proof_malformed", setting("proof.payload", "é" * 65)),
    "a challenge of half a character": ("proof_malformed", setting("proof.payload", "\ud800")),
    "a time that is a fraction": ("proof_malformed", setting("proof.timestamp", NOW_S + 0.5)),
    "a time that is true": ("proof_malformed", setting("proof.timestamp", True)),
    "a negative time": ("proof_malformed", setting("proof.timestamp", -1)),
    "a time in other digits": ("proof_malformed", setting("proof.timestamp", "١٢٣")),
    "a time of a million digits": ("proof_malformed", setting("proof.timestamp", "9" * 1_000_000)),
    "no site": ("proof_malformed", setting("proof.domain", None)),
    "a site that is a list": ("proof_malformed", setting("proof.domain.value", [DOMAIN])),
    "a length that is text": ("proof_malformed", setting("proof.domain.lengthBytes", "18")),
    "a chain that is a number": ("proof_malformed", setting("account.chain", -239)),
    "a key that is a number": ("proof_malformed", setting("account.publicKey", 7)),
    "no state init": ("proof_malformed", setting("account.walletStateInit", None)),
}


@pytest.mark.parametrize(("code", "lie"), LIES.values(), ids=LIES.keys())
def test_every_lie_is_refused_with_its_own_code(code: str, lie: Callable[[Body, Body], None]) -> None:
    account, proof = copy.deepcopy(signed_proof())
    lie(account, proof)
    assert refusal_of(account, proof) == code


def test_a_proof_by_somebody_elses_key_is_refused() -> None:
    assert refusal_of(*signed_proof(seed=b"\x77" * 32)) == "signature_invalid"


@pytest.mark.parametrize(("account", "proof"), [(None, {}), ({}, None), ([], {}), ("x", "y"), ({}, {})])
def test_a_body_of_another_shape_is_refused(account: Any, proof: Any) -> None:
    with pytest.raises(Refused) as refusal:
        read_wallet_proof(account=account, proof=proof)
    assert refusal.value.code == "proof_malformed"
