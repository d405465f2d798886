"""Routes of brokers: list, catalogue, the free first one, and everything that is paid for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import Field

from functions.edge.app import edge_router
from functions.edge.authentication import CurrentPlayer
from functions.edge.blocking import run_blocking
from functions.edge.idempotency import IdempotentCall
from functions.edge.models import IdempotentBody
from functions.edge.problems import refusals
from functions.routes.game_views import BrokerChange, BrokerGrant, BrokerList, CatalogueList
from shared.bootstrap.battle import BattleParts
from shared.services.buy_broker import buy_broker
from shared.services.combine_brokers import combine_brokers
from shared.services.grant_starter_broker import grant_starter_broker
from shared.services.read_player_view import read_brokers, read_catalogue
from shared.services.repair_broker import repair_broker
from shared.services.train_broker import train_broker
from shared.services.upgrade_broker import upgrade_broker

Parts = Callable[[], BattleParts]
BrokerId = Annotated[str, Path(pattern=r"^[a-z0-9]{1,32}$", description="The broker's `id`")]
Stat = Literal["intelligence", "speed", "risk"]
_PAID = ("banned", "broker_not_found", "broker_banned", "insufficient_funds", "idempotency_key_reused")


class PurchaseBody(IdempotentBody):
    """Which entry of the catalogue."""

    catalogue_id: Annotated[str, Field(min_length=1, max_length=32)]


class StatBody(IdempotentBody):
    """Which stat is raised."""

    stat: Stat


class CombinationBody(IdempotentBody):
    """The broker that is given up for the one in the path."""

    sacrifice_id: Annotated[str, Field(min_length=1, max_length=32)]


def brokers_router(parts: Parts) -> APIRouter:
    """The broker routes over the function's dependencies."""
    router = edge_router()
    _add_reading(router, parts)
    _add_getting(router, parts)
    _add_raising(router, parts)
    _add_keeping(router, parts)
    return router


def _add_reading(router: APIRouter, parts: Parts) -> None:
    @router.get("/api/brokers", operation_id="listBrokers", response_model_exclude_none=True)
    async def list_brokers(player: CurrentPlayer) -> BrokerList:
        """The player's brokers with the energy they have now."""
        items = await run_blocking(read_brokers, player.id, committer=parts().committer)
        return BrokerList.model_validate({"items": items})

    @router.get("/api/brokers/catalogue", operation_id="listCatalogue")
    async def list_catalogue(player: CurrentPlayer) -> CatalogueList:  # noqa: ARG001 - only players are told
        """The brokers for sale."""
        return CatalogueList.model_validate({"items": read_catalogue()})


def _add_getting(router: APIRouter, parts: Parts) -> None:
    @router.post(
        "/api/brokers/starter",
        status_code=201,
        operation_id="grantStarter",
        response_model_exclude_none=True,
        responses=refusals("banned", "starter_already_granted", "idempotency_key_reused"),
    )
    async def grant_starter(player: CurrentPlayer, call: IdempotentCall) -> BrokerGrant:
        """The free first broker, once per player."""
        outcome = await run_blocking(
            grant_starter_broker,
            player.id,
            key=call.key,
            fingerprint=call.fingerprint,
            committer=parts().committer,
        )
        return BrokerGrant.model_validate(call.answer(outcome))

    @router.post(
        "/api/brokers",
        status_code=201,
        operation_id="buyBroker",
        response_model_exclude_none=True,
        responses=refusals(
            "banned",
            "catalogue_entry_unknown",
            "broker_limit",
            "insufficient_funds",
            "idempotency_key_reused",
        ),
    )
    async def buy(body: PurchaseBody, player: CurrentPlayer, call: IdempotentCall) -> BrokerChange:
        """A broker from the catalogue for AIBA."""
        outcome = await run_blocking(
            buy_broker,
            player.id,
            body.catalogue_id,
            key=call.key,
            fingerprint=call.fingerprint,
            committer=parts().committer,
        )
        return BrokerChange.model_validate(call.answer(outcome))


def _add_raising(router: APIRouter, parts: Parts) -> None:
    @router.post(
        "/api/brokers/{broker_id}/train",
        operation_id="trainBroker",
        response_model_exclude_none=True,
        responses=refusals(*_PAID, "stat_at_maximum"),
    )
    async def train(
        broker_id: BrokerId, body: StatBody, player: CurrentPlayer, call: IdempotentCall
    ) -> BrokerChange:
        """One point of a stat for NEUR."""
        outcome = await run_blocking(
            train_broker,
            player.id,
            broker_id,
            body.stat,
            key=call.key,
            fingerprint=call.fingerprint,
            committer=parts().committer,
        )
        return BrokerChange.model_validate(call.answer(outcome))

    @router.post(
        "/api/brokers/{broker_id}/upgrade",
        operation_id="upgradeBroker",
        response_model_exclude_none=True,
        responses=refusals(*_PAID),
    )
    async def upgrade(
        broker_id: BrokerId, body: StatBody, player: CurrentPlayer, call: IdempotentCall
    ) -> BrokerChange:
        """Two points of a stat and a level for AIBA, which is burned."""
        outcome = await run_blocking(
            upgrade_broker,
            player.id,
            broker_id,
            body.stat,
            key=call.key,
            fingerprint=call.fingerprint,
            committer=parts().committer,
        )
        return BrokerChange.model_validate(call.answer(outcome))


def _add_keeping(router: APIRouter, parts: Parts) -> None:
    @router.post(
        "/api/brokers/{broker_id}/repair",
        operation_id="repairBroker",
        response_model_exclude_none=True,
        responses=refusals(*_PAID),
    )
    async def repair(broker_id: BrokerId, player: CurrentPlayer, call: IdempotentCall) -> BrokerChange:
        """Full energy and no cooldowns for NEUR."""
        outcome = await run_blocking(
            repair_broker,
            player.id,
            broker_id,
            key=call.key,
            fingerprint=call.fingerprint,
            committer=parts().committer,
        )
        return BrokerChange.model_validate(call.answer(outcome))

    @router.post(
        "/api/brokers/{broker_id}/combine",
        operation_id="combineBrokers",
        response_model_exclude_none=True,
        responses=refusals(*_PAID, "same_broker"),
    )
    async def combine(
        broker_id: BrokerId, body: CombinationBody, player: CurrentPlayer, call: IdempotentCall
    ) -> BrokerChange:
        """Another broker is given up for this one; it is gone for good."""
        outcome = await run_blocking(
            combine_brokers,
            player.id,
            broker_id,
            body.sacrifice_id,
            key=call.key,
            fingerprint=call.fingerprint,
            committer=parts().committer,
        )
        return BrokerChange.model_validate(call.answer(outcome))
