"""What bootstrap hands to the HTTP functions: their connections as values, and nothing of HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:  # the health function reads this module and must not pay for the whole domain
    from shared.domain.admin_session import AdminToken
    from shared.domain.admins import Action, Admin
    from shared.domain.session import Session
    from shared.domain.telegram_init_data import InitData
    from shared.ports.clock import Clock
    from shared.ports.limiter import LimitCheck, LimitVerdict

OnOutage = Literal["refuse", "fall_back"]


class Limit(Protocol):
    """The service limit_requests, bound to its limiters.

    Raises Refused `rate_limited` with extra {retryAfterMs, policy, limit, remaining, windowS}, and
    Unavailable `limiter_unavailable` when the store is down and `on_outage` is "refuse".
    """

    def __call__(self, checks: Sequence[LimitCheck], *, on_outage: OnOutage) -> LimitVerdict: ...


class VerifySession(Protocol):
    """Token to session; raises Refused `token_invalid` or `token_expired`."""

    def __call__(self, token: str, *, now_s: int) -> Session: ...


class JudgeInitData(Protocol):
    """Raw initData to what Telegram vouches for, with this bot's token and age limit bound."""

    def __call__(self, raw: str, *, now_s: int) -> InitData: ...


class AdminGate(Protocol):
    """The services admin_login.read_token and .admit, bound to the admin function's desk."""

    def read_token(self, text: str, *, now_s: int) -> AdminToken:
        """What a token says; asks nobody. Raises Refused `token_invalid` or `token_expired`."""
        ...

    def admit(self, token: AdminToken, action: Action) -> Admin:
        """Its administrator as they are now; Refused `session_ended` or `forbidden`."""
        ...


def no_limit_overrides() -> Mapping[str, int]:
    """The limits as this package declares them."""
    return {}


def nobody_was_asked() -> Mapping[str, int]:
    """For functions that ask no TON provider."""
    return {}


def nothing_to_close() -> None:
    """For wirings that hold no connection."""


@dataclass(frozen=True, slots=True)
class PlatformIdentity:
    """The header, in lower case, in which the platform names the deployment, and what keeps it for the request."""

    header: str
    keep: Callable[[str], object]


@dataclass(frozen=True, slots=True)
class EdgeWiring:
    """One function's connections; a part it does not hold is None and its routes cannot ask for it.

    `cors_origins` are exact origins. `limit_overrides` maps a policy's name to its count per window
    (GameConfig.limits). `address_header` is the platform's own header with the client's address, in
    lower case, where the connection's peer is the platform itself (Vercel); empty elsewhere. `identity` is
    set where the platform sends one and the function uses it; elsewhere that header is a stranger's and is not
    read. `provider_outcomes` takes how TON providers' answers ended ({"ok": n, "errors": m}), empty when none
    was asked. `close` gives up every connection of the function; the next question opens new ones.
    """

    clock: Clock
    cors_origins: frozenset[str] = frozenset()
    limit: Limit | None = None
    limit_overrides: Callable[[], Mapping[str, int]] = no_limit_overrides
    verify_session: VerifySession | None = None
    judge_init_data: JudgeInitData | None = None
    admin_gate: AdminGate | None = None
    address_header: str = ""
    identity: PlatformIdentity | None = None
    provider_outcomes: Callable[[], Mapping[str, int]] = nobody_was_asked
    close: Callable[[], None] = nothing_to_close


@dataclass(frozen=True, slots=True)
class Dependency:
    """Something the backend needs: `check` returns when it answers and raises when it does not.

    `limit_ms` bounds the wait for it. `is_essential` says whether the backend is not ready without it.
    """

    name: str
    check: Callable[[], object]
    limit_ms: int = 1000
    is_essential: bool = True


@dataclass(frozen=True, slots=True)
class MetricSample:
    """One value of a Prometheus metric: a `counter` only grows, a `gauge` moves."""

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    value: int | float
    labels: Mapping[str, str] = field(default_factory=dict)


def gauge(name: str, text: str, value: float, labels: Mapping[str, str] | None = None) -> MetricSample:
    """A sample of what moves; `text` is its help."""
    return MetricSample(name, "gauge", text, value, labels or {})


@dataclass(frozen=True, slots=True)
class HealthWiring:
    """The health function's connections; `samples` reads the database, so it is called on demand only.

    `close` gives up the connections that were opened; the next question opens new ones.
    """

    edge: EdgeWiring
    dependencies: Sequence[Dependency]
    samples: Callable[[], Iterable[MetricSample]]
    close: Callable[[], None]
    metrics_token: str = field(repr=False)
