"""The one table from a stable refusal code to its HTTP status; docs/api.md explains the codes.

400 the request is malformed, 401 who are you, 403 not you or not yet, 404 no such thing, 409 not in
this state (final for its key), 412 somebody was faster, 422 the key belongs to another request,
429 wait. A test finds every code the services and the domain use and fails on one that is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

STATUS_OF_CODE: Final[Mapping[str, int]] = {
    # the request's form
    "malformed_json": 400,
    "json_too_deep": 400,
    "unexpected_body": 400,
    "unknown_parameter": 400,
    "invalid_request": 400,
    "invalid_amount": 400,
    "idempotency_key_required": 400,
    "idempotency_key_invalid": 400,
    "idempotency_key_contradictory": 400,
    "body_incomplete": 400,
    "body_too_large": 413,
    "unsupported_media_type": 415,
    # who asks
    "token_missing": 401,
    "token_invalid": 401,
    "token_expired": 401,
    "init_data_missing": 401,
    "init_data_malformed": 401,
    "init_data_duplicate_key": 401,
    "init_data_hash_missing": 401,
    "init_data_hash_mismatch": 401,
    "init_data_auth_date_missing": 401,
    "init_data_expired": 401,
    "init_data_from_future": 401,
    "init_data_user_missing": 401,
    "init_data_user_invalid": 401,
    "origin_not_allowed": 403,
    # where and how often
    "not_found": 404,
    "method_not_allowed": 405,
    "rate_limited": 429,
    "too_many_refusals": 429,
    # the ledger
    "player_unknown": 404,
    "banned": 403,
    "balance_limit": 409,
    "idempotency_key_reused": 422,
    "insufficient_funds": 409,
    # the game
    "mode_unknown": 404,
    "mode_disabled": 403,
    "invalid_mode": 400,
    "broker_not_found": 404,
    "broker_banned": 403,
    "broker_limit": 409,
    "same_broker": 400,
    "invalid_stat": 400,
    "stat_at_maximum": 409,
    "starter_already_granted": 409,
    "catalogue_entry_unknown": 404,
    "league_locked": 403,
    "guild_required": 403,
    "no_energy": 409,
    "cooldown": 409,
    "daily_taken": 409,
    "battle_not_found": 404,
    "fairness_unknown": 404,
    "invalid_proof": 400,
    "too_many_epochs": 409,
    "invalid_cursor": 400,
    # wallets
    "invalid_address": 400,
    "wrong_network": 400,
    "invalid_boc": 400,
    "invalid_cell": 400,
    "state_init_invalid": 400,
    "state_init_mismatch": 400,
    "wallet_unknown": 400,
    "proof_malformed": 400,
    "proof_expired": 400,
    "proof_from_future": 400,
    "domain_mismatch": 400,
    "signature_invalid": 400,
    "public_key_mismatch": 400,
    "challenge_unknown": 409,
    "wallet_required": 409,
    "wallet_taken": 409,
    "wallet_cooldown": 409,
    # claims
    "claims_paused": 403,
    "claim_unknown": 404,
    "claim_open": 409,
    "claim_below_minimum": 409,
    "claim_above_maximum": 409,
    "claim_daily_count": 409,
    "claim_daily_amount": 409,
    "claims_cap_reached": 409,
    "debt_outstanding": 409,
}
