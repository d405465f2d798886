"""What a claim costs: database commands from request to signature, cells per second, and settling per open claim."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import Final

from infra.bench.claim_world import ClaimBenchWorld, claim_bench_world
from shared.domain.claim_message import payload_of
from shared.domain.claims import ClaimTerms
from shared.domain.ton.claim_payload import payload_hash
from shared.services.request_claim import request_claim
from shared.services.settle_claims import settle_claims

CLAIMS: Final = 100
ENCODED: Final = 5_000


@dataclass(frozen=True, slots=True)
class ClaimCosts:
    """Counts are of one claim (the median); times of one claim in milliseconds.

    `claim_commands` and `signer_commands` are database commands of a first claim, whose seqno the chain
    is asked for with `chain_questions`; settling is per open claim that can still be sent.
    """

    claims: int
    claim_commands: int
    signer_commands: int
    key_calls: int
    chain_questions: int
    to_signed_ms: float
    replay_commands: int
    encoded_per_s: float
    settle_commands: float
    settle_questions: float
    settle_ms: float

    def describe(self) -> list[str]:
        """Lines for people."""
        return [
            f"claim to signature: {self.claim_commands} + {self.signer_commands} database commands"
            f" (claim + signer), {self.key_calls} key call, {self.chain_questions} chain questions for a first"
            f" claim, p50 {self.to_signed_ms:.1f} ms without Lambda",
            f"the same key again: {self.replay_commands} database commands, no key call",
            f"encoder: {self.encoded_per_s:,.0f} payload hashes/s",
            f"settling {self.claims} open claims: {self.settle_commands:.2f} database commands,"
            f" {self.settle_questions:.2f} chain questions and {self.settle_ms:.2f} ms each",
        ]


def bench_claims(*, claims: int = CLAIMS, mongo_url: str | None = None) -> ClaimCosts:
    """Ask for, sign and settle so many claims on stores of this run's own; counts are exact."""
    with claim_bench_world(mongo_url=mongo_url) as world:
        return _measure(world, claims)


def _measure(world: ClaimBenchWorld, claims: int) -> ClaimCosts:
    desk = world.desk()
    spent_ms, counted, terms = [], [], None
    for number in range(claims):
        account = world.player(number)
        _forget(world)
        began_s = time.perf_counter()
        progress = request_claim(desk, account=account, credits=100, key="k", fingerprint="f")
        spent_ms.append((time.perf_counter() - began_s) * 1000)
        counted.append(_taken(world))
        terms = progress.claim.terms
    commands = statistics.median_low([one[0] for one in counted])
    request_claim(desk, account="bench0", credits=100, key="k", fingerprint="f")
    replay_commands = _taken(world)[0]
    settlement = world.settlement()
    world.asked_chain.clear()
    began_s = time.perf_counter()
    settle_claims(settlement)
    settle_ms = (time.perf_counter() - began_s) * 1000
    return ClaimCosts(
        claims=claims,
        claim_commands=commands,
        signer_commands=statistics.median_low([one[1] for one in counted]),
        key_calls=max(one[2] for one in counted),
        chain_questions=statistics.median_low([one[3] for one in counted]),
        to_signed_ms=statistics.median(spent_ms),
        replay_commands=replay_commands,
        encoded_per_s=_encoded_per_s(terms) if terms is not None else 0.0,
        settle_commands=world.commands["settle"].taken() / claims,
        settle_questions=len(world.asked_chain) / claims,
        settle_ms=settle_ms / claims,
    )


def _forget(world: ClaimBenchWorld) -> None:
    _taken(world)


def _taken(world: ClaimBenchWorld) -> tuple[int, int, int, int]:
    """(claim's commands, signer's commands, key calls, chain questions) since the last taking."""
    signed, world.key.signed = world.key.signed, 0
    questions = len(world.asked_chain)
    world.asked_chain.clear()
    return world.commands["claim"].taken(), world.commands["signer"].taken(), signed, questions


def _encoded_per_s(terms: ClaimTerms) -> float:
    began_s = time.perf_counter()
    for second in range(ENCODED):
        payload_hash(payload_of(terms, valid_until_s=1_800_000_000 + second))
    return ENCODED / (time.perf_counter() - began_s)


if __name__ == "__main__":
    print("\n".join(bench_claims().describe()))
