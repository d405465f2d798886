"""toncenter's adapter against a provider that lags, fails and lies: a value is right or there is none."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from nacl.signing import SigningKey

from infra.local.chain_client import ChainClient
from infra.local.jetton import minter_state_init
from infra.local.world import UNITS_PER_CREDIT, World
from infra.vault.code import CODE_HASH
from infra.vault.messages import DEPLOY_NANOTON, VaultSetup, vault_state_init
from shared.adapters import outgoing_http, toncenter_deliveries
from shared.adapters.toncenter import ProviderLimits, TonCenter
from shared.adapters.toncenter_chain import ToncenterChain
from shared.domain.errors import InvariantBroken, Unavailable
from shared.domain.ton.address import MAINNET_ID, bounceable, read_address
from shared.domain.ton.boc import write_boc_base64
from shared.domain.ton.cell import CellBuilder
from tests.adapters.distorting_proxy import (
    DistortingProxy,
    Document,
    Mishap,
    cutting_short,
    hanging,
    hanging_up,
    in_chunks,
    replying,
    talking_nonsense,
    trickling,
    until_closed,
)
from tests.local_claims import Claimant, advance

UNITS = 7 * UNITS_PER_CREDIT
QUICK = ProviderLimits(attempts=2, attempt_s=0.3, operation_s=0.8, backoff_s=0.01)
SOMEONE = "0:" + "66" * 32
OTHER_DIGEST = "qrvM3QAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
MISSING = object()


@pytest.fixture
def outcomes() -> list[str]:
    return []


@pytest.fixture
def proxy(chain: ChainClient) -> Iterator[DistortingProxy]:
    running = DistortingProxy(chain.provider_url)
    yield running
    running.stop()


Connect = Callable[..., ToncenterChain]


@pytest.fixture
def connect(
    chain: ChainClient, world: World, proxy: DistortingProxy, outcomes: list[str]
) -> Iterator[Connect]:
    """The adapter under test, talking through the proxy; `url`, `api_key`, `vault`, `limits` may be others."""
    providers: list[TonCenter] = []

    def build(
        *,
        url: str | None = None,
        api_key: str | None = chain.api_key,
        vault: str = world.vault,
        limits: ProviderLimits = QUICK,
    ) -> ToncenterChain:
        provider = TonCenter(
            url=url or proxy.url,
            api_key=api_key,
            jitter=lambda: 1.0,
            on_outcome=outcomes.append,
            limits=limits,
        )
        providers.append(provider)
        return ToncenterChain(provider, vault=vault, jetton_master=world.jetton_master)

    yield build
    for provider in providers:
        provider.close()


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    """Ends what a mishap started."""
    event = threading.Event()
    yield event
    event.set()


def reason_of(action: Callable[[], object]) -> str:
    with pytest.raises(Unavailable) as refusal:
        action()
    assert refusal.value.code == "provider_unavailable"
    assert "key" not in refusal.value.detail
    return str(refusal.value.extra["reason"])


def changing(method: str, path: str, value: Any) -> Callable[[str, Document], None]:
    """Set (or remove) one field of the result of one method."""

    def change(asked: str, document: Document) -> None:
        if asked != method:
            return
        holder: Any = document
        *steps, last = path.split(".")
        for step in steps:
            holder = holder[int(step) if step.isdigit() else step]
        if value is MISSING:
            del holder[int(last) if isinstance(holder, list) else last]
        elif isinstance(holder, list) and int(last) == len(holder):
            holder.append(value)
        else:
            holder[int(last) if isinstance(holder, list) else last] = value

    return change


# ---- what is read


def test_the_code_hash_is_that_of_the_pinned_contract(connect: Connect) -> None:
    assert connect().vault_snapshot(SOMEONE).code_hash == CODE_HASH


def test_the_account_is_the_worlds_vault(connect: Connect, world: World) -> None:
    account = connect().vault_account()
    assert account.jetton_master == world.jetton_master
    assert account.jetton_wallet == world.vault_jetton_wallet
    assert account.owner == world.owner
    assert account.public_key == world.oracle_public_key_hex
    assert account.code_hash == CODE_HASH
    assert account.network_id == world.network_id
    assert account.jetton_units > 0
    assert account.ton_nano > 0
    assert (account.is_paused, account.previous_key_until_s) == (False, 0)
    assert account.claim_cap_units < account.day_cap_units


def test_the_time_of_a_state_is_its_shards_own(
    connect: Connect, chain: ChainClient, chain_clock: Path
) -> None:
    chain.control("lag", shard_s=90)
    advance(chain_clock, seconds=200)
    state = chain.control("state")
    snapshot = connect().vault_snapshot(SOMEONE)
    chain.control("lag", shard_s=2)
    assert state["shard_time_s"] <= snapshot.shard_time_s < state["master_time_s"] - 60


def test_every_question_after_the_head_is_pinned_to_it(connect: Connect, chain: ChainClient) -> None:
    """Reads without a seqno are ten blocks stale here; a pinned read does not notice."""
    chain.control("lag", unpinned_blocks=10)
    snapshot = connect().vault_snapshot(SOMEONE)
    chain.control("lag", unpinned_blocks=0)
    assert snapshot.block_seqno >= chain.head_seqno() - 3


@pytest.fixture(scope="module")
def unfinished_vault(chain: ChainClient, world: World) -> str:
    """A vault whose owner has not set its jetton wallet yet."""
    owner = read_address(world.owner).address
    setup = VaultSetup(
        owner=owner,
        guardian=owner,
        jetton_master=read_address(world.jetton_master).address,
        oracle_key=b"\x07" * 32,
        network_id=world.network_id,
        per_claim_cap_units=1,
        per_day_cap_units=2,
    )
    init = write_boc_base64(vault_state_init(setup))
    deployed = chain.control("deploy", state_init=init, nano=str(DEPLOY_NANOTON))
    return read_address(deployed["address"]).address.raw


def test_a_vault_without_jetton_wallet_says_so(connect: Connect, unfinished_vault: str) -> None:
    account = connect(vault=unfinished_vault).vault_account()
    assert (account.jetton_wallet, account.jetton_units) == ("", 0)


def test_a_vault_without_jetton_wallet_has_no_history_of_it(
    connect: Connect, proxy: DistortingProxy, unfinished_vault: str
) -> None:
    adapter = connect(vault=unfinished_vault)
    assert list(adapter.deliveries(since_s=0)) == []
    proxy.change = changing("jetton/transfers", "jetton_transfers", MISSING)
    assert reason_of(lambda: adapter.deliveries(since_s=0)) == "no_jetton_wallet"


def test_a_contract_that_is_no_vault_gives_no_answer(
    connect: Connect, chain: ChainClient, world: World
) -> None:
    init = minter_state_init(owner=read_address(SOMEONE).address)
    other = chain.control("deploy", state_init=write_boc_base64(init), nano="200000000")["address"]
    adapter = connect(vault=read_address(other).address.raw)
    assert reason_of(lambda: adapter.vault_snapshot(SOMEONE)).startswith("exit_")
    assert reason_of(adapter.vault_account).startswith("exit_")


def test_an_account_that_does_not_exist_gives_no_answer(connect: Connect) -> None:
    assert reason_of(lambda: connect(vault="0:" + "77" * 32).vault_snapshot(SOMEONE)) == "account_not_active"


@pytest.mark.parametrize("suffix", ["/", "/api/v2", "/api/v2/", "/api/v2/jsonRPC"])
def test_a_providers_url_may_be_written_in_every_usual_way(
    connect: Connect, proxy: DistortingProxy, suffix: str
) -> None:
    assert connect(url=proxy.url + suffix).network_id() == -239


@pytest.mark.parametrize("url", ["", "toncenter.com", "ftp://toncenter.com", "https://"])
def test_a_url_that_is_none_is_our_mistake(connect: Connect, url: str) -> None:
    with pytest.raises(InvariantBroken):
        TonCenter(url=url, api_key=None, jitter=lambda: 0.0, on_outcome=lambda _: None)


def test_the_network_is_asked_for_once_and_only_remembered_when_known(
    connect: Connect, proxy: DistortingProxy
) -> None:
    adapter = connect()
    proxy.change = changing("getBlockHeader", "result.global_id", MISSING)
    assert reason_of(adapter.network_id) == "no_global_id"
    proxy.change = changing("getBlockHeader", "result.id", OTHER_BLOCK)
    assert reason_of(adapter.network_id) == "another_block"
    proxy.change = changing("getBlockHeader", "result.global_id", -3)
    assert adapter.network_id() == -3
    proxy.methods.clear()
    assert adapter.network_id() == -3
    assert proxy.methods == []


# ---- lies and malformed answers

OTHER_BLOCK = {
    "workchain": -1,
    "shard": "-9223372036854775808",
    "seqno": 1,
    "root_hash": OTHER_DIGEST,
    "file_hash": OTHER_DIGEST,
}
OTHER_STATE = {"lt": "1", "hash": OTHER_DIGEST}
SOMEONES_SLICE = [
    "cell",
    {"bytes": write_boc_base64(CellBuilder().address(read_address(SOMEONE).address).build())},
]

SNAPSHOT_LIES: list[tuple[str, str, Any]] = [
    ("getMasterchainInfo", "ok", False),
    ("getMasterchainInfo", "ok", "true"),
    ("getMasterchainInfo", "result", MISSING),
    ("getMasterchainInfo", "result", None),
    ("getMasterchainInfo", "result.last", MISSING),
    ("getMasterchainInfo", "result.last.seqno", "17"),
    ("getMasterchainInfo", "result.last.seqno", True),
    ("getMasterchainInfo", "result.last.seqno", 0),
    ("getMasterchainInfo", "result.last.seqno", 10**6),
    ("getMasterchainInfo", "result.last.workchain", 0),
    ("getMasterchainInfo", "result.last.root_hash", OTHER_DIGEST),
    ("getMasterchainInfo", "result.last.file_hash", ""),
    ("getAddressInformation", "ok", False),
    ("getAddressInformation", "result.state", "uninitialized"),
    ("getAddressInformation", "result.state", "frozen"),
    ("getAddressInformation", "result.state", MISSING),
    ("getAddressInformation", "result.block_id", OTHER_BLOCK),
    ("getAddressInformation", "result.block_id", MISSING),
    ("getAddressInformation", "result.block_id.seqno", 1),
    ("getAddressInformation", "result.sync_utime", MISSING),
    ("getAddressInformation", "result.sync_utime", 0),
    ("getAddressInformation", "result.sync_utime", "1800000000"),
    ("getAddressInformation", "result.sync_utime", 1.8e9),
    ("getAddressInformation", "result.sync_utime", True),
    ("getAddressInformation", "result.code", ""),
    ("getAddressInformation", "result.code", "te6c"),
    ("getAddressInformation", "result.code", MISSING),
    ("getAddressInformation", "result.last_transaction_id", OTHER_STATE),
    ("getAddressInformation", "result.last_transaction_id.lt", MISSING),
    ("getAddressInformation", "result.last_transaction_id.lt", 5),
    ("getAddressInformation", "result.last_transaction_id.hash", "AAAA"),
    ("getAddressInformation", "result.balance", "-1"),
    ("runGetMethod", "ok", False),
    ("runGetMethod", "result", []),
    ("runGetMethod", "result.exit_code", -13),
    ("runGetMethod", "result.exit_code", 11),
    ("runGetMethod", "result.exit_code", "0"),
    ("runGetMethod", "result.exit_code", False),
    ("runGetMethod", "result.exit_code", MISSING),
    ("runGetMethod", "result.block_id", OTHER_BLOCK),
    ("runGetMethod", "result.block_id", MISSING),
    ("runGetMethod", "result.last_transaction_id", OTHER_STATE),
    ("runGetMethod", "result.last_transaction_id", MISSING),
    ("runGetMethod", "result.last_transaction_id.hash", OTHER_DIGEST),
    ("runGetMethod", "result.stack", []),
    ("runGetMethod", "result.stack", [["num", "0x1"], ["num", "0x1"]]),
    ("runGetMethod", "result.stack", {}),
    ("runGetMethod", "result.stack", [["num", "1"]]),
    ("runGetMethod", "result.stack", [["num", 1]]),
    ("runGetMethod", "result.stack", [["num", "NaN"]]),
    ("runGetMethod", "result.stack", [["num", "-0x1"]]),
    ("runGetMethod", "result.stack", [["num", "0x1" + "0" * 16]]),
    ("runGetMethod", "result.stack", [["num", "0x" + "f" * 100_000]]),
    ("runGetMethod", "result.stack", [["num"]]),
    ("runGetMethod", "result.stack", ["num"]),
    ("runGetMethod", "result.stack", [SOMEONES_SLICE]),
]


def named(value: Any) -> str:
    return "missing" if value is MISSING else repr(value)[:40]


@pytest.mark.parametrize(("method", "path", "value"), SNAPSHOT_LIES, ids=named)
def test_an_answer_with_one_wrong_field_decides_nothing(
    connect: Connect, proxy: DistortingProxy, outcomes: list[str], method: str, path: str, value: Any
) -> None:
    adapter = connect()
    proxy.change = changing(method, path, value)
    reason = reason_of(lambda: adapter.vault_snapshot(SOMEONE))
    assert reason in outcomes, "what a snapshot fails of is in the error rate"


ACCOUNT_LIES: list[tuple[str, str, Any]] = [
    *SNAPSHOT_LIES[:32],
    ("runGetMethod", "result.exit_code", -13),
    ("runGetMethod", "result.block_id", OTHER_BLOCK),
    ("runGetMethod", "result.last_transaction_id", OTHER_STATE),
    ("runGetMethod", "result.stack", [SOMEONES_SLICE]),
    ("runGetMethod", "result.stack", [["num", "0x1"]] * 8),
    ("runGetMethod", "result.stack", [["num", "0x1"]] * 7),
    ("getVaultState", "result.stack.0", ["num", "0x1"]),
    ("getVaultState", "result.stack.8", ["num", "0x1"]),
    ("getOraclePublicKey", "result.stack", [["num", "-0x1"]]),
    ("getOraclePublicKey", "result.stack", [["num", "0x1" + "0" * 64]]),
    ("getJettonMaster", "result.stack", []),
    ("owner", "result.stack", []),
    ("getVaultJettonWallet", "result.exit_code", 11),
    ("getVaultJettonWallet", "result.exit_code", -13),
    ("get_wallet_data", "result.exit_code", -13),
    ("get_wallet_data", "result.stack.0", ["num", "-0x1"]),
    ("get_wallet_data", "result.stack.3", MISSING),
]


@pytest.mark.parametrize(("method", "path", "value"), ACCOUNT_LIES, ids=named)
def test_an_account_with_one_wrong_field_is_not_shown(
    connect: Connect, proxy: DistortingProxy, method: str, path: str, value: Any
) -> None:
    adapter = connect()
    proxy.change = changing(method, path, value)
    reason_of(adapter.vault_account)


@pytest.mark.parametrize(
    ("at", "reason"), [(1, "jetton_wallet_of_another_owner"), (2, "jetton_wallet_of_another_master")]
)
def test_an_inventory_in_somebody_elses_wallet_is_not_ours(
    connect: Connect, proxy: DistortingProxy, at: int, reason: str
) -> None:
    def change(method: str, document: Document) -> None:
        stack = document.get("result", {}).get("stack", [])
        if method == "runGetMethod" and len(stack) == 4:
            stack[at] = SOMEONES_SLICE

    adapter = connect()
    proxy.change = change
    assert reason_of(adapter.vault_account) == reason


@pytest.mark.parametrize("method", ["getAddressInformation", "runGetMethod"])
def test_an_older_state_under_the_pinned_blocks_name_is_noticed(
    connect: Connect, chain: ChainClient, world: World, oracle: SigningKey, method: str
) -> None:
    claimant = Claimant.funded(chain, world, oracle)
    claimant.claim(seqno=1, units=UNITS)
    chain.control("fault", kind="wrong_state", count=1, method=method, blocks=20)
    adapter = connect()
    assert reason_of(lambda: adapter.vault_snapshot(claimant.wallet.address)) == "another_state"
    assert adapter.vault_snapshot(claimant.wallet.address).last_seqno == 1


# ---- faults of the wire

FAILING: dict[str, tuple[Mishap, str]] = {
    "429 as toncenter writes it": (
        replying(429, b'{"ok":false,"result":"Ratelimit exceed","code":429}'),
        "http_429",
    ),
    "429 behind a 200": (replying(200, b'{"ok":false,"result":"Ratelimit exceed","code":429}'), "error_429"),
    "500": (replying(500, b'{"ok":false,"error":"LITE_SERVER_NOTREADY","code":500}'), "http_500"),
    "500 behind a 200": (replying(200, b'{"ok":false,"error":"timeout","code":500}'), "error_500"),
    "a gateway's page": (replying(502, b"<html>Bad gateway</html>"), "http_502"),
    "hanging up": (hanging_up, "connection"),
    "half an answer": (cutting_short, "connection"),
    "not HTTP": (talking_nonsense, "connection"),
}
HOPELESS: dict[str, tuple[Mishap, str]] = {
    "wrong key": (replying(401, b'{"ok":false,"result":"API key does not exist","code":401}'), "http_401"),
    "wrong key behind a 200": (replying(200, b'{"ok":false,"code":401}'), "error_401"),
    "unknown method": (replying(422, b'{"ok":false,"error":"Unknown method","code":422}'), "http_422"),
    "a redirect": (replying(302, b"", Location="http://127.0.0.1:1/"), "http_302"),
    "no content": (replying(204, b""), "http_204"),
    "a page": (replying(200, b"<html>Hello</html>"), "not_json"),
    "nothing": (replying(200, b""), "not_json"),
    "not UTF-8": (replying(200, b'{"ok": "\xff"}'), "not_json"),
    "a hundred thousand brackets": (replying(200, b"[" * 100_000), "not_json"),
    "a list": (replying(200, b"[]"), "not_an_object"),
    "a number": (replying(200, b"7"), "not_an_object"),
    "an empty object": (replying(200, b"{}"), "not_ok"),
}


@pytest.mark.parametrize(("mishap", "reason"), FAILING.values(), ids=FAILING.keys())
def test_a_passing_fault_is_tried_again_and_a_lasting_one_reported(
    connect: Connect, proxy: DistortingProxy, outcomes: list[str], mishap: Mishap, reason: str
) -> None:
    adapter = connect()
    proxy.mishaps.append(mishap)
    assert adapter.vault_snapshot(SOMEONE).last_seqno == 0
    assert outcomes == [reason, "ok", "ok", "ok"]
    proxy.mishaps.extend([mishap] * 5)
    assert reason_of(lambda: adapter.vault_snapshot(SOMEONE)) == reason
    assert outcomes[4:] == [reason] * QUICK.attempts


@pytest.mark.parametrize(("mishap", "reason"), HOPELESS.values(), ids=HOPELESS.keys())
def test_a_hopeless_answer_is_not_asked_for_again(
    connect: Connect, proxy: DistortingProxy, outcomes: list[str], mishap: Mishap, reason: str
) -> None:
    adapter = connect()
    proxy.mishaps.append(mishap)
    assert reason_of(lambda: adapter.vault_snapshot(SOMEONE)) == reason
    assert outcomes == [reason]


@pytest.mark.parametrize("kind", [hanging, trickling])
def test_an_answer_that_never_ends_is_given_up_in_time(
    connect: Connect,
    proxy: DistortingProxy,
    outcomes: list[str],
    stop: threading.Event,
    kind: Callable[[threading.Event], Mishap],
) -> None:
    adapter = connect()
    proxy.mishaps.extend([kind(stop)] * 10)
    started = time.monotonic()
    assert reason_of(lambda: adapter.vault_snapshot(SOMEONE)) == "timeout"
    assert time.monotonic() - started < QUICK.operation_s + 5
    assert outcomes == ["timeout"] * QUICK.attempts


def test_a_slow_provider_cannot_stretch_a_whole_operation(connect: Connect, proxy: DistortingProxy) -> None:
    def change(method: str, document: Document) -> None:
        time.sleep(0.25)

    adapter = connect()
    proxy.change = change
    started = time.monotonic()
    assert reason_of(adapter.vault_account) == "timeout"
    assert time.monotonic() - started < QUICK.operation_s + 5


def test_the_usual_limits_turn_a_hang_into_an_answer_within_three_seconds() -> None:
    assert ProviderLimits().operation_s < 3


def test_an_answer_too_large_to_be_one_is_dropped(
    connect: Connect, proxy: DistortingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.adapters.toncenter.MAX_ANSWER_BYTES", 1000)
    adapter = connect()
    proxy.mishaps.extend([replying(200, b" " * 1001)] * QUICK.attempts)
    assert reason_of(lambda: adapter.vault_snapshot(SOMEONE)) == "connection"


def test_a_stopped_provider_is_unavailable(connect: Connect, proxy: DistortingProxy) -> None:
    other = DistortingProxy(proxy.url)
    other.stop()
    assert reason_of(lambda: connect(url=other.url).vault_snapshot(SOMEONE)) == "connection"


def test_the_key_goes_along_and_a_wrong_one_is_refused(connect: Connect) -> None:
    assert reason_of(lambda: connect(api_key="fake-other-key").network_id()) == "http_401"
    assert reason_of(lambda: connect(api_key=None).network_id()) == "http_401"


def test_questions_share_one_connection(connect: Connect, proxy: DistortingProxy) -> None:
    adapter = connect()
    adapter.vault_account()
    adapter.vault_snapshot(SOMEONE)
    assert len(proxy.methods) > 10
    assert proxy.connections == 1


@pytest.mark.parametrize("framing", [in_chunks, until_closed])
def test_an_answer_in_any_framing_of_http_is_read(
    connect: Connect, proxy: DistortingProxy, outcomes: list[str], framing: Mishap
) -> None:
    adapter = connect()
    proxy.mishaps.append(framing)
    assert reason_of(adapter.network_id) == "no_last"
    assert outcomes == ["ok", "no_last"]
    assert adapter.network_id() == -239


def test_a_connection_closed_while_idle_costs_nothing(
    connect: Connect, proxy: DistortingProxy, outcomes: list[str]
) -> None:
    adapter = connect()
    adapter.vault_snapshot(SOMEONE)
    outcomes.clear()
    proxy.mishaps.append(hanging_up)
    assert adapter.network_id() == -239
    assert outcomes == ["ok", "ok"]
    assert proxy.connections == 2


def test_a_connection_idle_for_long_is_not_used_again(
    connect: Connect, proxy: DistortingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing_http, "IDLE_S", 0.0)
    connect().vault_snapshot(SOMEONE)
    assert proxy.connections == 3


# ---- deliveries


@pytest.fixture(scope="module")
def paid(chain: ChainClient, world: World, oracle: SigningKey) -> list[Claimant]:
    """Three players who were paid, the first of them twice."""
    claimants = [Claimant.funded(chain, world, oracle) for _ in range(3)]
    for claimant in claimants:
        claimant.claim(seqno=1, units=UNITS)
    claimants[0].claim(seqno=2, units=2 * UNITS)
    return claimants


def test_the_index_and_the_wallets_own_history_tell_the_same(
    connect: Connect, proxy: DistortingProxy, paid: list[Claimant]
) -> None:
    adapter = connect()
    indexed = list(adapter.deliveries(since_s=0))
    assert {(paid[0].wallet.address, 1, UNITS), (paid[0].wallet.address, 2, 2 * UNITS)} <= {
        (found.recipient, found.query_id, found.amount_units) for found in indexed
    }
    proxy.change = changing("jetton/transfers", "jetton_transfers", MISSING)
    assert list(adapter.deliveries(since_s=0)) == list(reversed(indexed))


def test_every_page_is_read_from_both(
    connect: Connect, proxy: DistortingProxy, paid: list[Claimant], monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = connect()
    whole = list(adapter.deliveries(since_s=0))
    monkeypatch.setattr(toncenter_deliveries, "INDEX_PAGE", 2)
    monkeypatch.setattr(toncenter_deliveries, "TRANSACTIONS_PAGE", 2)
    proxy.methods.clear()
    assert list(adapter.deliveries(since_s=0)) == whole
    assert len(proxy.methods) == len(whole) // 2 + 1
    proxy.change = changing("jetton/transfers", "jetton_transfers", MISSING)
    assert list(adapter.deliveries(since_s=0)) == list(reversed(whole))


def test_the_wallets_history_ends_at_the_time_asked_for(
    connect: Connect, proxy: DistortingProxy, paid: list[Claimant]
) -> None:
    adapter = connect()
    proxy.change = changing("jetton/transfers", "jetton_transfers", MISSING)
    last_s = max(found.time_s for found in adapter.deliveries(since_s=0))
    assert all(found.time_s >= last_s for found in adapter.deliveries(since_s=last_s))
    assert list(adapter.deliveries(since_s=last_s + 1)) == []


def test_a_transfer_that_failed_is_listed_as_aborted_by_both(
    connect: Connect, proxy: DistortingProxy, chain: ChainClient, world: World, oracle: SigningKey
) -> None:
    claimant = Claimant.funded(chain, world, oracle)
    chain.control("break_contract", address=world.vault_jetton_wallet)
    claimant.claim(seqno=1, units=UNITS)
    chain.control("mend_contract", address=world.vault_jetton_wallet)
    adapter = connect()
    for change in (lambda method, document: None, changing("jetton/transfers", "jetton_transfers", MISSING)):
        proxy.change = change
        mine = [
            found for found in adapter.deliveries(since_s=0) if found.recipient == claimant.wallet.address
        ]
        assert [found.is_aborted for found in mine] == [True]
    assert adapter.vault_snapshot(claimant.wallet.address).last_seqno == 0


INDEX_LIES: list[tuple[str, Any]] = [
    ("source", SOMEONE),
    ("source", MISSING),
    ("jetton_master", SOMEONE),
    ("destination", "0:11"),
    ("destination", None),
    ("amount", "1.5"),
    ("amount", 5),
    ("amount", "-5"),
    ("query_id", "0x1"),
    ("query_id", MISSING),
    ("transaction_aborted", "false"),
    ("transaction_aborted", MISSING),
    ("transaction_now", -1),
    ("transaction_now", "1800000000"),
    ("transaction_hash", "AAAA"),
]


@pytest.mark.parametrize(("name", "value"), INDEX_LIES, ids=named)
def test_a_wrong_row_of_the_index_sends_us_to_the_wallets_history(
    connect: Connect, proxy: DistortingProxy, paid: list[Claimant], name: str, value: Any
) -> None:
    adapter = connect()
    right = list(adapter.deliveries(since_s=0))
    proxy.change = changing("jetton/transfers", f"jetton_transfers.0.{name}", value)
    proxy.methods.clear()
    assert list(adapter.deliveries(since_s=0)) == list(reversed(right))
    assert "getTransactions" in proxy.methods


HISTORY_LIES: list[tuple[str, Any]] = [
    ("result", {}),
    ("result.0.transaction_id", MISSING),
    ("result.0.utime", "1800000000"),
    ("result.0.in_msg", MISSING),
    ("result.0.in_msg.source", "EQnobody"),
    ("result.0.in_msg.msg_data", {"@type": "msg.dataText", "text": "aGk="}),
    ("result.0.in_msg.msg_data.body", "te6c"),
    ("result.0.out_msgs", None),
]


@pytest.mark.parametrize(("path", "value"), HISTORY_LIES, ids=named)
def test_a_wrong_history_as_well_leaves_no_answer(
    connect: Connect, proxy: DistortingProxy, paid: list[Claimant], path: str, value: Any
) -> None:
    paid[1].claim(seqno=paid[1].last_seqno() + 1, units=UNITS)
    adapter = connect()

    def change(method: str, document: Document) -> None:
        changing("jetton/transfers", "jetton_transfers", MISSING)(method, document)
        changing("getTransactions", path, value)(method, document)

    proxy.change = change
    reason_of(lambda: adapter.deliveries(since_s=0))


def test_messages_of_others_to_the_wallet_are_not_deliveries(
    connect: Connect, proxy: DistortingProxy, paid: list[Claimant], chain: ChainClient, world: World
) -> None:
    """Anybody may send anything to the vault's jetton wallet, also something that looks like an order."""
    adapter = connect()
    before = adapter.deliveries(since_s=0)
    order = CellBuilder().unsigned(toncenter_deliveries.TRANSFER, bits=32).unsigned(9, bits=64).coins(UNITS)
    forged = order.address(read_address(SOMEONE).address).build()
    to = bounceable(read_address(world.vault_jetton_wallet).address, network_id=MAINNET_ID)
    chain.control("owner_send", to=to, nano="50000000", body=write_boc_base64(forged))
    assert adapter.deliveries(since_s=0) == before
    proxy.change = changing("jetton/transfers", "jetton_transfers", MISSING)
    assert list(adapter.deliveries(since_s=0)) == list(reversed(before))
