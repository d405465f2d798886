"""A stage whose claim key can be rotated: a real local KMS, parameters and a vault in memory, an owner who obeys."""

from __future__ import annotations

import base64
import itertools
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra.local.claim_key import claim_key_request
from infra.ops.oracle.claim_keys import ClaimKeys
from infra.ops.oracle.parts import RotationParts
from infra.ops.oracle.rotation import Rotation, RotationFile
from infra.ops.oracle.run import run_rotation
from infra.ops.oracle.settings_switch import SsmOracleSettings
from infra.ops.oracle.steps import Step, Wait
from infra.ops.preflight.stage import PROJECT
from infra.vault.messages import SET_ORACLE, SET_PAUSED
from shared.domain.claims import Claim, ClaimTerms
from shared.domain.ton.address import parse_address
from shared.domain.ton.cell_reader import CellReader
from shared.domain.ton_views import VaultAccount
from tests.conftest import role_arn
from tests.fakes.chain import FakeChain

VAULT = "0:" + "11" * 32
MASTER = "0:" + "22" * 32
NETWORK = -3
CODE_HASH = "ab" * 32
GRACE_S = 1200
SPREAD_S = 285
KEY_ID_NAME = "/arena/test/signer/ORACLE_KMS_KEY_ID"
PUBLIC_KEY_NAME = "/arena/test/ORACLE_PUBLIC_KEY_HEX"
REFERENCES = {
    "signer": {"ORACLE_KMS_KEY_ID": f"ssm:{KEY_ID_NAME}", "ORACLE_PUBLIC_KEY_HEX": f"ssm:{PUBLIC_KEY_NAME}"},
    "settle": {"ORACLE_PUBLIC_KEY_HEX": f"ssm:{PUBLIC_KEY_NAME}"},
}
_numbers = itertools.count(1)


class Interrupted(Exception):
    """The power cut of these tests."""


class FakeParameterStore:
    """SSM's two calls; `failing_writes` names parameters whose next write is refused."""

    def __init__(self, values: dict[str, str]) -> None:
        self.parameters = {
            name: {"Name": name, "Value": value, "Type": "String"} for name, value in values.items()
        }
        self.failing_writes: set[str] = set()
        self.written: list[str] = []

    def get_parameter(self, *, Name: str, WithDecryption: bool) -> dict[str, Any]:  # noqa: N803 - AWS's names
        if Name not in self.parameters:
            raise ClientError({"Error": {"Code": "ParameterNotFound"}}, "GetParameter")
        return {"Parameter": dict(self.parameters[Name])}

    def put_parameter(self, *, Name: str, Value: str, Type: str, Overwrite: bool) -> dict[str, Any]:  # noqa: N803
        assert Overwrite
        if Name in self.failing_writes:
            self.failing_writes.discard(Name)
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "PutParameter")
        self.written.append(Name)
        self.parameters[Name] = {"Name": Name, "Value": Value, "Type": Type}
        return {"Version": len(self.written)}


