"""Talks to the local TON chain for worlds and tests; functions use their own adapter instead."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

from shared.domain.ton.address import Address
from shared.domain.ton.boc import read_boc_base64, write_boc_base64
from shared.domain.ton.cell import Cell, CellBuilder
from shared.domain.ton.cell_reader import CellReader


class ChainError(Exception):
    """The chain answered no: `status` is HTTP's, `text` what it said."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status
        self.text = text


@dataclass(frozen=True, slots=True)
class ChainClient:
    """One provider of one chain. `provider` is "primary" or "secondary"; both show the same chain."""

    url: str
    api_key: str
    provider: str = "primary"
    timeout_s: float = 10.0

    @property
    def provider_url(self) -> str:
        """What TON_PROVIDER_URL holds for this provider."""
        return self.url if self.provider == "primary" else f"{self.url}/{self.provider}"

    def call(self, method: str, /, **params: Any) -> Any:
        """The result of a toncenter v2 method. Raises ChainError."""
        call = {"jsonrpc": "2.0", "id": "1", "method": method, "params": params}
        return self._request("POST", f"{self.provider_url}/api/v2/jsonRPC", call)["result"]

    def transfers(self, **query: str | int) -> list[dict[str, Any]]:
        """v3 jetton transfers, newest first; see toncenter for the query."""
        answer = self._request("GET", f"{self.provider_url}/api/v3/jetton/transfers?{urlencode(query)}")
        return cast("list[dict[str, Any]]", answer["jetton_transfers"])

    def control(self, command: str, /, **params: Any) -> dict[str, Any]:
        """A command of infra/local/chain/control.js; those about one provider mean this one."""
        if command in ("fault", "lag"):
            params = {"provider": self.provider, **params}
        return self._request("POST", f"{self.url}/sandbox/{command}", params)

    def head_seqno(self) -> int:
        return cast("int", self.call("getMasterchainInfo")["last"]["seqno"])

    def account(self, address: str, *, seqno: int | None = None) -> dict[str, Any]:
        """getAddressInformation, pinned when `seqno` is given."""
        return cast("dict[str, Any]", self.call("getAddressInformation", address=address, seqno=seqno))

    def get(
        self, address: str, method: str, *arguments: list[str], seqno: int | None = None
    ) -> list[list[Any]]:
        """The stack a get-method leaves. Raises ChainError when its exit code says it failed."""
        answer = self.call("runGetMethod", address=address, method=method, stack=arguments, seqno=seqno)
        if answer["exit_code"] not in (0, 1):
            raise ChainError(200, f"{method} exits with {answer['exit_code']}")
        return cast("list[list[Any]]", answer["stack"])

    def jetton_wallet(self, owner: str, *, master: str) -> str:
        """The raw address of `owner`'s wallet for the jetton, deployed or not."""
        stack = self.get(master, "get_wallet_address", slice_argument(owner))
        cell = read_boc_base64(stack[0][1]["bytes"])
        return CellReader(cell).address().raw

    def jetton_units(self, owner: str, *, master: str) -> int:
        """How much of the jetton `owner` holds; nothing when its wallet was never deployed."""
        wallet = self.jetton_wallet(owner, master=master)
        if self.account(wallet)["state"] != "active":
            return 0
        return int(self.get(wallet, "get_wallet_data")[0][1], 16)

    def send(self, message: Cell) -> None:
        """An external message. Raises ChainError when the account does not accept it."""
        self.call("sendBoc", boc=write_boc_base64(message))

    def _request(self, method: str, url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        parts = urlsplit(url)
        # A connection per request: loopback is cheap and an idle one may be closed under us.
        connection = http.client.HTTPConnection(parts.netloc, timeout=self.timeout_s)
        try:
            connection.request(
                method,
                f"{parts.path}?{parts.query}",
                body=None if body is None else json.dumps(body),
                headers={"X-API-Key": self.api_key, "Content-Type": "application/json"},
            )
            answer = connection.getresponse()
            document = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status != 200:
            raise ChainError(answer.status, document.get("error") or document.get("result", ""))
        return cast("dict[str, Any]", document)


def slice_argument(address: str) -> list[str]:
    """A raw address as a get-method's slice argument."""
    workchain, digest = address.split(":")
    cell = CellBuilder().address(Address(int(workchain), bytes.fromhex(digest))).build()
    return ["tvm.Slice", write_boc_base64(cell)]
