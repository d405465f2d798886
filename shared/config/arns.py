"""The two ARNs a setting may be, read for what they say: which account, which region, which function."""

from __future__ import annotations

import re
from typing import Final

_ROLE: Final = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):iam::(?P<account>[0-9]{12}):role/[\w+=,.@/-]{1,512}", re.ASCII
)
_FUNCTION: Final = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):lambda:(?P<region>[a-z0-9-]{4,32}):(?P<account>[0-9]{12})"
    r":function:[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9_-]{1,128})?"
)


def is_role_arn(value: str) -> bool:
    """Whether this names an IAM role."""
    return _ROLE.fullmatch(value) is not None


def region_of(function_name: str) -> str | None:
    """The region of a function that is named by its ARN; a plain name leaves it to the environment."""
    found = _FUNCTION.fullmatch(function_name)
    return found["region"] if found else None


def is_function_beside(role_arn: str, function_name: str) -> bool:
    """Whether this is the ARN of a function in the role's own account."""
    role, function = _ROLE.fullmatch(role_arn), _FUNCTION.fullmatch(function_name)
    if role is None or function is None:
        return False
    return role.group("partition", "account") == function.group("partition", "account")
