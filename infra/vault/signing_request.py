"""A message for an operator's own wallet to sign: we hold no owner's key, and write down only what to send."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from shared.domain.ton.address import Address, bounceable, non_bounceable
from shared.domain.ton.boc import write_boc
from shared.domain.ton.cell import Cell


@dataclass(frozen=True, slots=True)
class SigningRequest:
    """One internal message: `amount_nanoton` to `to` with `body`; `state_init` deploys the contract."""

    what: str
    to: Address
    amount_nanoton: int
    body: Cell
    network_id: int
    state_init: Cell | None = None

    @property
    def address(self) -> str:
        """Friendly form. Bounceable, so that a refused order returns its coins; a deployment must not bounce."""
        spelling = bounceable if self.state_init is None else non_bounceable
        return spelling(self.to, network_id=self.network_id)

    @property
    def deep_link(self) -> str:
        """`ton://transfer/<address>?amount=<nanotons>&bin=<body>&init=<state init>`, as wallets read it.

        Bags of cells in URL-safe base64; an empty body has no `bin`.
        """
        query = {"amount": str(self.amount_nanoton)}
        if self.body.bit_length:
            query["bin"] = _url_safe(self.body)
        if self.state_init is not None:
            query["init"] = _url_safe(self.state_init)
        return f"ton://transfer/{self.address}?{urlencode(query)}"

    def as_document(self) -> dict[str, Any]:
        """For machines; amounts are strings, as nanotons outgrow JSON's numbers."""
        return {
            "what": self.what,
            "network": str(self.network_id),
            "address": self.address,
            "addressRaw": self.to.raw,
            "amount": str(self.amount_nanoton),
            "payload": _standard(self.body),
            "stateInit": None if self.state_init is None else _standard(self.state_init),
            "deepLink": self.deep_link,
        }


def _standard(cell: Cell) -> str:
    return base64.b64encode(write_boc(cell)).decode()


def _url_safe(cell: Cell) -> str:
    return base64.urlsafe_b64encode(write_boc(cell)).decode()
