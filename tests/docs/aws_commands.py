"""Commands of the AWS CLI held to the service models that botocore carries: operation, names, types, values.

This is what the CLI itself does before it sends anything. Nothing is sent here, and whether AWS would agree is
not known: an id may be of the wrong kind, and a permission missing.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any, Final, NamedTuple

import botocore.session
from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from botocore.model import OperationModel, Shape
from botocore.validate import ParamValidator

from tests.docs.documents import STAND_INS

_OF_THE_CLI: Final = ("region", "query", "output", "profile")
_NAMED_OTHERWISE: Final = {("sns", "subscribe", "notification-endpoint"): "endpoint"}
"""The CLI's own names for parameters. Source: AWS CLI command reference, `sns subscribe`."""
_SESSION: Final = botocore.session.get_session()


class AwsCommandWrong(Exception):
    """The AWS CLI would refuse the command; the text says why."""


class AwsOperation(NamedTuple):
    """What a command would send."""

    service: str
    name: str
    parameters: dict[str, Any]


def operation_of(command: str) -> AwsOperation:
    """Raises AwsCommandWrong for what the CLI would refuse."""
    for placeholder, value in STAND_INS.items():
        command = command.replace(placeholder, value)
    _, service, operation, *options = shlex.split(command.partition(" | ")[0], comments=True)
    model = _model(service, operation)
    members = {xform_name(name, "-"): name for name in model.input_shape.members} if model.input_shape else {}
    parameters: dict[str, Any] = {}
    while options:
        option = options.pop(0).removeprefix("--")
        option = _NAMED_OTHERWISE.get((service, operation, option), option)
        if option in _OF_THE_CLI:
            options.pop(0)
        elif option not in members:
            raise AwsCommandWrong(f"aws {service} {operation} has no --{option}")
        else:
            shape = model.input_shape.members[members[option]]
            parameters[members[option]] = _taken(shape, options)
    report = ParamValidator().validate(parameters, model.input_shape) if model.input_shape else None
    if report is not None and report.has_errors():
        raise AwsCommandWrong(report.generate_report())
    return AwsOperation(service, model.name, parameters)


def _model(service: str, operation: str) -> OperationModel:
    try:
        model = _SESSION.get_service_model(service)
    except UnknownServiceError as error:
        raise AwsCommandWrong(f"there is no service {service}") from error
    names = {xform_name(name, "-"): name for name in model.operation_names}
    if operation not in names:
        raise AwsCommandWrong(f"{service} has no operation {operation}")
    return model.operation_model(names[operation])


def _taken(shape: Shape, options: list[str]) -> Any:
    """The option's value in its shape's type, taken off the words; a flag takes none."""
    if shape.type_name == "boolean":
        return True
    values = []
    while options and not options[0].startswith("--"):
        values.append(options.pop(0))
        if shape.type_name != "list":
            break
    if not values:
        raise AwsCommandWrong(f"an option lacks its {shape.type_name}")
    if shape.type_name in ("integer", "long"):
        return int(values[0])
    if shape.type_name in ("double", "float"):
        return float(values[0])
    if shape.type_name == "list":
        return values
    text = values[0]
    allowed = getattr(shape, "enum", [])
    if allowed and text not in allowed:
        raise AwsCommandWrong(f"{text} is none of {', '.join(allowed)}")
    path = Path(text.removeprefix("file://"))
    return path.read_text() if text.startswith("file://") and path.exists() else text
