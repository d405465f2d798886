"""`./arena fairness`: recompute a battle offline, without trusting us; and change the secret within a day."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from infra.ops.chosen_stage import known_stage
from shared.domain.errors import ArenaError, Refused
from shared.domain.fairness import (
    BattleProof,
    battle_seed,
    commitment_of,
    disagreements,
    proof_from_document,
)
from shared.domain.modes import score_rules_from_bps
from shared.domain.score import first_draw, score_of

app = typer.Typer(no_args_is_help=True, help=__doc__)


@app.command()
def verify(
    proof_file: Annotated[Path, typer.Argument(help="The answer of .../battles/{id}/proof; - reads stdin.")],
    seed: Annotated[
        str, typer.Option("--seed", help="The day's seed, hex, if the answer has none yet.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of text.")] = False,
) -> None:
    """Check commitment, seed and score of one battle; exits 0 only if all of it follows from the seed."""
    document = _read(proof_file)
    proof, day_seed = _proof(document), _day_seed(seed or str(document.get("daySeed", "")))
    wrong = disagreements(proof, day_seed)
    found = _recomputed(proof, day_seed)
    if as_json:
        typer.echo(json.dumps({**found, "disagreements": wrong}))
    else:
        for name, value in found.items():
            typer.echo(f"{name:>20}  {value}")
        typer.echo("all of it follows from the seed" if not wrong else f"does not follow: {', '.join(wrong)}")
    raise typer.Exit(1 if wrong else 0)


@app.command("open-epoch")
def open_epoch(
    note: Annotated[str, typer.Option("--note", help="Why; public for ever.", prompt=True)],
    stage: Annotated[
        str,
        typer.Option(
            callback=known_stage,
            help="A deployed stage, whose parameters you may read. Default: the environment.",
        ),
    ] = "",
) -> None:
    """After the secret was compromised: commit to the new one at once, with the battle function's settings."""
    from shared.bootstrap.battle import battle_parts, start_battle
    from shared.bootstrap.http_function import HttpFunction
    from shared.config.functions.battle import BattleSettings

    parts = battle_parts
    if stage:
        parts = HttpFunction(BattleSettings, start_battle, environment=deployed_settings(stage))
    try:
        record = parts().fairness.open_epoch(note=note)
    except ArenaError as error:
        typer.echo(f"arena: no epoch was opened: {error.detail}", err=True)
        raise typer.Exit(2) from error
    typer.echo(
        f"epoch {record.epoch} counts from now on: commitment {record.commitment}, key {record.key_id}"
    )


def deployed_settings(stage: str) -> dict[str, str]:
    """The battle function's settings of a stage, as references into the Parameter Store of its region."""
    from infra.local.serverless_file import function_values
    from infra.ops.package.template import region_of
    from infra.ops.preflight.stage import PROJECT

    values = function_values(PROJECT / "serverless.yml", stage=stage)["battle"]
    return {name: str(value) for name, value in values.items()} | {"AWS_REGION": region_of(os.environ)}


def _recomputed(proof: BattleProof, day_seed: bytes) -> dict[str, Any]:
    """Every step of the construction, so that a reader can follow it with any other tool."""
    seed = battle_seed(day_seed, proof.ticket)
    draw = first_draw(seed)
    return {
        "epoch": proof.epoch,
        "commitment": commitment_of(day_seed),
        "message": proof.ticket.message,
        "seed": seed,
        "draw": draw,
        "score": score_of(proof.fighter, score_rules_from_bps(proof.rules_bps), draw=draw),
        "claimedScore": proof.score,
    }


def _read(proof_file: Path) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if str(proof_file) == "-" else proof_file.read_text(encoding="utf-8")
        document = json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise _unusable("The proof cannot be read as JSON") from error
    if not isinstance(document, dict):
        raise _unusable("The proof is not a JSON object")
    return document


def _proof(document: dict[str, Any]) -> BattleProof:
    """The proof itself, whether the file holds the whole answer or only its `proof`."""
    inner = document.get("proof", document)
    try:
        return proof_from_document(inner if isinstance(inner, dict) else {})
    except Refused as refused:
        raise _unusable(refused.detail) from refused


def _day_seed(text: str) -> bytes:
    try:
        day_seed = bytes.fromhex(text)
    except ValueError as error:
        raise _unusable("The day's seed is not hex") from error
    if len(day_seed) != 32:
        raise _unusable("The day's seed is not public yet: give its 64 hex digits with --seed")
    return day_seed


def _unusable(why: str) -> typer.BadParameter:
    return typer.BadParameter(why)
