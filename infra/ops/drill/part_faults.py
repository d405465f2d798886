"""Faults of machines and of other people: a part is stopped, starved, flooded or lied about."""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

import httpx

from infra.local.function_calls import function_states
from infra.local.serverless_file import load_yaml
from infra.local.supervisor import PROJECT
from infra.local.world import owner_order
from infra.ops.drill.site import Site
from infra.vault.messages import ORDER_NANOTON, set_oracle, withdraw_jettons, withdraw_ton
from shared.domain.login_attempts import PER_ACCOUNT
from shared.domain.ton.address import read_address

SLOW_S: Final = 1.1
MINUTE_S: Final = 60
FREEZES: Final = 4
QUICK: Final = 1_000
WAITING_S: Final = 0.4
FLOOD: Final = 330
THROTTLED: Final = 12
LEFT_NANO: Final = 150_000_000
REQUESTS_AT_ONCE: Final = 24
PAST_EXPIRY_S: Final = 16 * 60
LATER_SEQNOS: Final = 2
OVERRUNS: Final = 5
_HEALTH_ALONE: Final = """
import asyncio, httpx
from functions.health import app
async def ask():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://drill") as client:
        assert (await client.get("/health")).status_code == 503
asyncio.run(ask())
"""
_REPORT: Final = """
import json, sys
from functions.edge.settle_metrics import measure_run
reports = [(sys.argv[1], json.loads(sys.argv[2]))] * 3
tallies = {"vault": {"broken": [sys.argv[1]]}}
measure_run(tallies=tallies, failures={}, reports=reports, providers={}, duration_s=1)
"""


def minute_with_slow_database(site: Site) -> None:
    """The database freezes for a second while three functions wait, often enough to be a hundredth of all."""
    for _ in range(FREEZES):
        site.stack.pause("mongo")
        timer = threading.Timer(SLOW_S, site.stack.resume, ["mongo"])
        timer.start()
        with ThreadPoolExecutor() as pool:
            for path in ("/api/economy/me", "/api/claims", "/api/brokers"):
                pool.submit(site.player.app.call, "GET", path)
        timer.join()
    for _ in range(QUICK):
        site.get("/health")


def minute_without_database(site: Site) -> None:
    """A few players, the probe and the schedule meet a database that is not there."""
    site.battle()
    site.player.app.call("GET", "/api/economy/me")
    site.probe()
    site.run_settle()


def minute_without_limiter(site: Site) -> None:
    """Battles go on, counted by each instance alone."""
    for _ in range(6):
        site.players_only()
    site.probe()


def ask_a_function_that_may_not_run(site: Site) -> None:
    """One request to a process of the health function that was given no settings at all."""
    _run_into_log(site, "not-ready", _HEALTH_ALONE)


def reporting(name: str, **facts: int) -> Callable[[Site], None]:
    """What the services would report under this name, told three times to the code that emits it."""

    def report(site: Site) -> None:
        _run_into_log(site, f"reported-{name}", _REPORT, name, json.dumps(facts))

    return report


def guess_passwords(site: Site) -> None:
    """Wrong passwords for the owner's account, nine of them before: the limits make a stranger need half an hour."""
    login = {"email": site.stack.settings["ADMIN_EMAIL"], "password": "not-the-password"}
    site.http.post("/api/admin/login", json=login)
    before = {"count": PER_ACCOUNT - 1}
    site.database["admin_attempts"].update_many({}, {"$set": before})
    for _ in range(2):
        site.http.post("/api/admin/login", json=login)


def ask_for_unknown_claims(site: Site) -> None:
    """The signer is asked for claims that do not exist, as only a stranger would."""
    for number in range(12):
        site.invoke("signer", {"claimId": f"c{number:024x}"})


def flood(site: Site) -> None:
    """One client far beyond its limits."""
    for _ in range(FLOOD + 130):
        site.player.app.call("GET", "/api/economy/me")


def overrun_every_function(site: Site) -> None:
    """More events at once than workers and queue take, until each function has refused one."""
    asyncio.run(_overrun(site))


async def _overrun(site: Site) -> None:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=site.stack.urls["private"], limits=limits, timeout=70) as client:

        async def has_refused(function: str, *, at_once: int) -> bool:
            call = partial(client.post, f"/2015-03-31/functions/{function}/invocations", json={})
            answers = await asyncio.gather(*(call() for _ in range(at_once)))
            return any(answer.status_code == 429 for answer in answers)

        waiting = list(site.stack.service.functions)
        for doubled in range(OVERRUNS):  # on a busy machine the events may come too slowly to meet
            each = partial(has_refused, at_once=REQUESTS_AT_ONCE << doubled)
            refused = await asyncio.gather(*map(each, waiting))
            waiting = [name for name, is_over in zip(waiting, refused, strict=True) if not is_over]


