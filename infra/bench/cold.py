"""`./arena bench cold`: how long each function takes to start, as ratios to a stock FastAPI hello in the same run.

Each start is a real `awslambdaric` process against a Runtime API of ours; INIT lasts from its spawn to its
first question for an event. It finds the packages of its own bundle alone. What serverless.yml reads from
Parameter Store is a reference here too, answered by a stand-in of it. Starts take turns, so that a busy
machine is busy for all of them.

A ratio counts what a function does, not whom it waits for: from its INIT goes what the same exchanges cost
a bare process in the same run, which is one with Parameter Store for every ten references and one with the
key service where the signer has its key there. Importing, signing and parsing for them stays in, so that the ratio is never better than the function is. What waiting costs on AWS
is AWS's. Source of the protocol: Lambda developer guide, "Using the Lambda runtime API".
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.bench.bare_exchange import Exchange, exchange_ms
from infra.bench.bundled import hide_unbundled
from infra.bench.configured_vault import configured_vault
from infra.bench.function_settings import NOWHERE, local_values, settings_of
from infra.bench.parameter_store_endpoint import GET_PARAMETERS, NAMES_A_CALL, ParameterStoreEndpoint
from infra.bench.runtime_endpoint import INIT_ERROR, NEXT, RuntimeEndpoint
from infra.bench.runtime_process import lambda_environment, runtime_process
from infra.local.supervisor import PROJECT

RUNS: Final = 12
STOCK: Final = "stock FastAPI + Mangum"
WITH_VAULT: Final = ", with a vault"
SIGNER_WITH_KEY: Final = f"signer{WITH_VAULT}"
BUDGETS: Final[Mapping[str, float]] = {
    "health": 1.0,
    "battle": 1.3,
    "economy": 1.3,
    "claim": 1.3,
    f"claim{WITH_VAULT}": 1.3,
    "admin": 1.3,
    "signer": 1.25,
    SIGNER_WITH_KEY: 1.25,
}
"""Times the stock hello's INIT; settle is started by a schedule, and nobody waits for it."""
_HELLO: Final = """
from fastapi import FastAPI
from mangum import Mangum
app = FastAPI()
@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}
handler = Mangum(app, lifespan="off")
"""
_INIT_LIMIT_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Start:
    """Something to start: what the runtime is given, and how many exchanges with others its INIT waits for."""

    handler: str
    path: Path
    settings: Mapping[str, str]
    hidden: Path
    reference_rounds: int = 0
    key_questions: int = 0


@dataclass(frozen=True, slots=True)
class ColdStart:
    """One function's median INIT in ms, what of it is waiting for others, and the rest's ratio to the hello's."""

    name: str
    init_ms: float
    references_ms: float
    key_ms: float
    stock_ms: float

    @property
    def ratio(self) -> float:
        return (self.init_ms - self.references_ms - self.key_ms) / self.stock_ms

    @property
    def is_within_budget(self) -> bool:
        return self.ratio <= BUDGETS.get(self.name, float("inf"))

    def describe(self) -> str:
        """One line for people."""
        budget = f"of {BUDGETS[self.name]:.2f}" if self.name in BUDGETS else "       "
        verdict = "" if self.is_within_budget else "  OVER BUDGET"
        waits = f"references {self.references_ms:4.1f} ms" if self.references_ms else ""
        waits += f", key {self.key_ms:.1f} ms" if self.key_ms else ""
        return (
            f"{self.name:<24} {self.init_ms:6.0f} ms  {self.ratio:5.2f} {budget}  {waits}{verdict}".rstrip()
        )


