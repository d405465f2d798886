"""How often: which token buckets a request is counted in, and the headers that tell the client.

Every route counts per client address and, where one is known, per subject; the routes below count in
a bucket of their own too, all in one round trip to the limiter. Counts are overridden by name through
the game configuration's `limits`. Headers: IETF draft-ietf-httpapi-ratelimit-headers-11.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from shared.domain.errors import Refused
from shared.ports.limiter import LimitCheck, LimitVerdict

if TYPE_CHECKING:
    from shared.wiring import OnOutage

MINUTE_S: Final = 60
SUBJECT_LENGTH_MAX: Final = 254


@dataclass(frozen=True, slots=True)
class Policy:
    """At most `limit` in `window_s` seconds per `counted_by`: the address, the subject, or a body field."""

    name: str
    limit: int
    window_s: int
    counted_by: Literal["address", "subject", "email", "wallet"]


PER_ADDRESS: Final = Policy("address", 600, MINUTE_S, "address")
PER_PLAYER: Final = Policy("player", 120, MINUTE_S, "subject")
BATTLE_RUN: Final = Policy("battle_run", 25, MINUTE_S, "subject")
CLAIM: Final = Policy("claim", 6, MINUTE_S, "subject")
WALLET: Final = Policy("wallet", 6, MINUTE_S, "subject")
WALLET_PROVED: Final = Policy("wallet_proved", 10, MINUTE_S, "wallet")
ADMIN_LOGIN_ADDRESS: Final = Policy("admin_login_address", 5, 15 * MINUTE_S, "address")
ADMIN_LOGIN_ACCOUNT: Final = Policy("admin_login_account", 5, 15 * MINUTE_S, "email")

ROUTE_POLICIES: Final[Mapping[tuple[str, str], tuple[Policy, ...]]] = {
    ("POST", "/api/battle/run"): (BATTLE_RUN,),
    ("POST", "/api/claims"): (CLAIM,),
    ("POST", "/api/wallet/challenge"): (WALLET,),
    ("POST", "/api/wallet"): (WALLET, WALLET_PROVED),
    ("DELETE", "/api/wallet"): (WALLET,),
    ("POST", "/api/admin/login"): (ADMIN_LOGIN_ADDRESS, ADMIN_LOGIN_ACCOUNT),
}

POLICY_NAMES: Final = frozenset(
    policy.name for policies in ((PER_ADDRESS, PER_PLAYER), *ROUTE_POLICIES.values()) for policy in policies
)
"""Every limit whose count an administrator may set."""

REFUSES_WITHOUT_LIMITER: Final = frozenset({("POST", "/api/claims"), ("POST", "/api/admin/login")})
"""Where guessing or draining would pay, no limiter means no service; the rest falls back per instance."""


def checks_for(
    method: str, route: str, *, address: str, subject: str, body: Any, overrides: Mapping[str, int]
) -> list[LimitCheck]:
    """The buckets of one request, the route's own last; a policy whose subject is unknown is left out."""
    subjects = {"address": address, "subject": subject, "email": _email(body), "wallet": _wallet(body)}
    policies = (PER_ADDRESS, PER_PLAYER, *ROUTE_POLICIES.get((method, route), ()))
    return [
        LimitCheck(
            policy=policy.name,
            subject=subjects[policy.counted_by],
            limit=overrides.get(policy.name, policy.limit),
            window_s=policy.window_s,
        )
        for policy in policies
        if subjects[policy.counted_by]
    ]


def counts_by_body(method: str, route: str) -> bool:
    """Whether the route has a bucket whose subject only the body names."""
    policies = ROUTE_POLICIES.get((method, route), ())
    return any(policy.counted_by in {"email", "wallet"} for policy in policies)


def on_outage_of(method: str, route: str) -> OnOutage:
    """What happens to this route's requests while the shared limiter is down."""
    return "refuse" if (method, route) in REFUSES_WITHOUT_LIMITER else "fall_back"


def _email(body: Any) -> str:
    """The account a login names, in one spelling; anything else is refused later by its form."""
    email = body.get("email") if isinstance(body, dict) else None
    return email.strip().lower()[:SUBJECT_LENGTH_MAX] if isinstance(email, str) else ""


def _wallet(body: Any) -> str:
    """The wallet a proof is about, in its canonical spelling: many players may not take turns at one wallet."""
    account = body.get("account") if isinstance(body, dict) else None
    if not isinstance(account, dict):
        return ""
    from shared.domain.ton.address import read_address  # no other body has one

    try:
        return read_address(account.get("address")).address.raw
    except Refused:
        return ""


def limit_headers(checks: Sequence[LimitCheck], verdict: LimitVerdict) -> dict[str, str]:
    """RateLimit-Policy names all buckets (quota q, window w); RateLimit the tightest (remaining r, reset t)."""
    spent = verdict.limit - verdict.remaining
    full_again_ms = spent * verdict.window_s * 1000 // max(verdict.limit, 1)
    reset_s = -(-max(verdict.retry_after_ms, full_again_ms) // 1000)
    return {
        "ratelimit-policy": ", ".join(f'"{c.policy}";q={c.limit};w={c.window_s}' for c in checks),
        "ratelimit": f'"{verdict.policy}";r={verdict.remaining};t={reset_s}',
    }


def refused_headers(checks: Sequence[LimitCheck], extra: Mapping[str, Any]) -> dict[str, str]:
    """The same headers from a refusal's extra {retryAfterMs, policy, limit, remaining, windowS}."""
    verdict = LimitVerdict(
        is_allowed=False,
        policy=str(extra["policy"]),
        limit=int(extra["limit"]),
        remaining=int(extra["remaining"]),
        window_s=int(extra["windowS"]),
        retry_after_ms=int(extra["retryAfterMs"]),
    )
    return limit_headers(checks, verdict)
