"""The account's own limits: a deployment that asks for more than it may fails, and so do cold starts in a crowd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from botocore.exceptions import ClientError

from infra.ops.preflight.lines import CannotTell, Line, must
from infra.ops.preflight.stage import StageUnderCheck

UNRESERVED_MIN: Final = 100
"""Lambda refuses a reservation that leaves an account's other functions fewer ("Configuring reserved concurrency")."""
HIGH_THROUGHPUT: Final = "/ssm/parameter-store/high-throughput-enabled"
_DENIED: Final = ("AccessDenied", "AccessDeniedException")


def concurrency_suffices(stage: StageUnderCheck) -> str:
    """The functions' reservations fit into what the account may run at once; a new account may have ten."""
    if stage.is_local:
        raise CannotTell("the local stack has no account")
    limits = _asked(lambda: stage.aws("lambda").get_account_settings(), right="lambda:GetAccountSettings")[
        "AccountLimit"
    ]
    most = int(limits["ConcurrentExecutions"])
    reserved = sum(each.reserved_concurrency or 0 for each in stage.service.functions.values())
    needed = reserved + UNRESERVED_MIN
    raise_it = f"have the quota `Concurrent executions` raised to {needed} or more"
    must(most >= needed, f"the account runs {most} at once, the functions reserve {reserved}: {raise_it}")
    if not stage.api_url:  # not deployed yet: what others have reserved is not ours as well
        left = int(limits["UnreservedConcurrentExecutions"])
        must(left >= needed, f"other functions leave {left} of {most}, {needed} are needed: {raise_it}")
    return f"{reserved} reserved of {most}"


def parameters_answer_a_crowd(stage: StageUnderCheck) -> str:
    """Whether Parameter Store's higher throughput is on; without it nothing is wrong until many start at once."""
    if stage.is_local:
        raise CannotTell("the local stack has no account")
    answer = _asked(
        lambda: stage.aws("ssm").get_service_setting(SettingId=HIGH_THROUGHPUT),
        right="ssm:GetServiceSetting",
    )
    if answer["ServiceSetting"]["SettingValue"] == "true":
        return "higher throughput is on"
    return (
        "warning: 40 reads a second for the whole account and region; docs/deployment.md, "
        '"The account", says how to raise it'
    )


def _asked(ask: Callable[[], Any], *, right: str) -> Any:
    try:
        return ask()
    except ClientError as error:
        if error.response["Error"]["Code"] in _DENIED:
            raise CannotTell(f"this user may not ask: allow {right}") from error
        raise


LINES: Final = (
    Line("concurrency", "functions fit the account", concurrency_suffices),
    Line("parameter_reads", "parameters answer a crowd", parameters_answer_a_crowd, is_go_live=True),
)
