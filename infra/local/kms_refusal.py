"""Why the local KMS said no, in the codes AWS KMS itself uses."""

from __future__ import annotations


class KmsRefusal(Exception):
    """An error answer: `code` is AWS's, `status` the HTTP status it goes out with."""

    def __init__(self, code: str, message: str = "", *, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


def violated(field: str, value: str, rule: str) -> KmsRefusal:
    """A ValidationException in the wording AWS gives every breach of a declared constraint."""
    text = f"1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: {rule}"
    return KmsRefusal("ValidationException", text)


def invalid(message: str) -> KmsRefusal:
    """A ValidationException that no declared constraint expresses."""
    return KmsRefusal("ValidationException", message)


def not_here(what: str) -> KmsRefusal:
    """AWS can do this and the local endpoint cannot: 501, so that no answer of AWS is mistaken for it."""
    return KmsRefusal("UnsupportedOperationException", f"local endpoint: {what}", status=501)