@dataclass
class OracleStage:
    """One stage, one old key, and a clock that the vault's shard follows."""

    kms: Any
    signer_kms: Any
    folder: Path
    now_s: int = 1_800_000_000
    claims: list[Claim] = field(default_factory=list)
    are_claims_paused: bool = False
    owner_obeyed: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.alias = f"alias/test-claim-{secrets.token_hex(6)}"
        self.request = claim_key_request(PROJECT / "infra/aws/kms.yml", signer_role_arn=role_arn("signer"))
        self.old_key_id = self.kms.create_key(**self.request)["KeyMetadata"]["KeyId"]
        self.kms.create_alias(AliasName=self.alias, TargetKeyId=self.old_key_id)
        self.old_key = self.public_key(self.old_key_id)
        self.ssm = FakeParameterStore({KEY_ID_NAME: self.old_key_id, PUBLIC_KEY_NAME: self.old_key})
        self.chain = FakeChain(self._account(), network_id=NETWORK)
        self.file = RotationFile(self.folder, stage="test")

    def public_key(self, key_id: str) -> str:
        return bytes(self.kms.get_public_key(KeyId=key_id)["PublicKey"])[-32:].hex()

    def key_state(self, key_id: str) -> str:
        return str(self.kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"])

    def keys_made(self, rotation_id: str) -> int:
        pages = self.kms.get_paginator("list_keys").paginate()
        ids = [key["KeyId"] for page in pages for key in page["Keys"]]
        return sum(self._description(key_id).endswith(rotation_id) for key_id in ids)

    def _description(self, key_id: str) -> str:
        """Empty for a key of other tests whose policy shuts us out."""
        try:
            return str(self.kms.describe_key(KeyId=key_id)["KeyMetadata"]["Description"])
        except ClientError as error:
            if error.response["Error"]["Code"] != "AccessDeniedException":
                raise
            return ""

    @property
    def parts(self) -> RotationParts:
        return RotationParts(
            keys=ClaimKeys(self.kms, request=self.request, alias=self.alias, stage="test"),
            settings=SsmOracleSettings(self.ssm, references=REFERENCES, spread_s=SPREAD_S),
            chain=self.chain,
            vault=parse_address(VAULT, network_id=NETWORK),
            network_id=NETWORK,
            code_hash=CODE_HASH,
            open_claims=lambda: self.claims,
            are_claims_paused=lambda: self.are_claims_paused,
            now_ms=lambda: 1000 * self.now_s,
        )

    def rotate(self, onlooker: Any = None, *, is_emergency: bool = False) -> Rotation:
        return run_rotation(
            self.file,
            self.parts,
            onlooker or Owner(self),
            stage="test",
            grace_s=GRACE_S,
            is_emergency=is_emergency,
        )

    def pass_time(self, seconds: int) -> None:
        self.now_s += seconds
        self.chain.account = replace(self.chain.account, shard_time_s=self.now_s)

    def obey(self, wait: Wait) -> None:
        """What the contract does with the owner's message, as SPEC.md says."""
        assert wait.request is not None
        assert wait.request.to.raw == VAULT
        reader = CellReader(wait.request.body)
        opcode, account = reader.unsigned(bits=32), self.chain.account
        if opcode == SET_PAUSED:
            value = reader.unsigned(bits=1)
            account = replace(account, is_paused=bool(value))
        else:
            assert opcode == SET_ORACLE
            key, value = f"{reader.unsigned(bits=256):064x}", reader.unsigned(bits=32)
            until_s = self.now_s + value if value else 0
            if key == account.public_key and value:
                until_s = account.previous_key_until_s
            account = replace(account, public_key=key, previous_key_until_s=until_s)
        self.owner_obeyed.append((opcode, value))
        self.chain.account = account

    def open_claim(self, *, key_id: str) -> None:
        """A claim that the signer's role had this key sign, and that waits to be settled."""
        digest = secrets.token_bytes(32)
        signed = self.signer_kms.sign(
            KeyId=key_id, Message=digest, MessageType="RAW", SigningAlgorithm="ED25519_SHA_512"
        )
        number = next(_numbers)
        terms = ClaimTerms(
            f"c{number}", f"tg:{number}", NETWORK, VAULT, MASTER, "0:" + "44" * 32, 10, 10, 1, 0, 0
        )
        signature = base64.b64encode(signed["Signature"]).decode()
        self.claims.append(Claim(terms, 1, "signed", signature=signature, payload_hash=digest.hex()))

    def _account(self) -> VaultAccount:
        return VaultAccount(
            block_seqno=1, shard_time_s=self.now_s, code_hash=CODE_HASH, ton_nano=10**9, jetton_units=10**15,
            jetton_master=MASTER, jetton_wallet="0:" + "33" * 32, owner="0:" + "55" * 32, public_key=self.old_key,
            is_paused=False, claim_cap_units=10**12, day_cap_units=10**13, day_spent_units=0, recipients=0,
            network_id=NETWORK, previous_key_until_s=0,
        )  # fmt: skip


class Owner:
    """run.Onlooker: the owner sends what is printed, time passes, and settle ends every claim that is awaited."""

    def __init__(self, stage: OracleStage, *, before: Callable[[str], None] = lambda _: None) -> None:
        self.stage = stage
        self.events: list[str] = []
        self._before = before

    def began(self, rotation: Rotation, *, is_resumed: bool) -> None:
        self._hear("resumed" if is_resumed else "began")

    def ended(self, step: Step, rotation: Rotation) -> None:
        self._hear(step.name)

    def waits(self, wait: Wait) -> None:
        assert len(self.events) < 100, f"waits for ever: {wait}"
        self._hear(f"waits: {wait.step}")
        if wait.request is not None:
            self.stage.obey(wait)
        elif wait.left_s:
            self.stage.pass_time(wait.left_s)
        else:
            self.stage.chain.is_down = False
            self.stage.claims.clear()

    def _hear(self, event: str) -> None:
        self.events.append(event)
        self._before(event)
