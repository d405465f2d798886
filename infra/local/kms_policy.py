"""Key policies, as far as ours go: who may do what with a key, and under which conditions.

Evaluated as IAM does: an explicit Deny wins, otherwise one Allow must match. What this cannot evaluate
is refused when the policy is given, never skipped. Source:
https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Mapping
from typing import Any

from infra.local.kms_refusal import KmsRefusal, not_here

Policy = dict[str, Any]

POSITIVE_OPERATORS = frozenset({"StringEquals", "StringLike", "ArnEquals", "ArnLike"})
NEGATIVE_OPERATORS = frozenset({"StringNotEquals", "StringNotLike", "ArnNotEquals", "ArnNotLike"})
STATEMENT_FIELDS = frozenset({"Sid", "Effect", "Principal", "Action", "Resource", "Condition"})


def default_policy(root_arn: str) -> Policy:
    """What AWS gives a key that is created without a policy."""
    statement = {"Effect": "Allow", "Principal": {"AWS": root_arn}, "Action": "kms:*", "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def parsed_policy(text: str) -> Policy:
    """The policy document in `text`. Raises KmsRefusal when it is malformed or beyond this module."""
    try:
        policy = json.loads(text)
        statements = _listed(policy["Statement"])
        fields = {field for statement in statements for field in statement}
        operators = {name for statement in statements for name in statement.get("Condition", {})}
        effects = {statement["Effect"] for statement in statements}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise KmsRefusal("MalformedPolicyDocumentException", "The new key policy is not valid.") from error
    if unknown := sorted((fields - STATEMENT_FIELDS) | (operators - POSITIVE_OPERATORS - NEGATIVE_OPERATORS)):
        raise not_here(f"a key policy with {', '.join(unknown)}")
    if not effects <= {"Allow", "Deny"}:
        raise KmsRefusal("MalformedPolicyDocumentException", "An effect is Allow or Deny.")
    return dict(policy)


def authorize(
    policy: Policy,
    *,
    principal: str,
    action: str,
    key_arn: str,
    context: Mapping[str, str],
    is_granted: bool = False,
) -> None:
    """Return when `principal` may do `action`. Raises KmsRefusal (AccessDeniedException) otherwise.

    `context` holds the condition keys of the request, such as kms:MessageType; `is_granted` says that a grant
    allows it, which counts like an Allow.
    """
    known = {**context, "aws:PrincipalArn": principal}
    effects = {
        statement["Effect"]
        for statement in _listed(policy["Statement"])
        if _matches(statement, principal=principal, action=action, key_arn=key_arn, context=known)
    }
    if effects == {"Allow"} or (is_granted and not effects):
        return
    why = (
        "with an explicit deny in a resource-based policy"
        if "Deny" in effects
        else f"because no resource-based policy allows the {action} action"
    )
    raise denied(principal, action=action, resource=key_arn, why=why)


def denied(principal: str, *, action: str, resource: str, why: str) -> KmsRefusal:
    """The AccessDeniedException for it."""
    text = f"User: {principal} is not authorized to perform: {action} on resource: {resource} {why}"
    return KmsRefusal("AccessDeniedException", text)


def _matches(
    statement: Mapping[str, Any], *, principal: str, action: str, key_arn: str, context: Mapping[str, str]
) -> bool:
    named = statement.get("Principal", {})
    principals = ["*"] if named == "*" else _listed(named.get("AWS", []))
    root = f"arn:aws:iam::{principal.split(':')[4]}:root"
    is_named = "*" in principals or principal in principals
    is_account = principal == root and root.split(":")[4] in principals
    return (
        (is_named or is_account)
        and any(
            fnmatch.fnmatchcase(action.lower(), one.lower()) for one in _listed(statement.get("Action", []))
        )
        and any(fnmatch.fnmatchcase(key_arn, one) for one in _listed(statement.get("Resource", [])))
        and _conditions_hold(statement.get("Condition", {}), context)
    )


def _conditions_hold(conditions: Mapping[str, Mapping[str, Any]], context: Mapping[str, str]) -> bool:
    for operator, wanted_by_key in conditions.items():
        for key, wanted in wanted_by_key.items():
            actual = context.get(key)
            is_like = operator.endswith("Like")
            is_hit = actual is not None and any(
                fnmatch.fnmatchcase(actual, one) if is_like else actual == one for one in _listed(wanted)
            )
            # A negated operator holds for a key that the request does not carry, as in IAM.
            if is_hit == (operator in NEGATIVE_OPERATORS):
                return False
    return True


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
