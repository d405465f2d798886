"""A rotation rehearsed on a local world of its own, with players who claim before, during and after it."""

from __future__ import annotations

import secrets
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.local.chain_client import ChainClient
from infra.local.gateway import REGION
from infra.local.local_settings import access_key_id
from infra.local.stack import Stack
from infra.local.world import owner_order
from infra.ops.oracle.parts import rotation_parts
from infra.ops.oracle.rehearsal_player import CLAIMED, RehearsalPlayer, is_signed_by
from infra.ops.oracle.rotation import Rotation, RotationFile
from infra.ops.oracle.run import run_rotation
from infra.ops.oracle.settings_switch import KEY_ID, PUBLIC_KEY, OracleKey
from infra.ops.oracle.steps import Step, Wait
from infra.ops.preflight.local_stage import running_local_stage
from infra.ops.story import Story, expect
from infra.ops.verify_ledger import verify_database
from shared.domain.ton.boc import read_boc_base64

REHEARSED_GRACE_S: Final = 300
"""Shorter than a signature is valid, so that one outlives the grace within its own validity."""
_DAY_S: Final = 24 * 3600
_PAST_VALIDITY_S: Final = 12 * 60
_BETWEEN_READS_S: Final = 90
_WAITS_MAX: Final = 20


class LocalOracleSettings:
    """Implements OracleSettings for the local stack: its functions start again, so nobody keeps former values."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    @property
    def spread_s(self) -> int:
        return 0

    def current(self) -> OracleKey:
        return OracleKey(self._stack.settings[KEY_ID], self._stack.settings[PUBLIC_KEY])

    def switch(self, key: OracleKey) -> None:
        self._stack.change_settings(**{KEY_ID: key.key_id, PUBLIC_KEY: key.public_key})


class Rehearsal:
    """Three players on a running stack: ann claims before and after, ben and cat hold the old key's signatures."""

    def __init__(self, stack: Stack, story: Story) -> None:
        self._stack = stack
        self._story = story
        self._chain = ChainClient(stack.urls["chain"], stack.settings["TON_API_KEY"])
        first = 100_000 + secrets.randbelow(900_000_000)
        self._ann, self._ben, self._cat = (
            RehearsalPlayer(stack, self._chain, telegram_id=first + number) for number in range(3)
        )
        self._claims: dict[str, dict[str, Any]] = {}
        self._balances: dict[str, int] = {}
        self._waits = 0
        self._is_grace_outlived = False
        self._paid_units = 0
        self._paid_units_before = self._withdrawn_units()

    def run(self, folder: Path, *, is_emergency: bool) -> Rotation:
        """The finished rotation. Raises StepFailed where something did not go as it must."""
        self._before(self._stack.settings[PUBLIC_KEY])
        stage = running_local_stage(self._stack.data_dir)
        settings = LocalOracleSettings(self._stack)
        with rotation_parts(stage, settings=settings) as parts:
            rotation = run_rotation(
                RotationFile(folder, stage="rehearsal"),
                parts,
                self,
                stage="rehearsal",
                grace_s=REHEARSED_GRACE_S,
                is_emergency=is_emergency,
            )
        self._after(rotation)
        return rotation

    def began(self, rotation: Rotation, *, is_resumed: bool) -> None:
        """Onlooker: nothing to show yet."""

    def waits(self, wait: Wait) -> None:
        """Act as the owner's wallet would with the printed message, or let time and settle pass."""
        self._waits += 1
        expect(self._waits <= _WAITS_MAX, f"{wait.step} waits for ever: {wait.why}")
        self._story.note(f"{wait.step} waits: {wait.why}")
        if wait.request is not None:
            document = wait.request.as_document()
            body = read_boc_base64(document["payload"])
            owner_order(self._chain, to=document["address"], nano=int(document["amount"]), body=body)
        elif wait.left_s:
            self._stack.invoke("settle")
            self._stack.advance_clock(wait.left_s)
            if not self._is_grace_outlived:
                self._outlive_the_grace()
        else:
            self._stack.advance_clock(_BETWEEN_READS_S)
            self._stack.invoke("settle")

    def ended(self, step: Step, rotation: Rotation) -> None:
        """Onlooker: what players see after each step."""
        self._story.step(step.title, {"step": step.name, "new key": rotation.new_public_key[:16] or "-"})
        variant = "emergency" if rotation.is_emergency else "routine"
        act = getattr(self, f"_{variant}_{step.name}", None)
        if act is not None:
            act(rotation)

    def _before(self, old_key: str) -> None:
        players = {"ann": self._ann, "ben": self._ben, "cat": self._cat}
        for player in players.values():
            player.earn_and_link()
        self._stack.advance_clock(_DAY_S + 60)
        self._claim_and_pay(self._ann, "ann-before", key=old_key)
        for name in ("ben", "cat"):
            self._balances[name] = players[name].balance()
            self._claims[name] = players[name].claim(f"{name}-old")
            expect(is_signed_by(self._claims[name], old_key), f"{name}'s claim is not signed by the old key")
        self._story.step(
            "Before: one claim paid and confirmed, two more signed by the old key and not sent",
            {"old key": old_key[:16], "claims": ", ".join(claim["id"] for claim in self._claims.values())},
        )

    def _routine_accept(self, rotation: Rotation) -> None:  # noqa: ARG002 - one shape for all steps
        units = self._ben.send(self._claims["ben"])
        expect(units == int(self._claims["ben"]["units"]), f"within the grace {units} units arrived")
        self._paid_units += units
        self._story.step("During: a claim signed by the old key was paid within the grace", {"units": units})

    def _routine_switch(self, rotation: Rotation) -> None:
        self._claim_and_pay(self._ann, "ann-after", key=rotation.new_public_key)
        self._story.step("After the switch: a claim was signed by the new key, and paid", {"amount": CLAIMED})

    def _routine_disable(self, rotation: Rotation) -> None:
        self._old_key_is_dead(rotation)

    def _outlive_the_grace(self) -> None:
        self._is_grace_outlived = True
        claim = self._cat.look(self._claims["cat"])
        units = self._cat.send(claim)
        expect(units == 0, f"after the grace the old key's signature moved {units} units")
        self._expect_refusal(
            "cat", "After the grace: a signature of the old key, still valid by its time, pays nothing"
        )
        self._stack.advance_clock(_PAST_VALIDITY_S)

    def _emergency_disable(self, rotation: Rotation) -> None:
        self._old_key_is_dead(rotation)
        claim = self._ann.claim("ann-after")
        expect(not claim.get("signature"), "a claim was signed although the key is disabled")
        self._story.step(
            "A claim asked for meanwhile waits unsigned",
            {"state": claim["state"], "pending": claim["pending"]},
        )

    def _emergency_pause(self, rotation: Rotation) -> None:  # noqa: ARG002 - one shape for all steps
        units = self._ben.send(self._claims["ben"])
        expect(units == 0, f"a paused vault paid {units} units")
        self._expect_refusal("ben", "While paused: a signature of the old key pays nothing")

    def _emergency_resume(self, rotation: Rotation) -> None:
        units = self._cat.send(self._claims["cat"])
        expect(units == 0, f"without a grace the old key's signature moved {units} units")
        self._expect_refusal("cat", "After resuming: a signature of the old key pays nothing")
        self._claim_and_pay(self._ann, "ann-after", key=rotation.new_public_key)
        self._story.step("The claim that waited was signed by the new key, and paid", {"amount": CLAIMED})
        self._stack.advance_clock(_PAST_VALIDITY_S)

    def _claim_and_pay(self, player: RehearsalPlayer, name: str, *, key: str) -> None:
        claim = player.claim(name)
        expect(is_signed_by(claim, key), f"{name} is not signed by the key in use: {claim['state']}")
        units = player.send(claim)
        expect(units == int(claim["units"]), f"{name}: {units} units arrived")
        self._paid_units += units
        self._stack.invoke("settle")
        expect(player.look(claim)["state"] == "confirmed", f"{name} is {player.look(claim)['state']}")

    def _expect_refusal(self, name: str, title: str) -> None:
        self._stack.invoke("settle")
        player = {"ben": self._ben, "cat": self._cat}[name]
        claim = player.look(self._claims[name])
        failure = claim.get("failure") or {}
        expect(failure, f"the vault's refusal of {name}'s claim is not shown")
        self._story.step(title, {"state": claim["state"], "reason": failure.get("reason")})

    def _old_key_is_dead(self, rotation: Rotation) -> None:
        """The signer's own role asks KMS for a signature of the old key and is refused."""
        kms = boto3.client(
            "kms",
            endpoint_url=self._stack.urls["kms"],
            region_name=REGION,
            aws_access_key_id=access_key_id("signer"),
            aws_secret_access_key="local-fake-secret-access-key",  # noqa: S106 - opens nothing but the local endpoint
            config=Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1}),
        )
        code = "nothing: it signed"
        try:
            with closing(kms):
                kms.sign(
                    KeyId=rotation.old_key_id,
                    Message=bytes(32),
                    MessageType="RAW",
                    SigningAlgorithm="ED25519_SHA_512",
                )
        except ClientError as error:
            code = error.response["Error"]["Code"]
        expect(code == "DisabledException", f"asked to sign with the old key, KMS answered {code}")
        self._story.step("KMS refuses to sign with the old key", {"answer": code})

    def _after(self, rotation: Rotation) -> None:
        unpaid = ("ben", "cat") if rotation.is_emergency else ("cat",)
        for name in unpaid:
            player = {"ben": self._ben, "cat": self._cat}[name]
            state, balance = player.look(self._claims[name])["state"], player.balance()
            expect(state == "refunded", f"{name}'s claim is {state}")
            expect(balance == self._balances[name], f"{name} has {balance} after the refund")
        units = self._withdrawn_units() - self._paid_units_before
        expect(units == self._paid_units, f"the ledger paid {units} units, the vault {self._paid_units}")
        self._story.step(
            "Unpaid claims are refunded, and what left the ledger is what arrived on chain",
            {"refunded": ", ".join(unpaid), "paid units": units},
        )

    def _withdrawn_units(self) -> int:
        """What the ledger says left for the chain. Raises StepFailed when an invariant does not hold."""
        uri, name = self._stack.settings["MONGODB_URI"], self._stack.settings["MONGODB_DATABASE"]
        found = verify_database(uri, name, now_ms=self._stack.now_ms(), late_ms=0)
        faults = [violation.describe() for violation in found.violations[:3]]
        expect(not faults, f"the ledger does not hold: {faults}")
        withdrawn = found.statement.balances().get("sys:withdrawn", {}).get("AIBA", 0)
        return int(withdrawn) * int(self._stack.settings["AIBA_UNITS_PER_CREDIT"])
