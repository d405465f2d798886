"""The standard TEP-74 jetton of the local chain: tonsdk carries the compiled minter and wallet."""

from __future__ import annotations

from typing import Final

from tonsdk.contract.token.ft import JettonMinter, JettonWallet

from shared.domain.ton.address import Address
from shared.domain.ton.boc import read_boc
from shared.domain.ton.cell import Cell, CellBuilder

MINT: Final = 21
INTERNAL_TRANSFER: Final = 0x178D4519
OFF_CHAIN_CONTENT: Final = 0x01
CONTENT_URI: Final = "https://example.org/aiba-local.json"


def minter_state_init(*, owner: Address) -> Cell:
    """A minter with no supply yet whose owner alone may mint."""
    content = CellBuilder().unsigned(OFF_CHAIN_CONTENT, bits=8).octets(CONTENT_URI.encode()).build()
    wallet_code = read_boc(bytes.fromhex(JettonWallet.code))
    data = CellBuilder().coins(0).address(owner).reference(content).reference(wallet_code).build()
    return state_init(code=read_boc(bytes.fromhex(JettonMinter.code)), data=data)


def mint_body(*, to: Address, units: int, forward_nano: int) -> Cell:
    """The owner's message to the minter; `forward_nano` pays for the receiving wallet's deployment."""
    transfer = (
        CellBuilder()
        .unsigned(INTERNAL_TRANSFER, bits=32)
        .unsigned(0, bits=64)
        .coins(units)
        .no_address()  # from
        .no_address()  # response
        .coins(0)
        .unsigned(0, bits=1)  # Either: an empty payload in this cell
        .build()
    )
    head = CellBuilder().unsigned(MINT, bits=32).unsigned(0, bits=64)
    return head.address(to).coins(forward_nano).reference(transfer).build()


def state_init(*, code: Cell, data: Cell) -> Cell:
    """block.tlb's StateInit with code and data alone; its hash is the contract's address."""
    return CellBuilder().unsigned(0b00110, bits=5).reference(code).reference(data).build()
