"""The local KMS's operations with a key: Sign, Verify and GetPublicKey.

Source of the rules: the KMS API reference (Sign, Verify) and "Supported signing algorithms" of the KMS
developer guide: ED25519_SHA_512 signs a RAW message, ED25519_PH_SHA_512 a 64-byte DIGEST.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature

from infra.local.kms_call import Answer, KmsCall
from infra.local.kms_keys import KEY_SPEC, SIGNING_ALGORITHMS, Key
from infra.local.kms_refusal import KmsRefusal, invalid, not_here, violated

ALL_SIGNING_ALGORITHMS = (
    *("RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384", "RSASSA_PSS_SHA_512", "RSASSA_PKCS1_V1_5_SHA_256"),
    *("RSASSA_PKCS1_V1_5_SHA_384", "RSASSA_PKCS1_V1_5_SHA_512", "ECDSA_SHA_256", "ECDSA_SHA_384"),
    *("ECDSA_SHA_512", "SM2DSA", "ML_DSA_SHAKE_256", *SIGNING_ALGORITHMS),
)
MESSAGE_TYPES = ("RAW", "DIGEST", "EXTERNAL_MU")
MAX_MESSAGE_BYTES = 4096
MAX_SIGNATURE_BYTES = 6144


@dataclass(frozen=True, slots=True)
class SigningRequest:
    """A well-formed Sign or Verify request; whether an Ed25519 key can serve it is another question."""

    message: bytes
    algorithm: str
    message_type: str

    @property
    def condition_keys(self) -> dict[str, str]:
        """What a key policy can make conditions on; a left-out MessageType counts as RAW there too."""
        return {"kms:SigningAlgorithm": self.algorithm, "kms:MessageType": self.message_type}


def sign(call: KmsCall) -> Answer:
    """64 bytes over the message as it is (pure Ed25519, RFC 8032)."""
    key, request = _key_and_request(call)
    signature = base64.b64encode(key.signature(request.message)).decode()
    return {
        "KeyId": call.keyring.arn(key),
        "Signature": signature,
        "SigningAlgorithm": request.algorithm,
    }


def verify(call: KmsCall) -> Answer:
    """A wrong signature is an error, never `"SignatureValid": false`."""
    signature = _blob(call.body, "Signature", max_bytes=MAX_SIGNATURE_BYTES)
    key, request = _key_and_request(call)
    try:
        key.verify(signature, request.message)
    except InvalidSignature as error:
        raise KmsRefusal("KMSInvalidSignatureException") from error
    return {
        "KeyId": call.keyring.arn(key),
        "SignatureValid": True,
        "SigningAlgorithm": request.algorithm,
    }


def get_public_key(call: KmsCall) -> Answer:
    """The public half as DER; not of a disabled key."""
    key = call.keyring.find(call.key_id())
    call.authorize(key)
    call.require_usable(key)
    return {
        "KeyId": call.keyring.arn(key),
        "PublicKey": base64.b64encode(key.public_key_der()).decode(),
        "KeySpec": KEY_SPEC,
        "CustomerMasterKeySpec": KEY_SPEC,
        "KeyUsage": "SIGN_VERIFY",
        "SigningAlgorithms": SIGNING_ALGORITHMS,
    }


def _key_and_request(call: KmsCall) -> tuple[Key, SigningRequest]:
    request = _parsed_request(call.body)
    key = call.keyring.find(call.key_id())
    call.authorize(key, context=request.condition_keys)
    call.require_usable(key)
    _require_servable(request)
    if call.body.get("DryRun"):
        text = "The request would have succeeded, but the DryRun option is set."
        raise KmsRefusal("DryRunOperationException", text)
    return key, request


def _parsed_request(body: Mapping[str, Any]) -> SigningRequest:
    """Raises KmsRefusal (ValidationException) for what breaks a declared constraint."""
    message = _blob(body, "Message", max_bytes=MAX_MESSAGE_BYTES)
    algorithm, message_type = body.get("SigningAlgorithm", "null"), body.get("MessageType", "RAW")
    if algorithm not in ALL_SIGNING_ALGORITHMS:
        raise violated("signingAlgorithm", algorithm, _one_of(ALL_SIGNING_ALGORITHMS))
    if message_type not in MESSAGE_TYPES:
        raise violated("messageType", message_type, _one_of(MESSAGE_TYPES))
    return SigningRequest(message, algorithm, message_type)


def _require_servable(request: SigningRequest) -> None:
    """Raises KmsRefusal unless an Ed25519 key can serve the request, and this endpoint with it."""
    algorithm, message_type = request.algorithm, request.message_type
    if algorithm not in SIGNING_ALGORITHMS:
        text = f"Algorithm {algorithm} is incompatible with key spec {KEY_SPEC}."
        raise KmsRefusal("InvalidKeyUsageException", text)
    if message_type != ("RAW" if algorithm == "ED25519_SHA_512" else "DIGEST"):
        raise invalid(f"Message type {message_type} is incompatible with algorithm {algorithm}.")
    if algorithm == "ED25519_PH_SHA_512":
        if len(request.message) != 64:
            raise invalid(f"Digest is invalid length for algorithm {algorithm}.")
        raise not_here("Ed25519ph")


def _blob(body: Mapping[str, Any], field: str, *, max_bytes: int) -> bytes:
    """The bytes of a base64 field, 1 to `max_bytes` of them. Raises KmsRefusal."""
    try:
        value = base64.b64decode(body.get(field, ""), validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise KmsRefusal("SerializationException", f"{field} is not base64") from error
    name = field[0].lower() + field[1:]
    if not value:
        raise violated(name, "", "Member must have length greater than or equal to 1")
    if len(value) > max_bytes:
        raise violated(name, "<blob>", f"Member must have length less than or equal to {max_bytes}")
    return value


def _one_of(values: tuple[str, ...]) -> str:
    return f"Member must satisfy enum value set: [{', '.join(values)}]"
