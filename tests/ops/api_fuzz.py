"""Schemathesis cases sent through the functions' own apps over real stores, as one of three callers."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.core.transport import Response

from infra.ops.openapi.merged import merged_document
from tests.whole_backend import BASE_URL, NO_LIMITS, WholeBackend

SCHEMA = schemathesis.openapi.from_dict(merged_document())
CHECK_NAMES = (
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
)
CHECKS = [not_a_server_error, *schemathesis.checks.CHECKS.get_by_names(CHECK_NAMES)]
# The 300 ms of the limiter may pass on a busy machine; the others are the ledger's documented "send it again".
DOCUMENTED_503 = {"limiter_unavailable", "account_busy"}
# What these change is put back after each success: later cases are to meet a backend that works.
CHANGES_CONFIG = (
    "/api/admin/config",
    "/api/admin/limits",
    "/api/admin/pause",
    "/api/admin/resume",
    "/api/admin/modes",
)
ENDS_SESSION = ("/api/admin/logout", "/api/admin/password")


@dataclass
class Attacker:
    """Sends cases with a good token seven times of eight, and with a good fresh key every other time."""

    backend: WholeBackend
    statuses: Counter[str] = field(default_factory=Counter)
    waits: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _telegram_ids: itertools.count[int] = field(default_factory=lambda: itertools.count(4_000_000))

    def __post_init__(self) -> None:
        self._owner = self.backend.log_in()
        self.become_a_new_player()

    def become_a_new_player(self) -> None:
        """From now on player routes are called by somebody nothing has happened to yet."""
        self._telegram_id = next(self._telegram_ids)
        self._player = self.backend.sign_in(self._telegram_id)

    @property
    def sent(self) -> int:
        """How many cases reached the backend."""
        return sum(self.statuses.values())

    def send(self, case: Any) -> Response:
        """The case as generated, with a caller's credentials; the answer as schemathesis wants it."""
        number = next(self._numbers)
        wire = case.as_transport_kwargs(base_url=BASE_URL)
        headers = {name: _sendable(value) for name, value in (wire.get("headers") or {}).items()}
        if number % 8:
            headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
            headers |= self._credentials(case)
        if number % 2:
            headers = {name: value for name, value in headers.items() if name.lower() != "idempotency-key"}
            headers["idempotency-key"] = f"fuzz-{number}"
        named = {"params": wire.get("params"), "content": _content(wire)}
        if wire.get("json") is not None:
            headers.setdefault("content-type", "application/json")
        reply = self.backend.send(
            case.method,
            wire["url"].removeprefix(BASE_URL),
            headers=headers,
            **{name: value for name, value in named.items() if value is not None},
        )
        self.statuses[f"{reply.status_code}"] += 1
        self._mend(case, reply)
        return Response.from_httpx(reply, verify=False)

    def judge(self, case: Any, response: Response) -> None:
        """Raise unless the answer is one the document announces; a documented 503 is counted, not judged."""
        if response.status_code == 503:
            code = json.loads(response.content).get("code", "")
            self.waits[code] += 1
            if code in DOCUMENTED_503:
                return
        try:
            case.validate_response(response, checks=CHECKS)
        except Exception as failure:
            self.failures.append(str(failure))
            raise

    def _credentials(self, case: Any) -> dict[str, str]:
        path = case.operation.path
        if path == "/api/session":
            return {
                "authorization": f"tma {self.backend.init_data({'id': self._telegram_id, 'first_name': 'Ann'})}"
            }
        if path == "/metrics":
            return {"authorization": f"Bearer {self.backend.secrets['METRICS_TOKEN']}"}
        return self._owner if path.startswith("/api/admin/") else self._player

    def _mend(self, case: Any, reply: Any) -> None:
        path = case.operation.path
        if reply.status_code == 429:  # thirty refusals an hour are recorded: the rest would meet nothing else
            self.become_a_new_player()
        if not reply.is_success or case.method.upper() in ("GET", "HEAD"):
            return
        if path.startswith(CHANGES_CONFIG):
            self.backend.write_config(limits=NO_LIMITS)
        if path in ENDS_SESSION:
            self._owner = self.backend.log_in()


def _sendable(value: Any) -> str:
    """A header's value as HTTP can carry it."""
    return "".join(
        character for character in str(value) if " " <= character <= "~" or "\xa0" <= character <= "\xff"
    )


def _content(wire: dict[str, Any]) -> bytes | None:
    if wire.get("json") is not None:
        return json.dumps(wire["json"]).encode("utf-8", "surrogatepass")
    data = wire.get("data")
    if isinstance(data, str):
        return data.encode("utf-8", "surrogatepass")
    return data if isinstance(data, bytes) else None