@contextmanager
def started(
    start: Start,
    *,
    parameters: ParameterStoreEndpoint,
    until: str = NEXT,
    more: Mapping[str, str] | None = None,
) -> Iterator[tuple[RuntimeEndpoint, float]]:
    """One start until its runtime asks for this, and the ms from its spawn; `more` is what else it is told.

    Raises RuntimeError with the runtime's own error when it fails.
    """
    with RuntimeEndpoint().serving() as endpoint:
        environment = lambda_environment(
            path=(start.hidden, start.path),
            runtime_port=endpoint.port,
            parameter_store_port=parameters.port,
            settings={**start.settings, **(more or {})},
        )
        began_s = time.perf_counter()
        with runtime_process(start.handler, path=start.path, environment=environment):
            heard = endpoint.wait_for(until, INIT_ERROR, within_s=_INIT_LIMIT_S)
            took_ms = (time.perf_counter() - began_s) * 1000
            if heard == INIT_ERROR:
                raise RuntimeError(f"{start.handler} did not start: {endpoint.failure[:500]}")
            yield endpoint, took_ms


def init_ms(start: Start, *, parameters: ParameterStoreEndpoint) -> float:
    """How long one start takes. Raises as above."""
    with started(start, parameters=parameters) as (_, took_ms):
        return took_ms


@dataclass(frozen=True, slots=True)
class ColdRun:
    """Everything to start, Parameter Store's stand-in, and what one exchange with whom costs a bare process."""

    starts: Mapping[str, Start]
    parameters: ParameterStoreEndpoint
    reference_ms: float
    key_ms: float


@contextmanager
def cold_run() -> Iterator[ColdRun]:
    """Every function's settings, with and without a vault; key service and Parameter Store serve until the end."""
    with tempfile.TemporaryDirectory(prefix="cold-") as made:
        folder = Path(made)
        (folder / "stock_hello.py").write_text(_HELLO)
        service, known = local_values(folder, urls=NOWHERE)
        with configured_vault(service, folder) as vault:
            starts = {STOCK: Start("stock_hello.handler", folder, {}, hide_unbundled("battle", folder))}
            values: dict[str, str] = {}

            def add(name: str, function: str, settings: dict[str, str], behind: dict[str, str]) -> None:
                rounds = -(-len(behind) // NAMES_A_CALL)
                questions = int(name == SIGNER_WITH_KEY)
                hidden = hide_unbundled(function, folder)
                module = "infra.bench.parameter_store_here" if settings["APP_ENV"] == "prod" else "functions"
                handler = f"{module}.{function}" + ("" if settings["APP_ENV"] == "prod" else ".handler")
                starts[name] = Start(handler, PROJECT, settings, hidden, rounds, questions)
                values.update(behind)

            for function in service.functions:
                no_key = {"ORACLE_KMS_KEY_ID": "alias/fake"} if function == "signer" else {}
                add(function, function, *settings_of(function, known | no_key))
            for function in ("claim", "signer", "settle"):
                add(f"{function}{WITH_VAULT}", function, *vault.settings_of(function, known))
            with ParameterStoreEndpoint(values).serving() as parameters:
                question = Exchange(
                    f"http://127.0.0.1:{parameters.port}",
                    verb="POST",
                    body=json.dumps({"Names": list(values)[:NAMES_A_CALL]}),
                    headers={"X-Amz-Target": GET_PARAMETERS},
                )
                yield ColdRun(starts, parameters, exchange_ms(question), exchange_ms(vault.key_question))


def measure_cold_starts(*, runs: int) -> list[ColdStart]:
    """Medians of so many starts each, after one that nobody counts; it leaves byte code behind."""
    with cold_run() as run:
        measured: dict[str, list[float]] = {name: [] for name in run.starts}
        for number in range(runs + 1):
            for name, start in run.starts.items():
                took = init_ms(start, parameters=run.parameters)
                if number:
                    measured[name].append(took)
        medians = {name: statistics.median(each) for name, each in measured.items()}
        return [
            ColdStart(
                name,
                medians[name],
                references_ms=start.reference_rounds * run.reference_ms,
                key_ms=start.key_questions * run.key_ms,
                stock_ms=medians[STOCK],
            )
            for name, start in run.starts.items()
        ]
