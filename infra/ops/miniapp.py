"""A miniapp's side of the API: signs in with real initData and calls the backend over HTTP."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx


def signed_init_data(user: Mapping[str, Any], *, bot_token: str, auth_date_s: int) -> str:
    """The initData Telegram hands to a miniapp, signed with the bot's token.

    Source: Telegram, "Validating data received via the Mini App".
    """
    fields = {
        "auth_date": str(auth_date_s),
        "query_id": "AAHdF6IQAAAAAN0XohDhrOrc",
        "user": json.dumps(dict(user), separators=(",", ":")),
    }
    lines = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
    secret = hmac.digest(b"WebAppData", bot_token.encode(), hashlib.sha256)
    return urlencode(fields | {"hash": hmac.digest(secret, lines.encode(), hashlib.sha256).hex()})


@dataclass(slots=True)
class Miniapp:
    """One player's client. Answers are (status, headers, body), whatever the status."""

    base_url: str
    bot_token: str = field(repr=False)
    user: Mapping[str, Any]
    token: str = field(default="", repr=False)
    timeout_s: float = 30.0
    broker: str = ""
    _client: httpx.Client | None = field(default=None, init=False)

    def sign_in(self, *, now_s: int) -> dict[str, Any]:
        """POST /api/session with fresh initData; keeps the token."""
        raw = signed_init_data(self.user, bot_token=self.bot_token, auth_date_s=now_s)
        response = self._http().post("/api/session", headers={"authorization": f"tma {raw}"})
        response.raise_for_status()
        answer: dict[str, Any] = response.json()
        self.token = answer["token"]
        return answer

    def call(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> httpx.Response:
        """One request with the session token, and an Idempotency-Key where it moves value."""
        headers = {"authorization": f"Bearer {self.token}"}
        if key is not None:
            headers["idempotency-key"] = key
        return self._http().request(method, path, headers=headers, json=body)

    def close(self) -> None:
        """Let go of the connections."""
        if self._client is not None:
            self._client.close()

    def _http(self) -> httpx.Client:
        if self._client is None:
            self._client = httpx.Client(base_url=self.base_url, timeout=self.timeout_s)
        return self._client
