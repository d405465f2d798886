"""Secrets change under people who are signed in, and nobody is turned away, whatever two instances have read."""

from __future__ import annotations

import itertools
import shlex
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest
from nacl.signing import SigningKey
from typer.testing import CliRunner

from infra.ops.rotate_commands import app
from infra.ops.secret_plans import (
    BATTLE_DAY_S,
    SPREAD_S,
    TOKENS_LIVE_S,
    PlannedStep,
    admin_secret_plan,
    battle_secret_plan,
    session_key_plan,
)
from infra.ops.secret_rehearsal import ADMIN_SECRET, SESSION_KEYS, Caller, rehearse_secret
from shared.adapters.admin_tokens import HmacAdminTokens
from shared.adapters.session_tokens import SessionIssuer, SessionVerifier
from shared.config.declarations import BY_NAME, FUNCTIONS
from shared.config.forms import texts
from shared.config.source import MAX_AGE_S
from shared.domain.admin_session import LIFETIME_S, AdminToken
from shared.domain.calendar import MS_PER_DAY
from shared.domain.errors import Refused
from shared.domain.fairness import PUBLISHED_AFTER_MS, commitment_of, day_seed
from shared.domain.session import LIFETIME_S as SESSION_LIFETIME_S
from shared.readiness import check, check_stage
from shared.readiness.keys import public_key_of
from tests.readiness.environments import marked, production, read_oracle_key, seed_hex

OLD, NEW = marked("rotated, before"), marked("rotated, after")
OLD_SEED, NEW_SEED = (bytes.fromhex(seed_hex(name)) for name in ("rotated, before", "rotated, after"))
OLD_PUBLIC, NEW_PUBLIC = public_key_of(OLD_SEED).hex(), public_key_of(NEW_SEED).hex()

View = tuple[tuple[str, str], ...]
"""What one instance has read: (setting, value), sorted."""


@dataclass(frozen=True)
class Rotation:
    """A plan from its first settings on; `make` is what a view signs or commits to, `believes` the others' part."""

    first: dict[str, str]
    plan: tuple[PlannedStep, ...]
    lives_s: int
    make: Callable[[View], str]
    believes: Callable[[View, str], bool]

    def in_force(self) -> Iterator[tuple[float, dict[str, str]]]:
        """(since when, all settings as the store holds them), write after write; the first write is at 0."""
        state, at_s = dict(self.first), 0
        yield float("-inf"), dict(state)
        for step in self.plan:
            state[step.name] = step.value
            yield at_s, dict(state)
            at_s += step.wait_s

    def views(self, at_s: float) -> list[View]:
        """Whatever an instance may have read: of each setting any value of the last SPREAD_S, of each on its own."""
        times = list(self.in_force())
        ends = [since for since, _ in times[1:]] + [float("inf")]
        recent = [
            state for (since, state), end in zip(times, ends, strict=True) if since <= at_s < end + SPREAD_S
        ]
        seen = {name: {state[name] for state in recent} for name in sorted(self.first)}
        return [tuple(zip(seen, values, strict=True)) for values in itertools.product(*seen.values())]

    def moments(self) -> list[float]:
        """One instant within each stretch of time in which nothing changes: beside every edge, at most a life apart."""
        edges = [since + late for since, _ in list(self.in_force())[1:] for late in (0, SPREAD_S)]
        edges += [edge + way * self.lives_s for edge in edges for way in (-1, 1)]
        return sorted({edge + beside for edge in edges for beside in (-0.5, 0, 0.5)})

    def disbeliefs(self) -> list[tuple[View, View]]:
        """Every pair of views of which one makes something that the other, while it lives, does not believe."""
        pairs = {
            (maker, reader)
            for made_s, read_s in itertools.product(self.moments(), repeat=2)
            if made_s <= read_s < made_s + self.lives_s
            for maker in self.views(made_s)
            for reader in self.views(read_s)
        }
        return sorted(pair for pair in pairs if not self.believes(pair[1], self.make(pair[0])))


@cache
def session_token(view: View) -> str:
    seed = bytes.fromhex(dict(view)["PLAYER_SESSION_PRIVATE_KEY_HEX"])
    return SessionIssuer(seed).issue("tg1", token_id="t", now_s=1_000)[0]


@cache
def believes_session(view: View, token: str) -> bool:
    keys = [bytes.fromhex(key) for key in texts(dict(view)["PLAYER_SESSION_PUBLIC_KEYS"])]
    return not refuses(lambda: SessionVerifier(keys).verify(token, now_s=1_000))


