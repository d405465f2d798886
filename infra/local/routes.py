"""Which function an HTTP request reaches, by API Gateway's matching rules for HTTP APIs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from infra.local.serverless_file import ServiceSpec

_LITERAL, _PARAMETER, _GREEDY = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Route:
    """`key` as API Gateway writes it (`ANY /api/battle/{proxy+}`, `$default`) and the function behind it."""

    key: str
    function: str

    @property
    def method(self) -> str:
        return self.key.split(" ")[0]

    @property
    def segments(self) -> tuple[str, ...]:
        return tuple(self.key.split(" ")[1].split("/")[1:])


@dataclass(frozen=True, slots=True)
class Match:
    """The chosen route and its decoded path parameters."""

    route: Route
    path_parameters: Mapping[str, str]


class RouteTable:
    """Most specific path first (literal, then {name}, then {name+}), a named method before ANY, $default last.

    `{proxy+}` needs at least one character: `/x/{proxy+}` answers neither `/x` nor `/x/`.
    Source: API Gateway developer guide, "Create routes for HTTP APIs".
    """

    def __init__(self, service: ServiceSpec) -> None:
        routes = [Route(key, spec.name) for spec in service.functions.values() for key in spec.route_keys]
        keys = [route.key for route in routes]
        if len(set(keys)) != len(keys):
            raise ValueError("a route key is declared twice")
        self._default = next((route for route in routes if route.key == "$default"), None)
        self._routes = [route for route in routes if route.key != "$default"]

    def match(self, method: str, path: str) -> Match | None:
        """The route for a decoded path, or None when nothing, not even $default, answers it."""
        best: tuple[tuple[object, ...], Match] | None = None
        parts = path.split("/")[1:]
        for route in self._routes:
            if route.method not in (method, "ANY"):
                continue
            found = _match_segments(route.segments, parts)
            if found is None:
                continue
            kinds, parameters = found
            rank = (kinds, route.method == "ANY")
            if best is None or rank < best[0]:
                best = (rank, Match(route, parameters))
        if best is not None:
            return best[1]
        return None if self._default is None else Match(self._default, {})


def _match_segments(
    segments: tuple[str, ...], parts: list[str]
) -> tuple[tuple[int, ...], dict[str, str]] | None:
    kinds: list[int] = []
    parameters: dict[str, str] = {}
    for index, segment in enumerate(segments):
        if segment.startswith("{") and segment.endswith("+}"):
            rest = "/".join(parts[index:])
            if not rest:
                return None
            return (*kinds, _GREEDY), {**parameters, segment[1:-2]: rest}
        if index >= len(parts):
            return None
        if segment.startswith("{") and segment.endswith("}"):
            if not parts[index]:
                return None
            parameters[segment[1:-1]] = parts[index]
            kinds.append(_PARAMETER)
        elif segment == parts[index]:
            kinds.append(_LITERAL)
        else:
            return None
    return (tuple(kinds), parameters) if len(segments) == len(parts) else None
