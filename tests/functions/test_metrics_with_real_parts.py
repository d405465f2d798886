"""/metrics against the truth: settle's run and two health functions over a real database and a real chain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nacl.signing import SigningKey

from functions import settle
from functions.edge.lambda_entry import Handler, lambda_handler
from functions.health import create_health_app
from infra.local.chain_client import ChainClient
from infra.local.clock import stack_now_ms
from infra.local.world import World
from shared.adapters import toncenter
from shared.adapters.mongo_indexes import ensure_indexes
from shared.adapters.mongo_ledger import MongoLedgerStore
from shared.adapters.toncenter import TonCenter
from shared.bootstrap.health import build_health
from shared.bootstrap.settle import SettleParts, build_reporting_settle
from shared.bootstrap.wired import Wired
from shared.config.functions.health import HealthSettings
from shared.config.functions.settle import SettleSettings
from shared.domain.errors import InvariantBroken
from shared.services.measure_claims import OPEN_CLAIMS_COUNTED_MAX
from tests.conftest import UpstashRest
from tests.functions.edge_app import gateway_event
from tests.local_claims import Claimant, advance
from tests.services.audited_world import WALLET, claim
from tests.services.game_world import GameWorld

TOKEN = "metrics-token-FAKE-FOR-TESTS-ONLY-0123456789"
MINUTE_S = 60
CLOCKED = ("arena_observed_age_seconds", "arena_oldest_open_claim_seconds", "arena_ledger_audit_behind")


class Backend:
    """Settle, two instances of health, players with claims, and a hand on the clock."""

    def __init__(self, settings: dict[str, str], database: Any, clock_file: Path) -> None:
        self.database, self.clock_file = database, clock_file
        ensure_indexes(database)
        self.settle_parts = Wired[SettleSettings, SettleParts](
            SettleSettings, build_reporting_settle, environment=settings
        )
        self.health_parts = [Wired(HealthSettings, build_health, environment=settings) for _ in range(2)]
        self.health: list[Handler] = [
            lambda_handler(create_health_app(parts), wiring=parts, environment={})
            for parts in self.health_parts
        ]
        self.game = GameWorld(store=MongoLedgerStore(database))
        self.game.clock.time_ms = self.now_ms()

    def now_ms(self) -> int:
        return stack_now_ms(self.clock_file)

    def ask(self, number: int, credits: int) -> None:
        """The escrow row of a claim; the janitor makes its document from it."""
        account = self.game.register(number)
        self.game.give(account, "AIBA", 1_000)
        self.game.change(account, wallet=WALLET)
        claim(self.game, account, "k", credits=credits)

    def run_settle(self) -> None:
        settle.run({})

    def metrics(self, instance: int = 0) -> dict[str, float]:
        """Sample (name and labels) -> value."""
        event = gateway_event("GET", "/metrics", headers={"authorization": f"Bearer {TOKEN}"})
        answer = self.health[instance](event, None)
        assert answer["statusCode"] == 200, answer["body"]
        lines = [line for line in answer["body"].splitlines() if not line.startswith("#")]
        return {sample: float(value) for sample, _, value in (line.rpartition(" ") for line in lines)}

    def close(self) -> None:
        for parts in self.health_parts:
            parts().close()
        built = self.settle_parts()
        built.stores.close()


@pytest.fixture
def backend(
    mongo_uri: str,
    mongo_database: Any,
    upstash: UpstashRest,
    chain: ChainClient,
    world: World,
    chain_clock: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Backend]:
    settings = {
        "APP_ENV": "test",
        "METRICS_TOKEN": TOKEN,
        "CORS_ORIGIN": "https://game.example",
        "MONGODB_URI": mongo_uri,
        "MONGODB_DATABASE": mongo_database.name,
        "UPSTASH_REDIS_REST_URL": upstash.url,
        "UPSTASH_REDIS_REST_TOKEN": upstash.token,
        "LOCAL_CLOCK_FILE": str(chain_clock),
        **world.settings(),
        "TON_API_KEY": chain.api_key,
    }
    providers: list[TonCenter] = []

    def remembered(**named: Any) -> TonCenter:
        providers.append(TonCenter(**named))
        return providers[-1]

    monkeypatch.setattr(toncenter, "TonCenter", remembered)
    built = Backend(settings, mongo_database, chain_clock)
    monkeypatch.setattr(settle, "settle_parts", built.settle_parts)
    yield built
    chain.control("clear_faults")
    built.close()
    for provider in providers:
        provider.close()


pytestmark = pytest.mark.usefixtures("event_loop_for_handlers")


def test_the_numbers_are_the_chains_and_the_ledgers_and_the_same_on_two_instances(
    backend: Backend, chain: ChainClient, world: World, oracle: SigningKey, chain_clock: Path
) -> None:
    Claimant.funded(chain, world, oracle).claim(seqno=1, units=7 * world.units_per_credit)
    backend.ask(1, 100)
    backend.ask(2, 45)
    advance(chain_clock, seconds=5)
    backend.run_settle()
    first, second = backend.metrics(0), backend.metrics(1)
    escrow = sum(int(player["esc"].get("AIBA", 0)) for player in backend.database["players"].find({}))
    held = chain.jetton_units(world.vault, master=world.jetton_master)
    recipients = int(chain.get(world.vault, "getVaultState")[5][1], 16)
    assert (escrow, recipients) == (145, 1)
    expected = {
        'arena_open_claims{state="reserved"}': 2,
        "arena_open_claim_credits": escrow,
        "arena_open_claim_units": escrow * world.units_per_credit,
        "arena_vault_ton_nano": int(chain.account(world.vault)["balance"]),
        "arena_vault_jetton_units": held,
        "arena_vault_free_units": held - escrow * world.units_per_credit,
        "arena_vault_recipients": recipients,
        "arena_vault_paused": 0,
        "arena_settle_failed_tasks": 0,
        "arena_ledger_suspects": 0,
        # The claimant's signature is in no journal: the watch has stopped all claims.
        'arena_paused{what="claims"}': 1,
    }
    assert first.items() >= expected.items()
    age_s = first["arena_oldest_open_claim_seconds"]
    assert 5 <= age_s < 60
    assert first.keys() == second.keys()
    assert {name for name in first if first[name] != second[name] and not name.startswith(CLOCKED)} == set()
    assert all(
        second[name] == pytest.approx(first[name], abs=5) for name in first if name.startswith(CLOCKED)
    )


def test_a_chain_that_is_away_leaves_the_vaults_numbers_and_their_age_growing(
    backend: Backend, chain: ChainClient, chain_clock: Path
) -> None:
    backend.run_settle()
    before = backend.metrics()
    chain.control("fault", kind="server_error", count=10_000)
    for _ in range(3):
        advance(chain_clock, seconds=5 * MINUTE_S)
        backend.run_settle()
    after = backend.metrics()
    ages = {name: after[f'arena_observed_age_seconds{{what="{name}"}}'] for name in ("vault", "run")}
    assert ages["vault"] >= 15 * MINUTE_S
    assert ages["run"] < MINUTE_S
    vault = {name for name in before if name.startswith("arena_vault_")}
    assert {name: after[name] for name in vault} == {name: before[name] for name in vault}
    chain.control("clear_faults")
    backend.run_settle()
    assert backend.metrics()['arena_observed_age_seconds{what="vault"}'] < MINUTE_S


def test_a_run_with_a_task_that_fails_says_so_and_the_others_are_noted(backend: Backend) -> None:
    backend.ask(1, 100)
    row = backend.database["ledger"].find_one({"k": "tg1:c:k"}) or {}
    terms = {**row["set"]["claim.open"], "account": "tg2"}
    forged = {**row, "set": {**row["set"], "claim.open": terms}}
    backend.database["ledger"].replace_one({"_id": row["_id"]}, forged)
    with pytest.raises(InvariantBroken):
        backend.run_settle()
    found = backend.metrics()
    assert found["arena_settle_failed_tasks"] == 1
    for seen in ("run", "projection", "vault", "audit"):
        assert found[f'arena_observed_age_seconds{{what="{seen}"}}'] < MINUTE_S


def test_more_open_claims_than_are_counted_show_as_that_many(
    backend: Backend,
) -> None:
    backend.ask(1, 100)
    backend.run_settle()
    [document] = backend.database["claims"].find({})
    copies = [
        {**document, "_id": f"c{number}", "terms": {**document["terms"], "id": f"c{number}"}}
        for number in range(OPEN_CLAIMS_COUNTED_MAX + 1)
    ]
    backend.database["claims"].insert_many(copies, ordered=False)
    found = backend.metrics()
    assert found['arena_open_claims{state="reserved"}'] == OPEN_CLAIMS_COUNTED_MAX
    assert found["arena_open_claim_credits"] == 100 * OPEN_CLAIMS_COUNTED_MAX


def test_what_an_instance_cannot_know_it_does_not_tell(backend: Backend) -> None:
    found = backend.metrics()
    assert not any(name.startswith(("arena_observed", "arena_settle", "arena_ledger_s")) for name in found)
    assert found['arena_open_claims{state="signed"}'] == 0