def admin_tokens(view: View) -> HmacAdminTokens:
    return HmacAdminTokens(texts(dict(view)["ADMIN_JWT_SECRET"]))


def admin_token(view: View) -> str:
    return admin_tokens(view).issue(AdminToken("a", "e", "t", 1_000, 4_600))


def believes_admin(view: View, token: str) -> bool:
    return not refuses(lambda: admin_tokens(view).read(token, now_s=1_000))


def commitment(view: View) -> str:
    first, *_ = texts(dict(view)["BATTLE_SEED_SECRET"])
    return commitment_of(day_seed(first.encode(), "2026-11-22"))


def reproduces(view: View, committed: str) -> bool:
    held = texts(dict(view)["BATTLE_SEED_SECRET"])
    return committed in {commitment_of(day_seed(secret.encode(), "2026-11-22")) for secret in held}


def refuses(asked: Callable[[], object]) -> bool:
    try:
        asked()
    except Refused:
        return True
    return False


ROTATIONS = {
    "session keys": Rotation(
        {"PLAYER_SESSION_PRIVATE_KEY_HEX": OLD_SEED.hex(), "PLAYER_SESSION_PUBLIC_KEYS": OLD_PUBLIC},
        session_key_plan(OLD_SEED, NEW_SEED),
        SESSION_LIFETIME_S,
        session_token,
        believes_session,
    ),
    "admin secret": Rotation(
        {"ADMIN_JWT_SECRET": OLD}, admin_secret_plan(OLD, NEW), LIFETIME_S, admin_token, believes_admin
    ),
    "battle secret": Rotation(
        {"BATTLE_SEED_SECRET": OLD}, battle_secret_plan(OLD, NEW), BATTLE_DAY_S, commitment, reproduces
    ),
}
each_rotation = pytest.mark.parametrize("rotation", ROTATIONS.values(), ids=ROTATIONS)


@each_rotation
def test_what_an_instance_makes_every_other_believes_whatever_the_two_have_read(rotation: Rotation) -> None:
    assert rotation.disbeliefs() == []


@each_rotation
@pytest.mark.parametrize("write", range(3))
def test_an_instance_may_be_a_write_behind_for_as_long_as_settings_are_remembered(
    rotation: Rotation, write: int
) -> None:
    (_, before), (written_s, _) = list(rotation.in_force())[write : write + 2]
    behind = tuple(sorted(before.items()))
    assert behind in rotation.views(written_s + SPREAD_S - 0.5)
    assert behind not in rotation.views(written_s + SPREAD_S)


def without_the_first(plan: Sequence[PlannedStep]) -> tuple[PlannedStep, ...]:
    return tuple(plan[1:])


def first_and_second_exchanged(plan: Sequence[PlannedStep]) -> tuple[PlannedStep, ...]:
    return (plan[1], plan[0], *plan[2:])


def forgotten_a_second_early(plan: Sequence[PlannedStep]) -> tuple[PlannedStep, ...]:
    return (plan[0], replace(plan[1], wait_s=plan[1].wait_s - 1), plan[2])


def signed_a_second_early(plan: Sequence[PlannedStep]) -> tuple[PlannedStep, ...]:
    return (replace(plan[0], wait_s=plan[0].wait_s - 1), *plan[1:])


@each_rotation
@pytest.mark.parametrize(
    "spoil", [without_the_first, first_and_second_exchanged, forgotten_a_second_early, signed_a_second_early]
)
def test_a_plan_that_would_turn_somebody_away_is_found(
    rotation: Rotation, spoil: Callable[[Sequence[PlannedStep]], tuple[PlannedStep, ...]]
) -> None:
    assert replace(rotation, plan=spoil(rotation.plan)).disbeliefs() != []


@each_rotation
def test_every_function_stays_ready_whatever_it_has_read(rotation: Rotation) -> None:
    for view in {view for at_s in rotation.moments() for view in rotation.views(at_s)}:
        for function in FUNCTIONS:
            held = {name: value for name, value in view if function in BY_NAME[name].held_by}
            environment = production(function) | held
            findings = check(function, environment, read_kms_public_key=read_oracle_key)
            assert findings == [], (function, view)


