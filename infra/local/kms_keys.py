"""The keys and aliases of the local KMS, kept in memory or in one private file."""

from __future__ import annotations

import base64
import json
import os
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from infra.local.kms_policy import Policy
from infra.local.kms_refusal import KmsRefusal

KEY_SPEC = "ECC_NIST_EDWARDS25519"
SIGNING_ALGORITHMS = ("ED25519_SHA_512", "ED25519_PH_SHA_512")
ENABLED, DISABLED, PENDING_DELETION = "Enabled", "Disabled", "PendingDeletion"


@dataclass(frozen=True, slots=True)
class Account:
    """The AWS account and region this endpoint plays."""

    number: str
    region: str

    @property
    def root_arn(self) -> str:
        return f"arn:aws:iam::{self.number}:root"

    def kms_arn(self, resource: str) -> str:
        """`key/<id>` or `alias/<name>` as an ARN."""
        return f"arn:aws:kms:{self.region}:{self.number}:{resource}"


@dataclass(frozen=True, slots=True)
class Key:
    """One Ed25519 key; `seed` is its 32-byte private half, `deletion_at_s` is set while deletion is pending, `grants` are by id."""

    id: str
    policy: Policy
    seed: bytes = field(repr=False)
    created_at_s: float
    description: str = ""
    state: str = ENABLED
    deletion_at_s: float | None = None
    grants: Mapping[str, dict[str, Any]] = field(default_factory=dict)

    def signature(self, message: bytes) -> bytes:
        """64 bytes, pure Ed25519 (RFC 8032)."""
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)

    def verify(self, signature: bytes, message: bytes) -> None:
        """Raises cryptography's InvalidSignature."""
        Ed25519PrivateKey.from_private_bytes(self.seed).public_key().verify(signature, message)

    def public_key_der(self) -> bytes:
        """44 bytes: SubjectPublicKeyInfo with OID 1.3.101.112 (RFC 8410)."""
        public_key = Ed25519PrivateKey.from_private_bytes(self.seed).public_key()
        return public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


class Keyring:
    """All keys and aliases of one account. Every change reaches `state_file`, if there is one, before it is answered."""

    def __init__(self, account: Account, *, state_file: Path | None = None) -> None:
        self.account = account
        self._state_file = state_file
        self._keys: dict[str, Key] = {}
        self._aliases: dict[str, str] = {}
        if state_file is not None and state_file.exists():
            self._load(json.loads(state_file.read_text()))

    @property
    def keys(self) -> Mapping[str, Key]:
        """By key id."""
        return self._keys

    @property
    def aliases(self) -> Mapping[str, str]:
        """Key ids by `alias/<name>`."""
        return self._aliases

    def arn(self, key: Key) -> str:
        return self.account.kms_arn(f"key/{key.id}")

    def create(self, *, policy: Policy, description: str) -> Key:
        """A new enabled key with a private half of its own."""
        seed = Ed25519PrivateKey.generate().private_bytes_raw()
        key = Key(str(uuid.uuid4()), policy, seed, created_at_s=time.time(), description=description)
        self.put(key)
        return key

    def put(self, key: Key) -> None:
        self._keys[key.id] = key
        self._save()

    def put_alias(self, name: str, key_id: str) -> None:
        self._aliases[name] = key_id
        self._save()

    def drop_alias(self, name: str) -> None:
        del self._aliases[name]
        self._save()

    def find(self, key_id: str) -> Key:
        """The key of an id, a key ARN, an alias name or an alias ARN. Raises KmsRefusal (NotFoundException)."""
        name = key_id.removeprefix(self.account.kms_arn(""))
        if name.startswith("alias/"):
            return self.alias_target(name)
        return self.find_by_id(key_id)

    def find_by_id(self, key_id: str) -> Key:
        """The key of an id or a key ARN; operations on a key's state take no alias."""
        key = self._keys.get(key_id.removeprefix(self.account.kms_arn("key/")))
        if key is not None:
            return key
        if re.fullmatch(r"[0-9a-f-]{36}", key_id):
            arn = self.account.kms_arn(f"key/{key_id}")
            raise KmsRefusal("NotFoundException", f"Key '{arn}' does not exist")
        raise KmsRefusal("NotFoundException", f"Invalid keyId '{key_id}'")

    def alias_target(self, name: str) -> Key:
        """The key behind `alias/<name>`. Raises KmsRefusal (NotFoundException)."""
        if name not in self._aliases:
            raise KmsRefusal("NotFoundException", f"Alias {self.account.kms_arn(name)} is not found.")
        return self._keys[self._aliases[name]]

    def _load(self, document: dict[str, Any]) -> None:
        for entry in document["keys"]:
            key = Key(**{**entry, "seed": base64.b64decode(entry["seed"])})
            self._keys[key.id] = key
        self._aliases = dict(document["aliases"])

    def _save(self) -> None:
        """Replace the file as a whole: a crash leaves the old one or the new one."""
        if self._state_file is None:
            return
        keys = [{**asdict(key), "seed": base64.b64encode(key.seed).decode()} for key in self._keys.values()]
        new_file = self._state_file.with_suffix(".new")
        descriptor = os.open(new_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump({"keys": keys, "aliases": self._aliases}, file)
            file.flush()
            os.fsync(file.fileno())
        new_file.replace(self._state_file)


def changed(key: Key, *, state: str, deletion_at_s: float | None = None) -> Key:
    """The same key in another state."""
    return replace(key, state=state, deletion_at_s=deletion_at_s)
