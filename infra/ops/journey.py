"""The steps of the demo: each does something as the miniapp would and checks what must then be true."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from infra.local.chain_client import ChainClient
from infra.local.player_wallet import PlayerWallet
from infra.local.world import World
from infra.ops.miniapp import Miniapp
from infra.ops.story import StepFailed, Story, expect
from infra.ops.verify_ledger import verify_database

CLAIMED: Final = 20
UNSENT: Final = 15
DAY_S: Final = 24 * 3600
PAST_EXPIRY_S: Final = 15 * 60
ASK_AT_MOST: Final = 10
ASK_AGAIN_AFTER_S: Final = 0.5


class JourneySite(Protocol):
    """What a journey needs of a running backend, local or deployed; see infra.local.stack.Stack."""

    urls: dict[str, str]
    settings: dict[str, str]
    secrets: dict[str, str]
    world: World | None

    def advance_clock(self, seconds: float) -> int: ...

    def now_ms(self) -> int: ...

    def invoke(self, function: str, event: Any = None) -> Any: ...


class Journey:
    """One new player on a running stack."""

    def __init__(self, stack: JourneySite, story: Story, *, telegram_id: int) -> None:
        self._stack = stack
        self._story = story
        user = {"id": telegram_id, "first_name": "Demo", "language_code": "en"}
        self._app = Miniapp(stack.urls["gateway"], stack.secrets["TELEGRAM_BOT_TOKEN"], user)
        self._chain = ChainClient(stack.urls["chain"], stack.settings["TON_API_KEY"])
        self._wallet = PlayerWallet()
        self._player = self._broker = ""
        self._claim: dict[str, Any] = {}
        self._unsent: dict[str, Any] = {}

    def steps(self) -> Sequence[Callable[[], None]]:
        """Everything, in order."""
        return (
            self.sign_in,
            self.take_starter,
            self.battle,
            self.read_balances,
            self.link_wallet,
            self.wait_for_cooldown,
            self.request_claim,
            self.refuse_second_claim,
            self.send_claim,
            self.settle_confirms,
            self.leave_a_claim_unsent,
            self.settle_refunds,
            self.close_the_books,
        )

    def close(self) -> None:
        """Let go of connections."""
        self._app.close()

    @property
    def app(self) -> Miniapp:
        """The player's client, for whoever goes on after the journey."""
        return self._app

    @property
    def player(self) -> str:
        """The player's id, once signed in."""
        return self._player

    @property
    def claim_id(self) -> str:
        """The id of the first claim, once it was requested."""
        return str(self._claim["id"])

    @property
    def broker(self) -> str:
        """The id of the player's broker, once it was taken."""
        return self._broker

    @property
    def _world(self) -> World:
        world = self._stack.world
        expect(world is not None, "the stack has no world")
        assert world is not None  # noqa: S101 - said again for the type checker
        return world

    def sign_in(self) -> None:
        """Telegram's word becomes a session token."""
        session = self._app.sign_in(now_s=self._now_s())
        self._player = session["playerId"]
        self._story.step(
            "Signed in with Telegram initData; the backend issued an EdDSA session token",
            {
                "player": self._player,
                "alias": session["alias"],
                "expires at": session["expiresAt"],
                "token": f"{session['token'][:32]}...",
            },
        )

    def take_starter(self) -> None:
        """The free first broker."""
        broker = self._ok("POST", "/api/brokers/starter", key="starter")["broker"]
        self._broker = broker["id"]
        stats = f"{broker['intelligence']}/{broker['speed']}/{broker['risk']}"
        self._story.step(
            "Took the free starter broker",
            {"broker": self._broker, "int/speed/risk": stats, "energy": broker["energy"]},
        )

    def battle(self) -> None:
        """One battle, and the same request again."""
        body = {"brokerId": self._broker, "mode": "prediction"}
        first = self._app.call("POST", "/api/battle/run", body, key="battle-1")
        expect(first.status_code in (200, 201), f"battle answered {first.status_code}: {first.text}")
        again = self._app.call("POST", "/api/battle/run", body, key="battle-1")
        expect(again.headers.get("idempotent-replayed") == "true", "the repeated battle was not replayed")
        expect(again.content == first.content, "the repeated battle answered something else")
        battle = first.json()
        self._story.step(
            "Battled; sent again with the same key, the same answer came back and nothing moved",
            {
                "battle": battle["id"],
                "score": battle["score"],
                "reward": f"{battle['reward']['AIBA']} AIBA",
                "energy left": battle["broker"]["energy"],
                "chance committed as": battle["proof"]["commitment"],
                "replayed": again.headers["idempotent-replayed"],
            },
        )

    def read_balances(self) -> None:
        """Balances agree with the statement."""
        me = self._ok("GET", "/api/economy/me")
        statement = self._ok("GET", "/api/economy/ledger")["items"]
        total = sum(int(entry["amounts"].get("AIBA", "0")) for entry in statement)
        balance = int(me["balances"]["AIBA"])
        expect(balance == total >= CLAIMED + UNSENT, f"balance {balance}, statement {total}")
        self._story.step(
            "Balances equal the player's own ledger",
            {
                "balances": ", ".join(f"{amount} {name}" for name, amount in me["balances"].items()),
                "ledger rows": len(statement),
                "sum of the rows": f"{total} AIBA",
            },
        )

    def link_wallet(self) -> None:
        """A real ton_proof of a wallet made here."""
        challenge = self._ok("POST", "/api/wallet/challenge")
        domain = self._stack.settings["WALLET_PROOF_DOMAINS"]
        proof = self._wallet.prove(domain=domain, challenge=challenge["payload"], now_s=self._now_s())
        account = self._wallet.tonconnect_account(network_id=self._world.network_id)
        linked = self._ok("POST", "/api/wallet", {"account": account, "proof": proof}, key="wallet-1")
        expect(linked["address"] == self._wallet.address, "another wallet was linked")
        self._story.step(
            "Linked a v4r2 wallet by its ton_proof",
            {"wallet": linked["address"], "version": linked["version"], "claims from": linked["claimsFrom"]},
        )

    def wait_for_cooldown(self) -> None:
        """A fresh wallet may not be paid yet; the one clock moves a day on."""
        early = self._app.call("POST", "/api/claims", {"amount": str(CLAIMED)}, key="too-early")
        code = early.json().get("code")
        expect(code == "wallet_cooldown", f"a claim during the cool-down answered {code}")
        now_ms = self._stack.advance_clock(DAY_S + 60)
        session = self._app.sign_in(now_s=now_ms // 1000)
        self._story.step(
            "A claim during the wallet's cool-down was refused; the stack's clock moved on a day",
            {"refusal": f"{early.status_code} {code}", "server time now": session["serverTime"]},
        )

    def request_claim(self) -> None:
        """Escrow, signature from KMS, checked here against the vault's key."""
        self._claim = claim = self._signed_claim(CLAIMED, key="claim-1")
        key = VerifyKey(bytes.fromhex(self._world.oracle_public_key_hex))
        signature = base64.b64decode(claim["signature"])
        try:
            key.verify(bytes.fromhex(claim["payloadHash"]), signature)
        except BadSignatureError as error:
            raise StepFailed("the signature does not verify") from error
        self._story.step(
            "Claimed: AIBA moved to escrow, the signer had KMS sign, the signature verifies",
            {
                "claim": claim["id"],
                "amount": f"{claim['amount']} AIBA = {claim['units']} jetton units",
                "seqno": claim["seqno"],
                "payload hash": claim["payloadHash"],
                "signature": signature.hex(),
                "valid until": claim["validUntil"],
            },
        )

    def refuse_second_claim(self) -> None:
        """One open claim a player."""
        second = self._app.call("POST", "/api/claims", {"amount": str(UNSENT)}, key="claim-2")
        problem = second.json()
        expect(problem.get("code") == "claim_open", f"a second claim answered {second.text}")
        self._story.step(
            "A second claim while one is open was refused",
            {"refusal": f"{second.status_code} {problem['code']}", "open claim": problem["claimId"]},
        )

    def send_claim(self) -> None:
        """The wallet's own message; the vault pays in the TVM."""
        self._wallet.fund(self._chain, nano=2_000_000_000)
        before = self._jettons()
        self._wallet.send_transaction(self._chain, self._claim["transaction"])
        paid = self._jettons() - before
        expect(paid == int(self._claim["units"]), f"{paid} units arrived instead of {self._claim['units']}")
        transfer = self._chain.transfers(owner_address=self._world.vault, direction="out", limit=1)[0]
        self._story.step(
            "The wallet sent the claim; the vault checked it in the TVM and paid",
            {
                "jettons on chain": f"{self._jettons()} units",
                "transaction": transfer["transaction_hash"],
                "vault": self._world.vault,
            },
        )

    def settle_confirms(self) -> None:
        """The scheduled function sees the delivery."""
        self._stack.invoke("settle")
        claim = self._ok("GET", f"/api/claims/{self._claim['id']}")
        expect(claim["state"] == "confirmed", f"the claim is {claim['state']}")
        self._story.step(
            "settle saw the delivery and confirmed the claim",
            {
                "state": claim["state"],
                "settled at": claim["settledAt"],
                "transaction": claim["transactionHash"],
            },
        )

    def leave_a_claim_unsent(self) -> None:
        """A signed claim that nobody sends; the clock passes its validity."""
        self._unsent = self._signed_claim(UNSENT, key="claim-3")
        escrow = self._ok("GET", "/api/economy/me")["escrow"]
        self._stack.advance_clock(PAST_EXPIRY_S)
        expired = self._ok("GET", f"/api/claims/{self._unsent['id']}")
        expect(expired["state"] == "expired", f"the claim is {expired['state']}")
        self._story.step(
            "Another claim was signed and never sent; the clock moved past its validity",
            {
                "claim": expired["id"],
                "state": expired["state"],
                "escrow": escrow,
                "valid until": expired["validUntil"],
            },
        )

    def settle_refunds(self) -> None:
        """The chain proves that it can never run; the credits return."""
        before = int(self._ok("GET", "/api/economy/me")["balances"]["AIBA"])
        claim = self._unsent
        for _ in range(3):
            self._stack.invoke("settle")
            claim = self._ok("GET", f"/api/claims/{self._unsent['id']}")
            if claim["state"] == "refunded":
                break
            self._stack.advance_clock(90)
        after = int(self._ok("GET", "/api/economy/me")["balances"]["AIBA"])
        expect(claim["state"] == "refunded", f"the claim is {claim['state']}")
        expect(after == before + UNSENT, f"the balance went from {before} to {after}")
        self._story.step(
            "The chain proved that it can never be paid; settle refunded it",
            {"state": claim["state"], "why": claim["why"], "balance": f"{before} -> {after} AIBA"},
        )

    def close_the_books(self) -> None:
        """All nine invariants over every document in the database, and the sum over the chain."""
        uri, database = self._stack.settings["MONGODB_URI"], self._stack.settings["MONGODB_DATABASE"]
        found = verify_database(uri, database, now_ms=self._stack.now_ms(), late_ms=0)
        faults = [violation.describe() for violation in found.violations]
        expect(not faults, f"the ledger does not hold: {faults[:3]}")
        balances = found.statement.balances()
        withdrawn = balances.get("sys:withdrawn", {}).get("AIBA", 0) * self._world.units_per_credit
        expect(withdrawn == self._jettons(), f"withdrawn {withdrawn}, on chain {self._jettons()}")
        self._story.step(
            "All nine invariants hold, and what left the ledger is what arrived on chain",
            {
                "rows": found.rows,
                **{name: ", ".join(f"{d:+} {c}" for c, d in by.items()) for name, by in balances.items()},
                "sum per currency": "0",
                "withdrawn = on chain": f"{withdrawn} units",
            },
        )

    def _signed_claim(self, credits: int, *, key: str) -> dict[str, Any]:
        """Ask with the same key until the signature is there, as a miniapp does while the signer wakes up."""
        claim: dict[str, Any] = {}
        for _ in range(ASK_AT_MOST):
            claim = self._ok("POST", "/api/claims", {"amount": str(credits)}, key=key)
            if claim["state"] != "reserved":
                break
            time.sleep(ASK_AGAIN_AFTER_S)
        expect(claim["state"] == "signed", f"the claim is {claim['state']}: {claim.get('pending')}")
        return claim

    def _ok(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> Any:
        response = self._app.call(method, path, body, key=key)
        expect(response.is_success, f"{method} {path} answered {response.status_code}: {response.text}")
        return response.json()

    def _jettons(self) -> int:
        return self._chain.jetton_units(self._wallet.address, master=self._world.jetton_master)

    def _now_s(self) -> int:
        return self._stack.now_ms() // 1000
