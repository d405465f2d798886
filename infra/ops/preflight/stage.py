"""The stage that is checked: its settings, and ways to ask its parts; deployed and local ones look alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pymongo import MongoClient
from pymongo.database import Database

from infra.local.serverless_file import ServiceSpec
from shared.adapters.mongo import connect
from shared.config.functions.settle import SettleSettings
from shared.config.functions.signer import SignerSettings
from shared.config.parts import Values

PROJECT: Final = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class StageUnderCheck:
    """`environments`: function -> resolved values. `references`: function -> {name: reference}, as deployed.

    `aws` makes a boto3 client of an administrator by service name. `secrets_changed_ms` tells when each
    secret got its present value. `operator_uri` is a database user's who may list indexes and read
    `operations`; without one the admin function's own is tried. `is_deployed` is False before the first
    deployment. `project` holds templates and documents.
    """

    name: str
    is_local: bool
    service: ServiceSpec
    environments: Mapping[str, Mapping[str, str]] = field(repr=False)
    references: Mapping[str, Mapping[str, str]]
    api_url: str
    aws: Callable[[str], Any]
    signer_role: Callable[[], str]
    secrets_changed_ms: Callable[[], Mapping[str, int]]
    secret_store: Callable[[], str]
    now_ms: Callable[[], int]
    operator_uri: str = field(default="", repr=False)
    is_deployed: bool = True
    project: Path = PROJECT

    def text(self, function: str, name: str) -> str:
        """A function's setting, or the empty text."""
        return Values(self.environments.get(function, {})).text(name)

    @contextmanager
    def database(self) -> Iterator[Database[dict[str, Any]]]:
        """The stage's database."""
        client: MongoClient[dict[str, Any]] = connect(
            self.operator_uri or self.text("admin", "MONGODB_URI"), app_name="arena-preflight"
        )
        with client:
            yield client[self.text("admin", "MONGODB_DATABASE")]

    def settle(self) -> SettleSettings:
        """The scheduled function's settings, typed. Raises whatever is wrong with them."""
        return SettleSettings.of(Values(self.environments["settle"]))

    def signer(self) -> SignerSettings:
        """The signer's settings, typed. Raises whatever is wrong with them."""
        return SignerSettings.of(Values(self.environments["signer"]))
