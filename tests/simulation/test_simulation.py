"""The real services and adapters on a hostile store: no answer contradicts another, and the books balance."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections import Counter

import pytest

from infra.simulation.actions import ACTIONS
from infra.simulation.run import run
from tests.simulation.sabotage import SABOTAGED

STEPS = 2_500
IS_FULL = os.environ.get("ARENA_TEST_FULL") == "1"  # noqa: TID251 - the test run's own switch
CRASHES = 10_000 if IS_FULL else 1_000
SEEDS_TO_FIND_A_SABOTAGE = 150
RARE = (("adjust", "confirm", "ban", "unban"), ("combine", "referral", "link"))
"""Combining takes a player who owns two brokers, confirming a proposal that stands: few games see them unasked."""
SEEDS_TO_SEE_WHAT_IS_RARE = 100


@pytest.mark.slow
def test_no_crash_delay_or_lost_word_makes_a_contradiction():
    base = secrets.randbelow(10**9)
    print(f"base seed {base}, {STEPS} steps a seed")
    began_s, crashes, seeds = time.monotonic(), 0, 0
    answers: Counter[str] = Counter()
    while crashes < CRASHES:
        outcome = run(base + seeds, steps=STEPS)
        assert not outcome.problems, (
            f"./arena simulate --seed {outcome.seed} --steps {STEPS}: {outcome.problems}"
        )
        answers.update(outcome.answers)
        crashes, seeds = crashes + outcome.crashes, seeds + 1
    print(f"{seeds} seeds, {seeds * STEPS} steps, {crashes} crashes, {time.monotonic() - began_s:.0f} s")
    done = {verb for verb in ACTIONS if answers[f"{verb} done"]}
    missing = set(ACTIONS) - done
    assert missing <= {verb for theme in RARE for verb in theme}, f"never succeeded: {missing}"


@pytest.mark.slow
@pytest.mark.parametrize("theme", RARE, ids=" ".join)
def test_what_is_rare_in_other_games_happens_without_a_contradiction(theme):
    base = secrets.randbelow(10**9)
    print(f"base seed {base}, {STEPS} steps a seed, theme {theme}")
    missing = set(theme)
    for seed in range(base, base + SEEDS_TO_SEE_WHAT_IS_RARE):
        outcome = run(seed, steps=STEPS, theme=theme)
        assert not outcome.problems, f"seed {seed}: {outcome.problems}"
        missing -= {verb for verb in theme if outcome.answers.get(f"{verb} done")}
        if not missing:
            return
    pytest.fail(f"never succeeded: {missing}")


def test_the_same_seed_is_the_same_run_to_the_last_bit():
    first, second = run(7, steps=800), run(7, steps=800)
    assert first == second
    assert run(8, steps=800).digest != first.digest


def test_another_interpreter_repeats_a_seed_exactly():
    """A run in which a fold looks at several accounts again: their order once was a set's."""
    script = "from infra.simulation.run import run; print(run(8, steps=1_700).digest)"
    digests = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.getcwd()},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for hash_seed in ("1", "2")
    }
    assert digests == {run(8, steps=1_700).digest}


@pytest.mark.parametrize("sabotage", SABOTAGED)
def test_the_simulation_finds_out_what_was_left_out(sabotage):
    for seed in range(SEEDS_TO_FIND_A_SABOTAGE):
        outcome = run(seed, steps=STEPS, parts=SABOTAGED[sabotage])
        if outcome.problems:
            print(f"{sabotage}: seed {seed}: {outcome.problems[0]}")
            return
    pytest.fail(f"{sabotage} was not noticed in {SEEDS_TO_FIND_A_SABOTAGE} seeds")
