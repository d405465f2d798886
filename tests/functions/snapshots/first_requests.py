"""First requests to the functions that have a snapshot, and the keys they are signed with."""

from __future__ import annotations

import time
from typing import Any

from infra.ops.miniapp import signed_init_data
from shared.adapters.session_tokens import SessionIssuer
from tests.functions.edge_app import gateway_event

SNAPSHOTTED = ("battle", "economy", "claim", "admin")
QUESTION = {
    "battle": ("/api/brokers", 404),
    "economy": ("/api/economy/me", 404),
    "claim": ("/api/claims", 503),
    "admin": ("/api/admin/me", 401),
}
"""A first request of each function: a player who does not exist, no vault, a player's token for an operator."""


def session_seed(known: dict[str, str]) -> bytes:
    return bytes.fromhex(known["PLAYER_SESSION_PRIVATE_KEY_HEX"])


def bearer(seed: bytes, player: str = "tg7") -> dict[str, str]:
    token, _ = SessionIssuer(seed).issue(player, token_id="ab" * 16, now_s=time.time_ns() // 10**9)
    return {"authorization": f"Bearer {token}"}


def sign_in(bot_token: str, *, telegram_id: int = 7) -> dict[str, Any]:
    user = {"id": telegram_id, "first_name": "Ann"}
    raw = signed_init_data(user, bot_token=bot_token, auth_date_s=time.time_ns() // 10**9)
    return gateway_event("POST", "/api/session", headers={"authorization": f"tma {raw}"})
