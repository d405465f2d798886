"""Our signatures against botocore's: the same headers for the same request, whatever is in it."""

from __future__ import annotations

from datetime import UTC, datetime

import botocore.auth
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.aws_signature import CONTENT_TYPE, AwsCredentials, signed_headers

WORDS = st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)


def botocores(
    host: str,
    *,
    service: str,
    region: str,
    target: str,
    payload: bytes,
    credentials: AwsCredentials,
    now_s: float,
) -> dict[str, str]:
    request = AWSRequest(
        "POST", f"https://{host}/", {"Content-Type": CONTENT_TYPE, "X-Amz-Target": target}, payload
    )
    moment = datetime.fromtimestamp(now_s, tz=UTC)
    token = credentials.token or None
    with pytest.MonkeyPatch.context() as patch:  # botocore takes the time from its own module only
        patch.setattr(botocore.auth, "get_current_datetime", lambda: moment)
        SigV4Auth(Credentials(credentials.key_id, credentials.secret, token), service, region).add_auth(
            request
        )
    return {name.lower(): value for name, value in request.headers.items()}


@given(
    service=st.sampled_from(["ssm", "secretsmanager"]),
    region=st.sampled_from(["eu-central-1", "us-east-1", "ap-southeast-3"]),
    target=WORDS,
    payload=st.binary(max_size=200),
    key_id=WORDS,
    secret=st.text(min_size=1, max_size=60),
    token=st.one_of(st.just(""), WORDS),
    now_s=st.floats(min_value=0, max_value=4e9),
)
def test_a_signature_equals_botocores(service, region, target, payload, key_id, secret, token, now_s) -> None:
    request = {
        "service": service,
        "region": region,
        "target": target,
        "payload": payload,
        "credentials": AwsCredentials(key_id, secret, token),
        "now_s": now_s,
    }
    host = f"{service}.{region}.amazonaws.com"
    ours, theirs = signed_headers(host, **request), botocores(host, **request)
    assert ours["authorization"] == theirs["authorization"]
    assert {name: ours[name] for name in theirs} == theirs


def test_credentials_show_neither_secret_nor_token() -> None:
    assert "fake" not in repr(AwsCredentials("AKIA", "fake-secret", "fake-token"))
