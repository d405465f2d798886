"""What EventBridge would hear through CloudTrail of a call that changed a key, an alias or a grant.

Source of the form: KMS developer guide, "Logging AWS KMS API calls with AWS CloudTrail" (PutKeyPolicy), in the
envelope of "AWS service events delivered via AWS CloudTrail".
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any, Final

from infra.local.kms_call import Answer, KmsCall
from infra.local.kms_refusal import KmsRefusal

READS: Final = frozenset(
    {
        *("DescribeKey", "GetKeyPolicy", "GetPublicKey", "ListAliases", "ListGrants", "ListKeys"),
        *("Sign", "Verify"),  # management events too, and read-only ones, which EventBridge is not sent
    }
)


def trail_event(call: KmsCall, answer: Answer, *, at_s: float) -> dict[str, Any]:
    """The event of a call that was answered; `resources` names the key by its ARN, whatever the call called it."""
    account = call.keyring.account
    at = datetime.fromtimestamp(at_s, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    kind, _, name = call.principal.split(":", 5)[5].partition("/")
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.kms",
        "account": account.number,
        "time": at,
        "region": account.region,
        "resources": [],
        "detail": {
            "eventVersion": "1.08",
            "userIdentity": {
                "type": {"root": "Root", "role": "AssumedRole"}.get(kind, "IAMUser"),
                "principalId": name or account.number,
                "arn": call.principal,
                "accountId": account.number,
            },
            "eventTime": at,
            "eventSource": "kms.amazonaws.com",
            "eventName": call.operation,
            "awsRegion": account.region,
            "sourceIPAddress": "127.0.0.1",
            "requestParameters": {
                field[0].lower() + field[1:]: value for field, value in call.body.items() if field != "Policy"
            },
            "responseElements": None,
            "requestID": str(uuid.uuid4()),
            "eventID": str(uuid.uuid4()),
            "readOnly": False,
            "resources": [
                {"accountId": account.number, "type": "AWS::KMS::Key", "ARN": arn}
                for arn in _keys_of(call, answer)
            ],
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": account.number,
            "eventCategory": "Management",
        },
    }


def _keys_of(call: KmsCall, answer: Answer) -> list[str]:
    made = answer.get("KeyMetadata", {}).get("KeyId")
    named = [made, *(call.body.get(field) for field in ("KeyId", "TargetKeyId"))]
    found = []
    for key_id in filter(None, named):
        try:
            found.append(call.keyring.arn(call.keyring.find(key_id)))
        except KmsRefusal:  # an alias that is gone now
            continue
    return found
