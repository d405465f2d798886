"""What may be said about an AWS call that failed: its name, never its words."""

from __future__ import annotations

import re

_NAME = re.compile(r"[A-Za-z]{1,64}")


def failure_name(error: Exception) -> str:
    """The service's error code, else the exception's class.

    The text of an error may quote the signed request with its session token, or half a reply with the keys in
    it, and the cause of an error is logged.
    """
    reply = getattr(error, "response", None)  # a service's answer; of a connection that broke, None
    code = str(reply.get("Error", {}).get("Code", "")) if isinstance(reply, dict) else ""
    return code if _NAME.fullmatch(code) else type(error).__name__
