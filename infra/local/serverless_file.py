"""serverless.yml as data: what each function is, what it may see, and how it is reached."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_RATE = re.compile(r"^rate\((\d+) (minute|hour|day)s?\)$")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}
_VARIABLE = re.compile(r"\$\{(sls:stage|self:service|param:[\w.-]+)\}")


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """One deployed function; `environment` lists the names of the settings it holds, never values.

    `every_s` is its schedule's period and `scheduled_event` what it is then given, None for the platform's own.
    """

    name: str
    handler: str
    timeout_s: float
    memory_mb: int
    reserved_concurrency: int | None
    environment: tuple[str, ...]
    route_keys: tuple[str, ...]
    every_s: int | None
    scheduled_event: Any = None


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """A service at one stage; deployed function names are `<service>-<stage>-<function>`."""

    name: str
    stage: str
    functions: Mapping[str, FunctionSpec]

    def deployed_name(self, function: str) -> str:
        """The name AWS knows a function by."""
        return f"{self.name}-{self.stage}-{function}"


class _Loader(yaml.SafeLoader):
    """SafeLoader that reads CloudFormation's short tags as `{"!Tag": value}`."""


def _construct_tag(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        return {f"!{suffix}": loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {f"!{suffix}": loader.construct_sequence(node, deep=True)}
    if isinstance(node, yaml.MappingNode):
        return {f"!{suffix}": loader.construct_mapping(node, deep=True)}
    raise ValueError(f"unknown YAML node {type(node).__name__}")


_Loader.add_multi_constructor("!", _construct_tag)


def load_yaml(path: Path) -> Any:
    """A YAML document with CloudFormation tags kept as `{"!Tag": value}`."""
    return yaml.load(path.read_text(), _Loader)  # noqa: S506 - a SafeLoader with tags that construct plain data only


def read_service(path: Path, *, stage: str) -> ServiceSpec:
    """Read the service for `stage`; raises KeyError or ValueError where the file is not one we can serve."""
    document = load_yaml(path)
    known = _known_variables(document, stage)
    provider = document["provider"]
    shared_names = tuple(provider.get("environment", {}))
    functions = {}
    for name, raw in document["functions"].items():
        events = [_resolve(event, known) for event in raw.get("events", [])]
        reserved = _resolve(raw.get("reservedConcurrency"), known)
        functions[name] = FunctionSpec(
            name=name,
            handler=raw["handler"].replace("/", "."),
            timeout_s=float(_resolve(raw.get("timeout", provider.get("timeout", 6)), known)),
            memory_mb=int(_resolve(raw.get("memorySize", provider.get("memorySize", 1024)), known)),
            reserved_concurrency=None if reserved is None else int(reserved),
            environment=tuple(dict.fromkeys((*shared_names, *raw.get("environment", {})))),
            route_keys=tuple(_route_key(event["httpApi"]) for event in events if "httpApi" in event),
            every_s=next((_period_s(event["schedule"]) for event in events if "schedule" in event), None),
            scheduled_event=next(
                (_input_of(event["schedule"]) for event in events if "schedule" in event), None
            ),
        )
    return ServiceSpec(name=document["service"], stage=stage, functions=functions)


def function_values(path: Path, *, stage: str) -> dict[str, dict[str, Any]]:
    """Function -> {setting: value} as written for `stage`: texts with references in them, or `{"!Ref": name}`."""
    document = load_yaml(path)
    known = _known_variables(document, stage)
    shared_values = document["provider"].get("environment", {})
    return {
        name: {
            setting: _resolve(value, known)
            for setting, value in {**shared_values, **raw.get("environment", {})}.items()
        }
        for name, raw in document["functions"].items()
    }


def _known_variables(document: Mapping[str, Any], stage: str) -> dict[str, Any]:
    params = {**document.get("params", {}).get("default", {}), **document.get("params", {}).get(stage, {})}
    known = {"sls:stage": stage, "self:service": document["service"]}
    return known | {f"param:{name}": value for name, value in params.items()}


def _resolve(value: Any, known: Mapping[str, Any]) -> Any:
    """Fill in the few variables a local stage can know; anything else stays as written."""
    if not isinstance(value, str):
        return value
    whole = _VARIABLE.fullmatch(value)
    if whole:
        return known[whole.group(1)]
    return _VARIABLE.sub(lambda match: str(known[match.group(1)]), value)


def _route_key(event: Any) -> str:
    if event == "*":
        return "$default"
    if isinstance(event, str):
        return event
    return f"{event['method'].upper()} {event['path']}"


def _input_of(event: Any) -> Any:
    return event.get("input") if isinstance(event, dict) else None


def _period_s(event: Any) -> int:
    text = event if isinstance(event, str) else event["rate"]
    match = _RATE.match(text if isinstance(text, str) else text[0])
    if match is None:
        raise ValueError(f"only rate(...) schedules run locally, not {text!r}")
    return int(match.group(1)) * _SECONDS[match.group(2)]
