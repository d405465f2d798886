"""The stores a benchmark runs against, and what the battle function needs to run on them."""

from __future__ import annotations

import contextlib
import secrets
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from nacl.signing import SigningKey
from pymongo import MongoClient

from infra.bench.seeded_players import account_name, seed_players
from infra.local.endpoint_process import start_endpoint, stop_endpoint
from shared.adapters.mongo_game_configs import MongoGameConfigs
from shared.adapters.session_tokens import SessionIssuer
from shared.adapters.system_clock import SystemClock
from shared.domain.game_config import GameConfig, default_config

MODE: Final = "prediction"
PLENTY: Final = 1_000_000_000
_LIMITS: Final = dict.fromkeys(("address", "player", "battle_run"), 1_000_000)


@dataclass(frozen=True, slots=True)
class BenchWorld:
    """Endpoints, secrets and the player's keys of one run; everything ends with the run."""

    mongo_url: str
    upstash_url: str
    upstash_token: str
    session_key: bytes
    battle_secret: str

    def environment(self, database: str) -> dict[str, str]:
        """The battle function's settings, as a deployment without a local clock has them."""
        return {
            "APP_ENV": "dev",
            "STAGE": "dev",
            "CORS_ORIGIN": "http://localhost:5173",
            "MONGODB_URI": self.mongo_url,
            "MONGODB_DATABASE": database,
            "UPSTASH_REDIS_REST_URL": self.upstash_url,
            "UPSTASH_REDIS_REST_TOKEN": self.upstash_token,
            "PLAYER_SESSION_PUBLIC_KEYS": bytes(SigningKey(self.session_key).verify_key).hex(),
            "BATTLE_SEED_SECRET": self.battle_secret,
        }

    def tokens(self, players: int) -> dict[str, str]:
        """Account -> session token, of the first so many seeded players."""
        issuer, now_s = SessionIssuer(self.session_key), int(time.time_ns() // 10**9)
        return {
            name: issuer.issue(name, token_id=secrets.token_hex(16), now_s=now_s)[0]
            for name in map(account_name, range(players))
        }

    def seed(self, database: str, *, players: int, rows_each: int, config: GameConfig) -> None:
        """A database with so many players and a configuration."""
        with MongoClient[dict[str, Any]](self.mongo_url) as client:
            seed_players(
                client[database],
                players=players,
                rows_each=rows_each,
                config=config,
                now_ms=time.time_ns() // 10**6,
            )
            MongoGameConfigs(client[database], SystemClock()).seed(config)


def bench_config(**economy: Any) -> GameConfig:
    """The running game, but a battle neither tires nor has to rest, and limits and caps are far away."""
    config = default_config()
    tireless = replace(config.modes[MODE], energy_cost=0, cooldown_s=0)
    generous = replace(config.economy, **{"daily_cap_aiba": PLENTY, "daily_cap_neur": PLENTY, **economy})
    return replace(config, economy=generous, modes={**config.modes, MODE: tireless}, limits=_LIMITS)


@contextlib.contextmanager
def bench_world() -> Iterator[BenchWorld]:
    """A database and a limiter of this run's own, on free ports."""
    with tempfile.TemporaryDirectory(prefix="arena-bench-") as folder, contextlib.ExitStack() as closing:
        token = secrets.token_hex(16)
        log = Path(folder) / "log"
        urls: list[str] = []
        for module, *arguments in (
            ("mongo_server", "--data", f"{folder}/mongo"),
            ("upstash_endpoint", "--data", f"{folder}/redis", f"--token={token}"),
        ):
            endpoint = start_endpoint(f"infra.local.{module}", *arguments, log=log)
            closing.callback(stop_endpoint, endpoint)
            urls.append(endpoint.url)
        mongo_url, upstash_url = urls
        yield BenchWorld(mongo_url, upstash_url, token, secrets.token_bytes(32), secrets.token_urlsafe(36))
