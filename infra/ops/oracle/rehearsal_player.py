"""A player of a rehearsal: has earned something, has a wallet, claims and sends as the miniapp does."""

from __future__ import annotations

import base64
from typing import Any, Final

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from infra.local.chain_client import ChainClient
from infra.local.player_wallet import PlayerWallet
from infra.local.stack import Stack
from infra.ops.miniapp import Miniapp
from infra.ops.story import expect

CLAIMED: Final = 10
_EARNED: Final = 2 * CLAIMED
_BATTLES_MAX: Final = 5
_FUNDS_NANO: Final = 2_000_000_000


class RehearsalPlayer:
    """Every call signs in anew: a rehearsal moves the clock further than a session lasts."""

    def __init__(self, stack: Stack, chain: ChainClient, *, telegram_id: int) -> None:
        self._stack = stack
        self._chain = chain
        self._user = {"id": telegram_id, "first_name": f"Rehearsal {telegram_id}", "language_code": "en"}
        self._wallet = PlayerWallet()

    def earn_and_link(self) -> None:
        """Balance for two claims, and a funded wallet linked by its proof; it still has to cool down."""
        broker = self._ok("POST", "/api/brokers/starter", key="starter")["broker"]["id"]
        for number in range(_BATTLES_MAX):
            if self.balance() >= _EARNED:
                break
            body = {"brokerId": broker, "mode": "prediction"}
            self._ok("POST", "/api/battle/run", body, key=f"battle-{number}")
        expect(self.balance() >= _EARNED, "the battles earned too little for the rehearsal's claims")
        self.link("wallet")
        self._wallet.fund(self._chain, nano=_FUNDS_NANO)

    def link(self, key: str) -> None:
        """Link the wallet by its proof."""
        challenge = self._ok("POST", "/api/wallet/challenge")["payload"]
        domain = self._stack.settings["WALLET_PROOF_DOMAINS"]
        proof = self._wallet.prove(domain=domain, challenge=challenge, now_s=self._stack.now_ms() // 1000)
        network_id = int(self._stack.settings["TON_NETWORK"])
        account = self._wallet.tonconnect_account(network_id=network_id)
        self._ok("POST", "/api/wallet", {"account": account, "proof": proof}, key=key)

    def unlink(self, key: str) -> None:
        """Let go of the wallet."""
        self._ok("DELETE", "/api/wallet", key=key)

    def balance(self) -> int:
        """AIBA that can be claimed."""
        return int(self._ok("GET", "/api/economy/me")["balances"].get("AIBA", "0"))

    def claim(self, key: str) -> dict[str, Any]:
        """Ask for the claim of this key: a new one, or how the former stands."""
        found: dict[str, Any] = self._ok("POST", "/api/claims", {"amount": str(CLAIMED)}, key=key)
        return found

    def look(self, claim: dict[str, Any]) -> dict[str, Any]:
        """The claim now."""
        found: dict[str, Any] = self._ok("GET", f"/api/claims/{claim['id']}")
        return found

    def send(self, claim: dict[str, Any]) -> int:
        """Have the wallet send the claim's transaction; gives the jetton units that arrived."""
        before = self.jetton_units()
        self._wallet.send_transaction(self._chain, claim["transaction"])
        return self.jetton_units() - before

    def jetton_units(self) -> int:
        """What the wallet holds of the jetton."""
        master = self._stack.settings["AIBA_JETTON_MASTER"]
        return self._chain.jetton_units(self._wallet.address, master=master)

    def _ok(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> Any:
        bot_token = self._stack.secrets["TELEGRAM_BOT_TOKEN"]
        app = Miniapp(self._stack.urls["gateway"], bot_token, self._user)
        try:
            app.sign_in(now_s=self._stack.now_ms() // 1000)
            response = app.call(method, path, body, key=key)
        finally:
            app.close()
        expect(response.is_success, f"{method} {path} answered {response.status_code}: {response.text}")
        return response.json()


def is_signed_by(claim: dict[str, Any], public_key: str) -> bool:
    """Whether the claim as the miniapp sees it carries a signature of this key (64 hex)."""
    if not claim.get("signature"):
        return False
    try:
        VerifyKey(bytes.fromhex(public_key)).verify(
            bytes.fromhex(claim["payloadHash"]), base64.b64decode(claim["signature"])
        )
    except BadSignatureError:
        return False
    return True
