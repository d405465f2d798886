"""The claim key in AWS KMS: an ECC_NIST_EDWARDS25519 key whose private half never leaves it."""

from __future__ import annotations

from functools import cache
from typing import Any, Final, NoReturn

from shared.adapters.xray import traced
from shared.domain.errors import InvariantBroken, Unavailable, ensure

SPKI_PREFIX: Final = bytes.fromhex("302a300506032b6570032100")
"""RFC 8410: the DER of SubjectPublicKeyInfo up to the 32 bytes of an Ed25519 key."""
MAX_MESSAGE_BYTES: Final = 4096

# Two attempts and the pause between them end within 3 s, so that a stuck KMS becomes a 503 in time.
_CONNECT_TIMEOUT_S: Final = 0.7
_READ_TIMEOUT_S: Final = 1.0
_ATTEMPTS: Final = 2

_CODE_OF_ERROR: Final = {
    "ThrottlingException": "kms_unavailable",
    "Throttling": "kms_unavailable",
    "LimitExceededException": "kms_unavailable",
    "TooManyRequestsException": "kms_unavailable",
    "RequestLimitExceeded": "kms_unavailable",
    "DependencyTimeoutException": "kms_unavailable",
    "KMSInternalException": "kms_unavailable",
    "KeyUnavailableException": "kms_unavailable",
    "ServiceUnavailableException": "kms_unavailable",
    "DisabledException": "kms_key_disabled",
    "KMSInvalidStateException": "kms_key_disabled",
    "AccessDeniedException": "kms_access_denied",
    "UnrecognizedClientException": "kms_access_denied",
    "InvalidClientTokenId": "kms_access_denied",
    "ExpiredTokenException": "kms_access_denied",
    "MissingAuthenticationTokenException": "kms_access_denied",
    "NotFoundException": "kms_key_not_found",
}


class KmsSigningKey:
    """Implements ports.signing.SigningKey. Region and credentials are the environment's; `endpoint_url` is local's."""

    def __init__(self, *, key_id: str, endpoint_url: str | None = None) -> None:
        self._key_id = key_id
        self._endpoint_url = endpoint_url
        self._kms: Any = None
        self._public_key: bytes | None = None

    @property
    def key_id(self) -> str:
        return self._key_id

    def public_key(self) -> bytes:
        """The 32 raw bytes, asked for once: a KMS key never changes its material.

        Raises as `sign`; InvariantBroken also when the key is not a plain Ed25519 one.
        """
        if self._public_key is None:
            answer = self._ask("get_public_key", KeyId=self._key_id)
            encoded = answer.get("PublicKey")
            ensure(isinstance(encoded, bytes) and len(encoded) == 44, "an Ed25519 key is 44 bytes of DER")
            ensure(encoded.startswith(SPKI_PREFIX), "the claim key is an Ed25519 key")
            self._public_key = bytes(encoded[len(SPKI_PREFIX) :])
        return self._public_key

    def sign(self, message: bytes) -> bytes:
        """64 bytes, pure Ed25519: RAW with ED25519_SHA_512 signs the message itself, 1 to 4,096 bytes.

        Raises Unavailable `kms_unavailable` (throttled, timed out, 5xx), `kms_key_disabled` (or to be
        deleted), `kms_access_denied`, `kms_key_not_found`; InvariantBroken for anything else.
        """
        ensure(1 <= len(message) <= MAX_MESSAGE_BYTES, "a message to sign is 1 to 4,096 bytes")
        answer = self._ask(
            "sign",
            KeyId=self._key_id,
            Message=message,
            MessageType="RAW",
            SigningAlgorithm="ED25519_SHA_512",
        )
        signature = answer.get("Signature")
        ensure(isinstance(signature, bytes) and len(signature) == 64, "an Ed25519 signature is 64 bytes")
        return bytes(signature)

    def _ask(self, operation: str, **arguments: Any) -> Any:
        from botocore.exceptions import (
            BotoCoreError,
            ClientError,
            ConnectionError,  # noqa: A004 - botocore's own, which is not the builtin
            CredentialRetrievalError,
            HTTPClientError,
            NoCredentialsError,
        )

        try:
            with traced("KMS"):
                return getattr(self._client(), operation)(**arguments)
        except ClientError as error:
            _translate(error, error.response)
        except (ConnectionError, HTTPClientError) as error:
            raise Unavailable("the key service did not answer", code="kms_unavailable") from error
        except (NoCredentialsError, CredentialRetrievalError) as error:
            raise Unavailable("no credentials for the key service", code="kms_access_denied") from error
        except BotoCoreError as error:
            raise InvariantBroken("the request to the key service is well-formed") from error

    def _client(self) -> Any:
        if self._kms is None:
            # botocore makes the same client as boto3, and a start is spared boto3's own modules.
            from botocore.config import Config
            from botocore.session import get_session

            limits = Config(
                connect_timeout=_CONNECT_TIMEOUT_S,
                read_timeout=_READ_TIMEOUT_S,
                retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
            )
            self._kms = get_session().create_client("kms", endpoint_url=self._endpoint_url, config=limits)
        return self._kms


@cache
def kms_signing_key(key_id: str, endpoint_url: str | None) -> KmsSigningKey:
    """One client for readiness, which asks for the public key, and for the signing after it."""
    return KmsSigningKey(key_id=key_id, endpoint_url=endpoint_url)


def _translate(error: Exception, response: Any) -> NoReturn:
    name = response.get("Error", {}).get("Code", "")
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = _CODE_OF_ERROR.get(name) or ("kms_unavailable" if status >= 500 else None)
    if code is None:
        raise InvariantBroken(f"the key service accepts what we ask: {name}") from error
    raise Unavailable(f"the key service answered {name}", code=code) from error
