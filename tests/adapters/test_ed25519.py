"""Ed25519 verification: RFC 8032's vectors, and everything near them is wrong."""

from __future__ import annotations

import pytest

from shared.adapters.ed25519 import verify

# RFC 8032 section 7.1, tests 1 and 2: public key, message, signature.
RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
]
KEY, MESSAGE, SIGNATURE = (bytes.fromhex(part) for part in RFC_8032[1])


@pytest.mark.parametrize(("key", "message", "signature"), RFC_8032)
def test_the_standards_signatures_are_right(key: str, message: str, signature: str) -> None:
    assert verify(bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature))


@pytest.mark.parametrize(
    ("key", "message", "signature"),
    [
        (KEY[:-1] + b"\0", MESSAGE, SIGNATURE),
        (KEY, MESSAGE + b"\0", SIGNATURE),
        (KEY, MESSAGE, SIGNATURE[:-1] + b"\1"),
        (KEY[:-1], MESSAGE, SIGNATURE),
        (KEY, MESSAGE, SIGNATURE[:-1]),
        (KEY, MESSAGE, b""),
        (b"\0" * 32, MESSAGE, b"\0" * 64),
        (b"\1" + b"\0" * 31, MESSAGE, b"\1" + b"\0" * 63),
    ],
    ids=["key", "message", "signature", "short key", "short signature", "empty", "zero key", "small order"],
)
def test_anything_else_is_not_right_and_never_raises(key: bytes, message: bytes, signature: bytes) -> None:
    assert verify(key, message, signature) is False
