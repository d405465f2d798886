"""The journey of tokens: a wallet, a claim that is paid, one that is refunded, and books that add up with the chain."""

from __future__ import annotations

import base64
import time
from typing import Any, Final

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from infra.ops.journey.player import CLAIMED, UNSENT, JourneyPlayer
from infra.ops.story import StepFailed, Story, expect
from infra.ops.verify_ledger import verify_database

DAY_S: Final = 24 * 3600
PAST_EXPIRY_S: Final = 15 * 60
ASK_AT_MOST: Final = 10
ASK_AGAIN_AFTER_S: Final = 0.5


class ClaimSteps:
    """What happens between the ledger and the chain; each step checks what must then be true."""

    def __init__(self, player: JourneyPlayer, story: Story) -> None:
        self._player = player
        self._story = story
        self._claim: dict[str, Any] = {}
        self._unsent: dict[str, Any] = {}

    @property
    def claim_id(self) -> str:
        """The id of the first claim, once it was requested."""
        return str(self._claim["id"])

    def link_wallet(self) -> None:
        """A real ton_proof of a wallet made here."""
        challenge = self._player.ok("POST", "/api/wallet/challenge")
        domain = self._player.stack.settings["WALLET_PROOF_DOMAINS"]
        proof = self._player.wallet.prove(
            domain=domain, challenge=challenge["payload"], now_s=self._player.now_s()
        )
        account = self._player.wallet.tonconnect_account(network_id=self._player.world.network_id)
        linked = self._player.ok("POST", "/api/wallet", {"account": account, "proof": proof}, key="wallet-1")
        expect(linked["address"] == self._player.wallet.address, "another wallet was linked")
        self._story.step(
            "Linked a v4r2 wallet by its ton_proof",
            {"wallet": linked["address"], "version": linked["version"], "claims from": linked["claimsFrom"]},
        )

    def wait_for_cooldown(self) -> None:
        """A fresh wallet may not be paid yet; the one clock moves a day on."""
        early = self._player.app.call("POST", "/api/claims", {"amount": str(CLAIMED)}, key="too-early")
        code = early.json().get("code")
        expect(code == "wallet_cooldown", f"a claim during the cool-down answered {code}")
        now_ms = self._player.stack.advance_clock(DAY_S + 60)
        session = self._player.app.sign_in(now_s=now_ms // 1000)
        self._story.step(
            "A claim during the wallet's cool-down was refused; the stack's clock moved on a day",
            {"refusal": f"{early.status_code} {code}", "server time now": session["serverTime"]},
        )

    def request_claim(self) -> None:
        """Escrow, signature from KMS, checked here against the vault's key."""
        self._claim = claim = self._signed_claim(CLAIMED, key="claim-1")
        key = VerifyKey(bytes.fromhex(self._player.world.oracle_public_key_hex))
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
        second = self._player.app.call("POST", "/api/claims", {"amount": str(UNSENT)}, key="claim-2")
        problem = second.json()
        expect(problem.get("code") == "claim_open", f"a second claim answered {second.text}")
        self._story.step(
            "A second claim while one is open was refused",
            {"refusal": f"{second.status_code} {problem['code']}", "open claim": problem["claimId"]},
        )

    def send_claim(self) -> None:
        """The wallet's own message; the vault pays in the TVM."""
        self._player.wallet.fund(self._player.chain, nano=2_000_000_000)
        before = self._player.jettons()
        self._player.wallet.send_transaction(self._player.chain, self._claim["transaction"])
        paid = self._player.jettons() - before
        expect(paid == int(self._claim["units"]), f"{paid} units arrived instead of {self._claim['units']}")
        transfer = self._player.chain.transfers(
            owner_address=self._player.world.vault, direction="out", limit=1
        )[0]
        self._story.step(
            "The wallet sent the claim; the vault checked it in the TVM and paid",
            {
                "jettons on chain": f"{self._player.jettons()} units",
                "transaction": transfer["transaction_hash"],
                "vault": self._player.world.vault,
            },
        )

    def settle_confirms(self) -> None:
        """The scheduled function sees the delivery."""
        self._player.stack.invoke("settle")
        claim = self._player.ok("GET", f"/api/claims/{self._claim['id']}")
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
        escrow = self._player.ok("GET", "/api/economy/me")["escrow"]
        self._player.stack.advance_clock(PAST_EXPIRY_S)
        expired = self._player.ok("GET", f"/api/claims/{self._unsent['id']}")
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
        before = int(self._player.ok("GET", "/api/economy/me")["balances"]["AIBA"])
        claim = self._unsent
        for _ in range(3):
            self._player.stack.invoke("settle")
            claim = self._player.ok("GET", f"/api/claims/{self._unsent['id']}")
            if claim["state"] == "refunded":
                break
            self._player.stack.advance_clock(90)
        after = int(self._player.ok("GET", "/api/economy/me")["balances"]["AIBA"])
        expect(claim["state"] == "refunded", f"the claim is {claim['state']}")
        expect(after == before + UNSENT, f"the balance went from {before} to {after}")
        self._story.step(
            "The chain proved that it can never be paid; settle refunded it",
            {"state": claim["state"], "why": claim["why"], "balance": f"{before} -> {after} AIBA"},
        )

    def close_the_books(self) -> None:
        """All nine invariants over every document in the database, and the sum over the chain."""
        uri, database = (
            self._player.stack.settings["MONGODB_URI"],
            self._player.stack.settings["MONGODB_DATABASE"],
        )
        found = verify_database(uri, database, now_ms=self._player.stack.now_ms(), late_ms=0)
        faults = [violation.describe() for violation in found.violations]
        expect(not faults, f"the ledger does not hold: {faults[:3]}")
        balances = found.statement.balances()
        withdrawn = balances.get("sys:withdrawn", {}).get("AIBA", 0) * self._player.world.units_per_credit
        expect(
            withdrawn == self._player.jettons(), f"withdrawn {withdrawn}, on chain {self._player.jettons()}"
        )
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
            claim = self._player.ok("POST", "/api/claims", {"amount": str(credits)}, key=key)
            if claim["state"] != "reserved":
                break
            time.sleep(ASK_AGAIN_AFTER_S)
        expect(claim["state"] == "signed", f"the claim is {claim['state']}: {claim.get('pending')}")
        return claim