@each_rotation
def test_every_rule_over_all_functions_holds_after_each_write(rotation: Rotation) -> None:
    for _, state in rotation.in_force():
        environments = {
            function: production(function)
            | {name: value for name, value in state.items() if function in BY_NAME[name].held_by}
            for function in FUNCTIONS
        }
        assert check_stage(environments, read_kms_public_key=read_oracle_key) == []


@each_rotation
def test_after_the_last_step_the_old_value_opens_nothing(rotation: Rotation) -> None:
    *_, (_, state) = rotation.in_force()
    last = tuple(sorted(state.items()))
    before = tuple(sorted(rotation.first.items()))
    assert not rotation.believes(last, rotation.make(before))
    assert rotation.believes(last, rotation.make(last))


def test_the_waits_cover_every_instances_memory_and_everything_that_is_believed() -> None:
    assert SPREAD_S >= MAX_AGE_S
    assert max(LIFETIME_S, SESSION_LIFETIME_S) <= TOKENS_LIVE_S
    assert BATTLE_DAY_S * 1_000 >= MS_PER_DAY + PUBLISHED_AFTER_MS


@pytest.mark.slow
@pytest.mark.parametrize("caller", [SESSION_KEYS, ADMIN_SECRET], ids=["session keys", "admin secret"])
def test_a_rehearsal_on_real_functions_turns_nobody_away(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caller: Caller
) -> None:
    assert rehearse_secret(caller, as_json=False, data_dir=tmp_path) == 0
    told = capsys.readouterr().out
    assert told.count("the token of before and a fresh one are both believed") == 2
    assert "the former one is refused" in told


@pytest.mark.parametrize("name", ["session-keys", "admin-secret", "battle-secret"])
def test_the_steps_for_a_stage_name_one_parameter_each_and_no_value(name: str) -> None:
    result = CliRunner().invoke(app, [name, "--stage", "staging"])
    assert result.exit_code == 0
    assert result.output.count("write /arena/staging/") == result.output.count("then wait") == 3
    assert "00000000" not in result.output


def commands_in(output: str) -> list[list[str]]:
    return [shlex.split(line) for line in output.splitlines() if line.strip().startswith("aws ")]


def written(words: list[str]) -> tuple[str, str]:
    """The parameter's name, and the value in the file that the command would send."""
    options = dict(itertools.pairwise(words))
    path = Path(options["--value"].removeprefix("file://"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    return options["--name"], path.read_text()


def test_a_new_session_key_is_made_into_files_that_nobody_else_can_read(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["session-keys", "--write-to", str(tmp_path / "k e y s")])
    assert result.exit_code == 0, result.output
    values = dict(written(words) for words in commands_in(result.output))
    seed = values["/arena/prod/PLAYER_SESSION_PRIVATE_KEY_HEX"]
    public = bytes(SigningKey(bytes.fromhex(seed)).verify_key).hex()
    assert values["/arena/prod/PLAYER_SESSION_PUBLIC_KEYS"] == public
    assert seed not in result.output
    again = CliRunner().invoke(app, ["session-keys", "--write-to", str(tmp_path / "other")])
    assert dict(written(words) for words in commands_in(again.output)) != values


def test_a_rotation_written_as_files_is_the_plan_with_the_public_key_in_use(tmp_path: Path) -> None:
    former = bytes(SigningKey(OLD_SEED).verify_key).hex()
    words = ["session-keys", "--stage", "staging", "--write-to", str(tmp_path / "keys"), "--former", former]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    sent = [written(words) for words in commands_in(result.output)]
    [seed] = {value for name, value in sent if name.endswith("PRIVATE_KEY_HEX")}
    plan = session_key_plan(OLD_SEED, bytes.fromhex(seed))
    assert sent == [(f"/arena/staging/{step.name}", step.value) for step in plan]
    assert seed not in result.output


@pytest.mark.parametrize("former", ["abc", "zz" * 32, OLD_SEED.hex() + "00"])
def test_a_public_key_of_another_form_makes_no_file(tmp_path: Path, former: str) -> None:
    words = ["session-keys", "--write-to", str(tmp_path / "keys"), "--former", former]
    assert CliRunner().invoke(app, words).exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_secrets_that_are_there_already_are_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "1-PLAYER_SESSION_PRIVATE_KEY_HEX").write_text("in use")
    assert CliRunner().invoke(app, ["session-keys", "--write-to", str(tmp_path)]).exit_code == 2
    assert [path.read_text() for path in tmp_path.iterdir()] == ["in use"]
