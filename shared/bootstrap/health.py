"""The health function's dependencies; a driver is imported when /health/ready or /metrics first asks."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Final

from shared.bootstrap.wired import Wired
from shared.config.functions.health import HealthSettings
from shared.wiring import Dependency, EdgeWiring, HealthWiring, MetricSample

if TYPE_CHECKING:
    from shared.adapters.upstash_limiter import UpstashLimiter
    from shared.bootstrap.stores import Stores

DATABASE_LIMIT_MS: Final = 1500
LIMITER_LIMIT_MS: Final = 500


def build_health(settings: HealthSettings) -> HealthWiring:
    """Nothing connects and no driver is imported before the first check."""

    @cache
    def stores() -> Stores:
        from shared.bootstrap.stores import Stores

        return Stores("health", runtime=settings.runtime, database=settings.database)

    @cache
    def limiter() -> UpstashLimiter:
        from shared.adapters.upstash_limiter import UpstashLimiter

        return UpstashLimiter(url=settings.limiter.url, token=settings.limiter.token)

    def database_answers() -> None:
        stores().ledger.open_rows(limit=1)

    def limiter_answers() -> None:
        from shared.ports.limiter import LimitCheck

        limiter().check([LimitCheck("health", "ready", limit=6000, window_s=60)])

    def samples() -> Iterable[MetricSample]:
        from shared.adapters.mongo_claims import MongoClaimStore
        from shared.adapters.mongo_observations import MongoObservations
        from shared.services.read_metrics import MetricSources, read_metrics

        opened = stores()
        sources = MetricSources(
            store=opened.ledger,
            configs=opened.configs,
            claims=MongoClaimStore(opened.database),
            observations=MongoObservations(opened.database),
            clock=opened.clock,
        )
        return read_metrics(sources)

    def close() -> None:
        if stores.cache_info().currsize:
            stores().close()
        if limiter.cache_info().currsize:
            limiter().close()
        stores.cache_clear()
        limiter.cache_clear()

    from shared.bootstrap.stores import clock_of

    return HealthWiring(
        edge=EdgeWiring(clock=clock_of(settings.runtime), cors_origins=frozenset(settings.cors_origins)),
        dependencies=(
            Dependency("database", database_answers, limit_ms=DATABASE_LIMIT_MS),
            # Without it claims and admin logins refuse and the rest falls back: degraded, not down.
            Dependency("limiter", limiter_answers, limit_ms=LIMITER_LIMIT_MS, is_essential=False),
        ),
        samples=samples,
        close=close,
        metrics_token=settings.metrics_token,
    )


health_parts: Final = Wired(HealthSettings, build_health)
