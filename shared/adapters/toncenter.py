"""One toncenter-compatible HTTP provider: bounded, retried questions; every doubt becomes Unavailable.

Nothing here knows vaults. What answers mean is read by toncenter_answers, what to ask by toncenter_chain.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlencode, urlsplit

from shared.adapters.outgoing_http import HttpEndpoint, HttpRequest
from shared.adapters.toncenter_answers import doubt
from shared.adapters.xray import FAULT, THROTTLED, traced
from shared.domain.errors import Unavailable, ensure

MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024
"""A full vault's state of 16,384 recipients is about 2 MiB of base64."""
_WRITTEN_SUFFIXES: Final = ("/jsonRPC", "/v2", "/api")


@dataclass(frozen=True, slots=True)
class ProviderLimits:
    """Seconds an attempt and a whole operation may take; retries wait `backoff_s`, doubled, times chance."""

    attempts: int = 3
    attempt_s: float = 1.2
    operation_s: float = 2.8
    backoff_s: float = 0.2


class _AttemptFailed(Exception):
    """One exchange without a usable answer; `reason` is a short word for logs and metrics."""

    def __init__(self, reason: str, *, may_retry: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.may_retry = may_retry


class TonCenter:
    """A provider at `url` (with or without `/api/v2/jsonRPC`); `api_key` is sent to it alone, in a header.

    `jitter` returns a number in [0, 1). `on_outcome` hears "ok" or a reason once per attempt and once
    for an answer that turns out unusable: errors over all is the provider's error rate.
    """

    def __init__(
        self,
        *,
        url: str,
        api_key: str | None,
        jitter: Callable[[], float],
        on_outcome: Callable[[str], None],
        limits: ProviderLimits | None = None,
    ) -> None:
        parts = urlsplit(url)
        ensure(parts.scheme in ("https", "http") and parts.netloc, "a provider is an http(s) URL")
        path = parts.path.rstrip("/")
        for suffix in _WRITTEN_SUFFIXES:
            path = path.removesuffix(suffix)
        self.limits = limits or ProviderLimits()
        self._path = path
        self._endpoint = HttpEndpoint(
            parts.netloc, is_encrypted=parts.scheme == "https", max_answer_bytes=MAX_ANSWER_BYTES
        )
        self._headers = {"Accept": "application/json"} | ({"X-API-Key": api_key} if api_key else {})
        self._jitter = jitter
        self._on_outcome = on_outcome

    def operation(self) -> Operation:
        """Questions that share one time limit; use as a context manager."""
        return Operation(self, deadline_s=time.monotonic() + self.limits.operation_s)

    def close(self) -> None:
        """Close idle connections; the provider can be used again."""
        self._endpoint.close()

    def report(self, outcome: str) -> None:
        """Tell the metric."""
        self._on_outcome(outcome)

    def pause_s(self, *, attempt: int) -> float:
        """How long to wait after the attempt of this number, from 0: full jitter."""
        return self.limits.backoff_s * 2.0**attempt * self._jitter()

    def rpc(self, method: str, params: Mapping[str, Any]) -> HttpRequest:
        """A question to API v2."""
        call = {"jsonrpc": "2.0", "id": "1", "method": method, "params": params}
        headers = {**self._headers, "Content-Type": "application/json"}
        return HttpRequest("POST", f"{self._path}/api/v2/jsonRPC", json.dumps(call).encode(), headers)

    def index(self, name: str, query: Mapping[str, str | int]) -> HttpRequest:
        """A question to the index API v3."""
        return HttpRequest("GET", f"{self._path}/api/v3/{name}?{urlencode(query)}", None, self._headers)

    def exchange(self, request: HttpRequest, *, deadline_s: float) -> Any:
        """One attempt: the decoded JSON object of a 200 answer. Raises _AttemptFailed."""
        try:
            status, body = self._endpoint.send(request, deadline_s=deadline_s)
        except TimeoutError as error:
            raise _AttemptFailed("timeout", may_retry=True) from error
        except (OSError, HTTPException) as error:
            raise _AttemptFailed("connection", may_retry=True) from error
        if status != 200:
            raise _AttemptFailed(f"http_{status}", may_retry=status == 429 or status >= 500)
        try:
            document = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise _AttemptFailed("not_json", may_retry=False) from error
        if not isinstance(document, dict):
            raise _AttemptFailed("not_an_object", may_retry=False)
        return document


class Operation:
    """Questions under one deadline. What it raises, and what is raised inside it, is in the error rate."""

    __slots__ = ("_deadline_s", "_is_reported", "_provider")

    def __init__(self, provider: TonCenter, *, deadline_s: float) -> None:
        self._provider = provider
        self._deadline_s = deadline_s
        self._is_reported = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if isinstance(error, Unavailable) and not self._is_reported:
            self._provider.report(str(error.extra.get("reason", "unusable")))

    def call(self, method: str, /, **params: Any) -> Any:
        """`result` of an API v2 method. Raises Unavailable."""
        return self._answer(self._provider.rpc(method, params), _rpc_result)

    def index(self, name: str, /, **query: str | int) -> Any:
        """The whole document of an API v3 question. Raises Unavailable."""
        return self._answer(self._provider.index(name, query), lambda document: document)

    def _answer(self, request: HttpRequest, read: Callable[[Any], Any]) -> Any:
        limits, failure = self._provider.limits, _AttemptFailed("timeout", may_retry=False)
        for attempt in range(limits.attempts):
            now_s = time.monotonic()
            if now_s >= self._deadline_s:
                break
            deadline_s = min(now_s + limits.attempt_s, self._deadline_s)
            try:
                with traced("TON", flags=_throttled_or_fault):
                    result = read(self._provider.exchange(request, deadline_s=deadline_s))
            except _AttemptFailed as error:
                failure = error
                self._provider.report(error.reason)
                if not error.may_retry or attempt + 1 == limits.attempts:
                    break
                left_s = max(0.0, self._deadline_s - time.monotonic())
                time.sleep(min(self._provider.pause_s(attempt=attempt), left_s))
            else:
                self._provider.report("ok")
                return result
        self._is_reported = True
        raise doubt(failure.reason) from failure


def _throttled_or_fault(error: Exception) -> Mapping[str, bool]:
    is_throttled = isinstance(error, _AttemptFailed) and error.reason in ("http_429", "error_429")
    return THROTTLED if is_throttled else FAULT


def _rpc_result(document: dict[str, Any]) -> Any:
    """HTTP 200 does not mean success: `ok` does, and an error says its own code."""
    if document.get("ok") is True and "result" in document:
        return document["result"]
    code = document.get("code")
    is_passing = type(code) is int and (code == 429 or code >= 500)
    raise _AttemptFailed(f"error_{code}" if type(code) is int else "not_ok", may_retry=is_passing)
