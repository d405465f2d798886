"""`./arena bench ...`: speed and scale, measured as ratios in one run."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Measure speed and scale.")


@app.command("battle")
def battle(
    write: Annotated[bool, typer.Option("--write", help="Put the results into docs/benchmarks.md.")] = False,
    growth: Annotated[bool, typer.Option(help="Compare 1,000 with 100,000 rows and players too.")] = True,
) -> None:
    """Battles a second through the function's handler, against the stores' own ceiling."""
    from infra.bench.battle import run_bench

    raise typer.Exit(run_bench(writes=write, with_growth=growth))


@app.command("shards")
def shards() -> None:
    """What splitting a budget over shards strands, simulated with the real holder."""
    from infra.bench.budget_shards import run_shards

    raise typer.Exit(run_shards())


@app.command("cold")
def cold(runs: Annotated[int, typer.Option(min=1, help="Starts of each function.")] = 12) -> None:
    """How long each function takes to start, against a stock FastAPI hello, and what a warm event costs."""
    from infra.bench.starting import run_cold

    raise typer.Exit(run_cold(runs=runs))


@app.command("claims")
def claims() -> None:
    """What a claim costs: commands to signed and settled, key calls, encodings a second."""
    from infra.bench.claims import bench_claims

    typer.echo("\n".join(bench_claims().describe()))


@app.command("settle")
def settle(
    write: Annotated[bool, typer.Option("--write", help="Put the results into docs/benchmarks.md.")] = False,
) -> None:
    """How many accounts a second the scheduled run follows, beside the store's own ceiling."""
    from infra.bench.settle import run_settle

    raise typer.Exit(run_settle(writes=write))
