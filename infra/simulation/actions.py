"""What a client can ask of a process, verb by verb: each calls the real service as the edge would."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from infra.simulation.answers import OPERATOR, Request
from infra.simulation.processes import Process
from infra.simulation.world import DOMAIN, NETWORK_ID
from shared.domain.battle import BattleWish
from shared.domain.game_config import Economy
from shared.domain.ledger import Accepted, Leg
from shared.domain.ton.ton_proof import read_wallet_proof
from shared.services.buy_broker import buy_broker
from shared.services.claim_daily_login import claim_daily_login
from shared.services.combine_brokers import combine_brokers
from shared.services.commit import DecisionContext
from shared.services.grant_starter_broker import grant_starter_broker
from shared.services.link_wallet import create_challenge, link_wallet, unlink_wallet
from shared.services.play_battle import play_battle
from shared.services.register_player import register_player
from shared.services.release_codes import release_unused_codes
from shared.services.release_names import release_unused_names
from shared.services.repair_broker import repair_broker
from shared.services.request_claim import request_claim
from shared.services.run_janitor import run_janitor
from shared.services.settle_claims import settle_claims
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


def _give(process: Process, request: Request) -> JsonObject:
    currency, amount = request.arguments

    def decide(context: DecisionContext) -> Accepted:
        del context
        legs = (Leg("sys:adjustment", currency, -amount), Leg(request.account, currency, amount))
        return Accepted("adjust", {"given": str(amount)}, legs)

    return _administered(process, request, decide)


def _ban(process: Process, request: Request) -> JsonObject:
    scope, is_lifted = request.arguments

    def decide(context: DecisionContext) -> Accepted:
        if is_lifted:
            return Accepted("unban", {"scope": scope}, removals=(f"bans.{scope}",))
        ban = {
            "until": context.now_ms + 120_000,
            "reason": "simulated",
            "by": OPERATOR,
            "since": context.now_ms,
        }
        return Accepted("ban", {"scope": scope}, changes={f"bans.{scope}": ban})

    return _administered(process, request, decide)


def _administered(
    process: Process, request: Request, decide: Callable[[DecisionContext], Accepted]
) -> JsonObject:
    return process.committer.commit(
        account=request.account,
        key=request.stored_key,
        fingerprint=request.fingerprint,
        decide=decide,
        scope=None,
    ).answer()


def _configure(process: Process, request: Request) -> JsonObject:
    """Another revision: a switch turned, a number moved. Losing the race to another change is fine."""
    name, value = request.arguments
    config = process.configs.latest()
    if name in Economy.__dataclass_fields__:
        changed = replace(config, economy=replace(config.economy, **{name: value}))
    else:
        changed = replace(config, paused=replace(config.paused, **{name: value}))
    changed = replace(changed, revision=config.revision + 1)
    return {"isStored": process.configs.replace(changed, expected_revision=config.revision)}


def _settle(process: Process, request: Request) -> JsonObject:
    """The scheduled run of each minute."""
    del request
    tally = run_janitor(process.janitor)
    release_unused_names(process.names)
    release_unused_codes(process.code_names)
    settle_claims(process.settlement)
    return {"rows": tally.rows}


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
    "give": _give,
    "ban": _ban,
    "configure": _configure,
    "settle": _settle,
    "send": _send,
}
