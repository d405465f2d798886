"""Where a stage keeps which claim key it uses, and the one place that changes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from infra.ops.oracle.aws_calls import asking_aws
from shared.config.references import parse_reference
from shared.domain.errors import Refused, ensure

KEY_ID: Final = "ORACLE_KMS_KEY_ID"
PUBLIC_KEY: Final = "ORACLE_PUBLIC_KEY_HEX"


@dataclass(frozen=True, slots=True)
class OracleKey:
    """The pair of settings: a KMS key id, and its public half in lower-case hex."""

    key_id: str
    public_key: str


class OracleSettings(Protocol):
    """Both settings of a stage; functions see a change within `spread_s`."""

    @property
    def spread_s(self) -> int: ...

    def current(self) -> OracleKey: ...

    def switch(self, key: OracleKey) -> None: ...


class SsmOracleSettings:
    """Implements OracleSettings over Parameter Store.

    Between its two writes a signer may read one of each; readiness then refuses to sign until it
    reads again, so that the mixture costs a retry and never a wrong signature.
    """

    def __init__(self, ssm: Any, *, references: Mapping[str, Mapping[str, str]], spread_s: int) -> None:
        """Raises Refused `setting_not_a_parameter` when a function does not take them from one parameter."""
        self._ssm = ssm
        self._key_id_name = _parameter(references, KEY_ID)
        self._public_key_name = _parameter(references, PUBLIC_KEY)
        self._spread_s = spread_s

    @property
    def spread_s(self) -> int:
        return self._spread_s

    def current(self) -> OracleKey:
        """What the parameters hold now, not what some function read before."""
        return OracleKey(
            self._read(self._key_id_name)["Value"], self._read(self._public_key_name)["Value"].lower()
        )

    def switch(self, key: OracleKey) -> None:
        """Write both and read them again; repeating it is harmless."""
        self._write(self._key_id_name, key.key_id)
        self._write(self._public_key_name, key.public_key)
        ensure(self.current() == key, "the parameters hold what was written")

    def _read(self, name: str) -> Any:
        with asking_aws(f"read {name}"):
            return self._ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]

    def _write(self, name: str, value: str) -> None:
        kept = self._read(name)
        if kept["Value"] == value:
            return
        with asking_aws(f"write {name}"):
            self._ssm.put_parameter(Name=name, Value=value, Type=kept["Type"], Overwrite=True)


def _parameter(references: Mapping[str, Mapping[str, str]], setting: str) -> str:
    written = {names[setting] for names in references.values() if setting in names}
    found = parse_reference(written.pop()) if len(written) == 1 else None
    if found is None or found.store != "ssm":
        raise Refused(
            f"{setting} must be one `ssm:` reference in every function that has it, to be switched for all at once",
            code="setting_not_a_parameter",
        )
    return found.name
