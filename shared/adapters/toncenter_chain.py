"""The Chain port over toncenter: the vault read at one pinned masterchain block, or not at all.

Order of a pinned read: the head's seqno S, the account at S, then get-methods at S, each of which must
name the same block and the same last transaction. The time of a state is its shard block's own
(`sync_utime`); masterchain time and any server's wall clock would refund claims that can still run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from shared.adapters import toncenter_answers as read
from shared.adapters.toncenter_answers import BlockId, TransactionId, agree
from shared.adapters.toncenter_deliveries import indexed_deliveries, wallet_deliveries
from shared.adapters.toncenter_rejections import vault_rejections
from shared.domain.errors import Unavailable
from shared.domain.money import INT64_MAX
from shared.domain.ton.address import stored_address
from shared.domain.ton.boc import write_boc_base64
from shared.domain.ton.cell import CellBuilder
from shared.domain.ton_views import ClaimRejection, Delivery, VaultAccount, VaultSnapshot

if TYPE_CHECKING:
    from shared.adapters.toncenter import Operation, TonCenter

MASTERCHAIN_SHARD: Final = "-9223372036854775808"
VAULT_STATE_FIELDS: Final = 8
WALLET_DATA_FIELDS: Final = 4
DAY_S: Final = 86_400
NO_WALLET_EXIT: Final = 1009
"""The vault's exit code for a jetton wallet that its owner has not set yet."""


@dataclass(frozen=True, slots=True)
class _PinnedAccount:
    """An active account at `block`: the state after `last`, of a shard block of `time_s`."""

    address: str
    block: BlockId
    last: TransactionId
    time_s: int
    ton_nano: int
    code_hash: str


class ToncenterChain:
    """Implements ports.chain.Chain for one vault and one provider; addresses are raw.

    Every method raises Unavailable `provider_unavailable` for any error, missing field, 429, 5xx,
    time-out, disagreement or failed get-method; `extra.reason` says which, for logs.
    """

    def __init__(self, provider: TonCenter, *, vault: str, jetton_master: str) -> None:
        self._provider = provider
        self._vault = stored_address(vault).raw
        self._jetton_master = stored_address(jetton_master).raw
        self._network_id: int | None = None
        self._jetton_wallet: str | None = None

    def network_id(self) -> int:
        """`global_id` of the head's own block header; asked for until the first answer, then remembered."""
        if self._network_id is None:
            with self._provider.operation() as ask:
                head = _head(ask)
                header = ask.call(
                    "getBlockHeader", workchain=head.workchain, shard=MASTERCHAIN_SHARD, seqno=head.seqno
                )
                agree(read.block_id(header, "id") == head, "another_block")
                self._network_id = read.whole(header, "global_id")
        return self._network_id

    def vault_snapshot(self, recipient: str) -> VaultSnapshot:
        """Vault state and getLastSeqno(recipient) in one pinned state."""
        argument = ["tvm.Slice", write_boc_base64(CellBuilder().address(stored_address(recipient)).build())]
        with self._provider.operation() as ask:
            vault = _active_account(ask, self._vault, _head(ask))
            stack = _run(ask, vault, "getLastSeqno", argument)
            agree(len(stack) == 1, "bad_stack")
            last_seqno = read.stack_number(stack, 0)
            agree(0 <= last_seqno < INT64_MAX, "bad_seqno")  # the next one is kept in a ledger row
            return VaultSnapshot(
                block_seqno=vault.block.seqno,
                shard_time_s=vault.time_s,
                logical_time=vault.last.logical_time,
                code_hash=vault.code_hash,
                last_seqno=last_seqno,
            )

    def vault_account(self) -> VaultAccount:
        """Configuration and inventory; `jetton_wallet` is "" while the owner has not set one."""
        with self._provider.operation() as ask:
            vault = _active_account(ask, self._vault, _head(ask))
            state = _run(ask, vault, "getVaultState")
            agree(len(state) == VAULT_STATE_FIELDS, "bad_stack")
            paused, claim_cap, day_cap, day, day_spent, recipients, network_id, previous_until = (
                read.stack_number(state, at) for at in range(VAULT_STATE_FIELDS)
            )
            agree(paused in (0, -1), "bad_stack_number")
            master = read.stack_address(_run(ask, vault, "getJettonMaster"), 0)
            wallet = _jetton_wallet(ask, vault)
            key = read.stack_number(_run(ask, vault, "getOraclePublicKey"), 0)
            agree(key >= 0, "bad_stack_number")
            return VaultAccount(
                block_seqno=vault.block.seqno,
                shard_time_s=vault.time_s,
                code_hash=vault.code_hash,
                ton_nano=vault.ton_nano,
                jetton_units=_inventory(ask, wallet, vault, master=master) if wallet else 0,
                jetton_master=master,
                jetton_wallet=wallet,
                owner=read.stack_address(_run(ask, vault, "owner"), 0),
                public_key=f"{key:064x}",
                is_paused=paused == -1,
                claim_cap_units=claim_cap,
                day_cap_units=day_cap,
                # The contract starts a new day's sum with the day's first claim, not at midnight.
                day_spent_units=day_spent if day == vault.time_s // DAY_S else 0,
                recipients=recipients,
                network_id=network_id,
                previous_key_until_s=previous_until,
            )

    def deliveries(self, *, since_s: int, until_s: int | None = None) -> Sequence[Delivery]:
        """Transfers out of the vault from the index, or from its jetton wallet when the index fails."""
        try:
            with self._provider.operation() as ask:
                return indexed_deliveries(
                    ask,
                    vault=self._vault,
                    jetton_master=self._jetton_master,
                    since_s=since_s,
                    until_s=until_s,
                )
        except Unavailable:
            wallet = self._known_jetton_wallet()
            with self._provider.operation() as ask:
                found = wallet_deliveries(ask, vault=self._vault, wallet=wallet, since_s=since_s)
                return [delivery for delivery in found if until_s is None or delivery.time_s <= until_s]

    def rejections(self, *, since_s: int) -> Sequence[ClaimRejection]:
        """Claim messages the vault refused, from its newest hundred transactions."""
        with self._provider.operation() as ask:
            return vault_rejections(ask, vault=self._vault, since_s=since_s)

    def _known_jetton_wallet(self) -> str:
        """The vault's jetton wallet is set once and never changes."""
        if self._jetton_wallet is None:
            with self._provider.operation() as ask:
                wallet = _jetton_wallet(ask, _active_account(ask, self._vault, _head(ask)))
                agree(wallet, "no_jetton_wallet")
                self._jetton_wallet = wallet
        return self._jetton_wallet


