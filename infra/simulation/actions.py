"""What a client can ask of a process, verb by verb: each calls the real service as the edge would."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from infra.simulation.administration import ORDERS, carry_out
from infra.simulation.answers import Request
from infra.simulation.processes import Process
from infra.simulation.scheduled import settle, tend
from infra.simulation.world import DOMAIN, NETWORK_ID
from shared.domain.battle import BattleWish
from shared.domain.budget_plans import known_budgets
from shared.domain.calendar import MS_PER_DAY, MS_PER_HOUR
from shared.domain.ton.ton_proof import read_wallet_proof
from shared.services.buy_broker import buy_broker
from shared.services.claim_daily_login import claim_daily_login
from shared.services.combine_brokers import combine_brokers
from shared.services.grant_starter_broker import grant_starter_broker
from shared.services.link_wallet import create_challenge, link_wallet, unlink_wallet
from shared.services.play_battle import play_battle
from shared.services.register_player import register_player
from shared.services.repair_broker import repair_broker
from shared.services.request_claim import request_claim
from shared.services.train_broker import train_broker
from shared.services.upgrade_broker import upgrade_broker
from shared.services.use_referral import use_referral

JsonObject = Mapping[str, Any]
Action = Callable[[Process, Request], JsonObject]


def perform(process: Process, request: Request) -> JsonObject:
    """Do what the request asks; raises what the service raises."""
    return ACTIONS[request.verb](process, request)


def _register(process: Process, request: Request) -> JsonObject:
    telegram_id = int(request.account.removeprefix("tg"))
    new_code = process.world.new_code
    player = register_player(telegram_id, committer=process.committer, codes=process.codes, new_code=new_code)
    return {"alias": player.state["alias"], "code": player.state["referralCode"]}


def _starter(process: Process, request: Request) -> JsonObject:
    return _committed(grant_starter_broker)(process, request)


def _battle(process: Process, request: Request) -> JsonObject:
    broker, mode = request.arguments
    return play_battle(
        request.account,
        BattleWish(broker, mode, request.key),
        fingerprint=request.fingerprint,
        committer=process.committer,
        fairness=process.fairness,
    ).answer()


def _committed(service: Callable[..., Any]) -> Action:
    """A verb whose service takes the account, the request's own arguments, a key and a fingerprint."""

    def act(process: Process, request: Request) -> JsonObject:
        outcome = service(
            request.account,
            *request.arguments,
            key=request.key,
            fingerprint=request.fingerprint,
            committer=process.committer,
        )
        answer: JsonObject = outcome.answer()
        return answer

    return act


def _referral(process: Process, request: Request) -> JsonObject:
    (code,) = request.arguments
    return use_referral(
        request.account,
        code,
        key=request.key,
        fingerprint=request.fingerprint,
        committer=process.committer,
        codes=process.codes,
    ).answer()


def _link(process: Process, request: Request) -> JsonObject:
    (number,) = request.arguments
    wallet, desk = process.world.wallets[number], process.wallet_desk
    challenge = create_challenge(desk, account=request.account)
    now_s = process.world.scheduler.now_ms // 1000
    proof = wallet.prove(domain=DOMAIN, challenge=challenge.nonce, now_s=now_s)
    shown = read_wallet_proof(account=wallet.tonconnect_account(network_id=NETWORK_ID), proof=proof)
    return link_wallet(
        desk, account=request.account, proof=shown, key=request.key, fingerprint=request.fingerprint
    ).answer()


def _unlink(process: Process, request: Request) -> JsonObject:
    return unlink_wallet(
        process.wallet_desk, account=request.account, key=request.key, fingerprint=request.fingerprint
    ).answer()


def _claim(process: Process, request: Request) -> JsonObject:
    """Only what the row fixed is compared: a claim's state moves on."""
    (credits,) = request.arguments
    progress = request_claim(
        process.claim_desk,
        account=request.account,
        credits=credits,
        key=request.key,
        fingerprint=request.fingerprint,
    )
    terms = progress.claim.terms
    return {"id": terms.id, "credits": terms.credits, "seqno": terms.seqno, "to": terms.recipient}


def _read(process: Process, request: Request) -> JsonObject:
    player = process.committer.read_player(request.account)
    return {"balances": dict(player.balances), "seq": player.seq}


def _administer(process: Process, request: Request) -> JsonObject:
    return carry_out(process.administration, request)


def _ahead(process: Process, request: Request) -> JsonObject:
    """A request of an account whose time is a period ahead: it begins a budget of then, and its row collides."""
    config, holder = process.configs.current(), process.committer.holder
    budget = process.world.chance.choice(known_budgets(config))
    later_ms = MS_PER_HOUR if budget.period == "hour" else MS_PER_DAY
    now_ms = process.clock.now_ms() + later_ms
    holds = holder.take((replace(budget, amount=1),), key=request.key, config=config, now_ms=now_ms)
    holder.give_back(holds or ())
    return {}


def _send(process: Process, request: Request) -> JsonObject:
    """A player's wallet sends the signature it was given, wherever it kept it."""
    del request
    world = process.world
    if not world.signatures:
        return {}
    terms, valid_until_s, signature = world.chance.choice(world.signatures)
    is_aborted = world.chance.random() < 0.2
    ran = world.chain.execute(terms, valid_until_s=valid_until_s, signature=signature, is_aborted=is_aborted)
    return {"ran": ran}


ACTIONS: Final[Mapping[str, Action]] = {
    "register": _register,
    "starter": _starter,
    "battle": _battle,
    "train": _committed(train_broker),
    "repair": _committed(repair_broker),
    "upgrade": _committed(upgrade_broker),
    "combine": _committed(combine_brokers),
    "buy": _committed(buy_broker),
    "daily": _committed(claim_daily_login),
    "referral": _referral,
    "link": _link,
    "unlink": _unlink,
    "claim": _claim,
    "read": _read,
    **dict.fromkeys(ORDERS, _administer),
    "ahead": _ahead,
    "settle": lambda process, _: settle(process),
    "tend": lambda process, _: tend(process),
    "send": _send,
}
