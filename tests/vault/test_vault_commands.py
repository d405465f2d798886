"""`./arena vault` prints exactly the bytes the contract understands, and refuses what it would refuse."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tonsdk.boc import Cell as TonsdkCell
from typer.testing import CliRunner

from infra.ops.vault_commands import app
from infra.vault import messages
from shared.domain.ton.address import Address, bounceable, non_bounceable
from shared.domain.ton.boc import read_boc_base64

VAULT = Address(0, bytes(range(32)))
OTHER = Address(0, bytes(range(1, 33)))
KEY = bytes(range(1, 33))
ON_MAINNET = ["--vault", VAULT.raw, "--network", "mainnet"]

ORDERS: list[tuple[list[str], Any, int]] = [
    (["pause"], messages.set_paused(is_paused=True), 20_000_000),
    (["resume"], messages.set_paused(is_paused=False), 20_000_000),
    (
        ["set-oracle", "--key", KEY.hex(), "--grace-s", "60"],
        messages.set_oracle(KEY, grace_s=60),
        20_000_000,
    ),
    (
        ["set-caps", "--per-claim", "5", "--per-day", "50"],
        messages.set_caps(per_claim_units=5, per_day_units=50),
        20_000_000,
    ),
    (["set-jetton-wallet", "--wallet", OTHER.raw], messages.set_jetton_wallet(OTHER), 20_000_000),
    (["set-guardian", "--guardian", OTHER.raw], messages.set_guardian(OTHER), 20_000_000),
    (["propose-owner", "--new-owner", OTHER.raw], messages.propose_owner(OTHER), 20_000_000),
    (["accept-owner"], messages.accept_owner(), 20_000_000),
    (
        ["withdraw-jettons", "--units", "7", "--to", OTHER.raw, "--query-id", "3"],
        messages.withdraw_jettons(amount_units=7, to=OTHER, query_id=3),
        100_000_000,
    ),
    (
        ["withdraw-ton", "--nanoton", "9", "--to", OTHER.raw],
        messages.withdraw_ton(amount_nanoton=9, to=OTHER),
        20_000_000,
    ),
    (["top-up", "--nanoton", "1000"], messages.top_up(), 1_000),
]
DEPLOY = [
    "deploy", "--network", "testnet", "--owner", OTHER.raw, "--guardian", VAULT.raw, "--jetton-master", OTHER.raw,
    "--oracle-key", KEY.hex(), "--per-claim", "10", "--per-day", "100",
]  # fmt: skip


def answer(arguments: list[str]) -> dict[str, Any]:
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    document: dict[str, Any] = json.loads(result.output)
    return document


@pytest.mark.parametrize(("arguments", "body", "amount"), ORDERS, ids=lambda part: str(part)[:20])
def test_an_order_is_printed_as_the_message_to_sign(arguments: list[str], body: Any, amount: int) -> None:
    document = answer([*arguments, *ON_MAINNET])
    assert read_boc_base64(document["payload"]) == body
    assert document["amount"] == str(amount)
    assert document["address"] == bounceable(VAULT, network_id=-239)
    assert document["stateInit"] is None


@pytest.mark.parametrize(("arguments", "body", "amount"), ORDERS, ids=lambda part: str(part)[:20])
def test_the_deep_link_carries_the_same_bytes(arguments: list[str], body: Any, amount: int) -> None:
    document = answer([*arguments, *ON_MAINNET])
    link = urlsplit(document["deepLink"])
    query = parse_qs(link.query)
    assert (link.scheme, link.netloc, link.path) == ("ton", "transfer", f"/{document['address']}")
    assert query["amount"] == [str(amount)]
    if body.bit_length:
        carried = base64.urlsafe_b64decode(query["bin"][0])
        assert carried == base64.b64decode(document["payload"])
        assert bytes(TonsdkCell.one_from_boc(carried).bytes_hash()) == body.hash
    else:
        assert "bin" not in query


def test_a_deployment_carries_the_state_init_to_an_address_that_does_not_bounce() -> None:
    document = answer(DEPLOY)
    init = read_boc_base64(document["stateInit"])
    assert document["address"] == non_bounceable(Address(0, init.hash), network_id=-3)
    assert document["amount"] == "500000000"
    query = parse_qs(urlsplit(document["deepLink"]).query)
    assert base64.urlsafe_b64decode(query["init"][0]) == base64.b64decode(document["stateInit"])


def test_without_json_every_line_is_a_name_and_a_value() -> None:
    result = CliRunner().invoke(app, ["pause", *ON_MAINNET])
    assert result.exit_code == 0
    names = [line.split()[0] for line in result.output.splitlines()]
    assert names == ["what", "network", "address", "addressRaw", "amount", "payload", "deepLink"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["pause", "--vault", VAULT.raw],
        ["pause", "--vault", "nonsense", "--network", "mainnet"],
        ["pause", "--vault", bounceable(VAULT, network_id=-3), "--network", "mainnet"],
        ["set-oracle", *ON_MAINNET, "--key", "00" * 32, "--grace-s", "0"],
        ["set-oracle", *ON_MAINNET, "--key", "zz" * 32, "--grace-s", "0"],
        ["set-oracle", *ON_MAINNET, "--key", "11" * 31, "--grace-s", "0"],
        ["set-oracle", *ON_MAINNET, "--key", KEY.hex(), "--grace-s", "3601"],
        ["set-caps", *ON_MAINNET, "--per-claim", "-1", "--per-day", "1"],
        ["withdraw-ton", *ON_MAINNET, "--nanoton", "0", "--to", OTHER.raw],
        ["withdraw-ton", *ON_MAINNET, "--nanoton", str(2**120), "--to", OTHER.raw],
        ["withdraw-jettons", *ON_MAINNET, "--units", "1", "--to", OTHER.raw, "--query-id", str(2**64)],
    ],
    ids=lambda arguments: " ".join(arguments)[:60],
)
def test_a_wrong_argument_is_a_sentence_and_not_a_message(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == 2
    assert "deepLink" not in result.output
    assert "Traceback" not in result.output
