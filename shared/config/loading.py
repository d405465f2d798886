"""How an environment becomes one function's settings, and what stops it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Protocol, Self, TypeVar

from shared.config.declarations import held_by
from shared.config.forms import has_form, is_reference
from shared.config.parts import Values
from shared.domain.errors import InvariantBroken


class SettingsInvalid(InvariantBroken):
    """Names every missing and every malformed setting of one function at once, and no value."""

    code = "settings_invalid"

    def __init__(self, function: str, problems: Mapping[str, str]) -> None:
        listed = "; ".join(f"{name} {problem}" for name, problem in problems.items())
        super().__init__(f"settings of {function}: {listed}")
        self.problems = dict(problems)


class FunctionSettings(Protocol):
    """What every settings class offers."""

    function: ClassVar[str]

    @classmethod
    def of(cls, values: Values) -> Self: ...


S = TypeVar("S", bound=FunctionSettings)


def load(kind: type[S], *, environment: Mapping[str, str]) -> S:
    """Build the settings of one function from values that are no references any more.

    Raises SettingsInvalid with every missing and malformed name. Production rules are judged
    before, by `shared.readiness.enforce`.
    """
    problems = problems_of(kind.function, environment=environment)
    if problems:
        raise SettingsInvalid(kind.function, problems)
    return kind.of(Values(environment))


def problems_of(function: str, *, environment: Mapping[str, str]) -> dict[str, str]:
    """Name -> what is wrong, for every setting of the function that is missing or malformed."""
    values = Values(environment)
    problems: dict[str, str] = {}
    for setting in held_by(function):
        value = values.optional(setting.name)
        if value is None and setting.is_required:
            problems[setting.name] = "is missing"
        elif value is not None and is_reference(value):
            problems[setting.name] = "must be ssm:/path, secretsmanager:name#field or a plain value"
        elif value is not None and not has_form(value, setting.kind):
            problems[setting.name] = f"must be {setting.kind.value}"
    has_key = values.is_set("ORACLE_KMS_KEY_ID") or values.is_set("ORACLE_PRIVATE_KEY_HEX")
    if function == "signer" and not has_key:
        problems["ORACLE_KMS_KEY_ID"] = "is missing, and so is ORACLE_PRIVATE_KEY_HEX"
    return problems