def _head(ask: Operation) -> BlockId:
    return read.block_id(ask.call("getMasterchainInfo"), "last")


def _information(ask: Operation, address: str, head: BlockId) -> Any:
    found = ask.call("getAddressInformation", address=address, seqno=head.seqno)
    agree(read.block_id(found, "block_id") == head, "another_block")
    return found


def _active_account(ask: Operation, address: str, head: BlockId) -> _PinnedAccount:
    found = _information(ask, address, head)
    agree(read.text(found, "state") == "active", "account_not_active")
    time_s = read.whole(found, "sync_utime")
    agree(time_s > 0, "bad_sync_utime")
    return _PinnedAccount(
        address=address,
        block=head,
        last=read.transaction_id(found, "last_transaction_id"),
        time_s=time_s,
        ton_nano=read.decimal(found, "balance"),
        code_hash=read.cell(found, "code").hash.hex(),
    )


def _answer(ask: Operation, account: _PinnedAccount, method: str, arguments: Sequence[Any]) -> Any:
    """A get-method's answer in exactly the account's state; its exit code is still to be judged."""
    answer = ask.call(
        "runGetMethod",
        address=account.address,
        method=method,
        stack=list(arguments),
        seqno=account.block.seqno,
    )
    agree(read.block_id(answer, "block_id") == account.block, "another_block")
    agree(read.transaction_id(answer, "last_transaction_id") == account.last, "another_state")
    return answer


def _run(ask: Operation, account: _PinnedAccount, method: str, *arguments: Any) -> list[Any]:
    answer = _answer(ask, account, method, arguments)
    exit_code = read.whole(answer, "exit_code")
    agree(exit_code == 0, f"exit_{exit_code}")
    return read.rows(answer, "stack")


def _jetton_wallet(ask: Operation, vault: _PinnedAccount) -> str:
    answer = _answer(ask, vault, "getVaultJettonWallet", ())
    exit_code = read.whole(answer, "exit_code")
    if exit_code == NO_WALLET_EXIT:
        return ""
    agree(exit_code == 0, f"exit_{exit_code}")
    return read.stack_address(read.rows(answer, "stack"), 0)


def _inventory(ask: Operation, wallet: str, vault: _PinnedAccount, *, master: str) -> int:
    """What the vault's jetton wallet holds, if it is the vault's and of this master; 0 before its first jetton."""
    if read.text(_information(ask, wallet, vault.block), "state") == "uninitialized":
        return 0
    data = _run(ask, _active_account(ask, wallet, vault.block), "get_wallet_data")
    agree(len(data) == WALLET_DATA_FIELDS, "bad_stack")
    agree(read.stack_address(data, 1) == vault.address, "jetton_wallet_of_another_owner")
    agree(read.stack_address(data, 2) == master, "jetton_wallet_of_another_master")
    units = read.stack_number(data, 0)
    agree(units >= 0, "bad_stack_number")
    return units