def crash_of(function: str) -> Callable[[Site], None]:
    """The function's process dies while it has an event."""

    def crash(site: Site) -> None:
        if function == "signer":
            _kill_while_waiting(site)
        else:
            site.invoke(function, {})  # no HTTP event: no answer can be made of it

    return crash


def _kill_while_waiting(site: Site) -> None:
    """The signer waits for a frozen database when its process is killed."""
    site.stack.pause("mongo")
    with ThreadPoolExecutor() as pool:
        call = pool.submit(site.invoke, "signer", {"claimId": "c" + "0" * 24})
        time.sleep(WAITING_S)
        for pid in function_states(site.stack.urls["private"])["signer"]["pids"]:
            os.kill(pid, signal.SIGKILL)
        call.result()
    site.stack.resume("mongo")


def ask_for_signatures(site: Site) -> None:
    """A player asks to be paid, and the signer is asked again and again without its key."""
    claim = site.claim()
    for _ in range(3):
        site.invoke("signer", {"claimId": claim["id"]})


def provider_fails(site: Site) -> None:
    """The primary provider answers with errors of its own."""
    site.chain.control("fault", kind="server_error", count=10_000)


def provider_recovers(site: Site) -> None:
    """It answers again."""
    site.chain.control("clear_faults")


def provider_shows_a_later_seqno(site: Site) -> None:
    """The open claim's time is over, and the vault is said to have run one that came after it."""
    site.ensure_open_claim()
    site.stack.advance_clock(PAST_EXPIRY_S)
    site.chain.control("fault", kind="wrong_result", method="getLastSeqno", count=10_000, by=LATER_SEQNOS)


def ask_for_the_vault(site: Site) -> None:
    """Players look at the vault, and nothing settles meanwhile; the minute is over for what was remembered."""
    site.stack.advance_clock(MINUTE_S)
    for _ in range(3):
        site.get("/api/vault")


def give_vault_another_key(site: Site) -> None:
    """The owner's key is stolen: the vault now takes signatures of somebody else."""
    _set_vault_key(site, secrets.token_bytes(32))


def give_vault_its_key(site: Site) -> None:
    """The vault takes our signatures again."""
    _set_vault_key(site, bytes.fromhex(site.stack.settings["ORACLE_PUBLIC_KEY_HEX"]))


def _set_vault_key(site: Site, key: bytes) -> None:
    owner_order(site.chain, to=site.world.vault, nano=ORDER_NANOTON, body=set_oracle(key, grace_s=0))


def gateway_refuses(site: Site) -> None:
    """The access log's lines of requests beyond the gateway's limit: the local gateway has none."""
    form = str(load_yaml(PROJECT / "serverless.yml")["provider"]["logs"]["httpApi"]["format"])
    names = {"${self:service}": site.stack.service.name, "${sls:stage}": site.stack.service.stage}
    for variable, name in names.items():
        form = form.replace(variable, name)
    refused = {"status": "429", "error.message": "Too Many Requests", "routeKey": "GET /health"}
    line = re.sub(r"\$context\.([\w.]+)", lambda found: refused.get(found[1], "-"), form)
    with site.stack.log_path("access").open("a") as log:
        log.write(f"{line}\n" * THROTTLED)


def drain_ton(site: Site) -> None:
    """The owner takes most of the vault's TON."""
    held = int(site.chain.account(site.world.vault)["balance"])
    body = withdraw_ton(amount_nanoton=held - LEFT_NANO, to=read_address(site.world.owner).address)
    owner_order(site.chain, to=site.world.vault, nano=ORDER_NANOTON, body=body)


def empty_vault(site: Site) -> None:
    """The owner takes every jetton while a claim is open."""
    site.ensure_open_claim()
    units = site.chain.jetton_units(site.world.vault, master=site.world.jetton_master)
    owner = read_address(site.world.owner).address
    body = withdraw_jettons(amount_units=units, to=owner, query_id=1)
    owner_order(site.chain, to=site.world.vault, nano=10 * ORDER_NANOTON, body=body)


def _run_into_log(site: Site, name: str, program: str, *arguments: str) -> None:
    """Run a piece of the functions' own code in a process of its own; its output becomes one of the logs."""
    with site.stack.log_path(name).open("ab") as log:
        command = [sys.executable, "-c", program, *arguments]
        environment = {"PYTHONPATH": str(PROJECT), "STAGE": site.stack.service.stage}
        subprocess.run(  # noqa: S603 - our own code
            command, cwd=PROJECT, env=environment, stdout=log, stderr=subprocess.DEVNULL, check=True
        )
