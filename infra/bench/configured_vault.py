"""Settings with a vault, as production has them, and a real local key service behind the signer's key.

The signer's are production's in every respect its readiness rules look at, because only then does it ask
the key service for the public key while it starts. A setting that names a local endpoint would be one of
the breaches; the SDK finds the endpoint in its own configuration file instead.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.bench.bare_exchange import Exchange
from infra.bench.function_settings import settings_of
from infra.local.claim_key import create_claim_key
from infra.local.endpoint_process import start_endpoint, stop_endpoint
from infra.local.local_settings import access_key_id, role_arn
from infra.local.serverless_file import ServiceSpec
from infra.local.supervisor import PROJECT

REGION: Final = "eu-central-1"


@dataclass(frozen=True, slots=True)
class ConfiguredVault:
    """`values` are the vault's settings, `signer` the signer's other ones, `sdk` what leads it to the key.

    `key_question` is the one question that the signer's start asks the key service.
    """

    values: Mapping[str, str]
    signer: Mapping[str, str]
    sdk: Mapping[str, str]
    key_question: Exchange

    def settings_of(self, function: str, known: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """As settings_of, with the vault; the signer's for production, the others' for the stage they had."""
        under = f"{function}-with-vault"
        if function != "signer":
            return settings_of(function, {**known, **self.values}, under=under)
        settings, behind = settings_of(function, {**known, **self.values, **self.signer}, under=under)
        return settings | dict(self.sdk), behind


@contextmanager
def configured_vault(service: ServiceSpec, folder: Path) -> Iterator[ConfiguredVault]:
    """The key service runs until the block ends, with the claim key under the policy AWS is given."""
    principal = f"{access_key_id('signer')}={role_arn(service, 'signer')}"
    kms = start_endpoint("infra.local.kms_endpoint", "--principal", principal, log=folder / "kms.log")
    try:
        key_id, public_key = create_claim_key(
            service, kms_url=kms.url, region=REGION, template=PROJECT / "infra/aws/kms.yml"
        )
        configuration = folder / "aws.config"
        configuration.write_text(
            f"[default]\nservices = local\n[services local]\nkms =\n  endpoint_url = {kms.url}\n"
        )
        yield ConfiguredVault(
            values={
                "ARENA_VAULT_ADDRESS": f"0:{secrets.token_hex(32)}",
                "AIBA_JETTON_MASTER": f"0:{secrets.token_hex(32)}",
                "ORACLE_PUBLIC_KEY_HEX": public_key.hex(),
                "AIBA_UNITS_PER_CREDIT": "1000000000",
            },
            signer={
                "APP_ENV": "prod",
                "STAGE": "prod",
                "TON_NETWORK": "-239",
                "MONGODB_URI": f"mongodb+srv://arena-signer:{secrets.token_hex(16)}@stage.example.net/?w=majority",
                "ORACLE_KMS_KEY_ID": key_id,
            },
            sdk={
                "AWS_LAMBDA_FUNCTION_NAME": "arena-prod-bench",
                "AWS_CONFIG_FILE": str(configuration),
                "AWS_ACCESS_KEY_ID": access_key_id("signer"),
                "AWS_SECRET_ACCESS_KEY": "local-fake-secret-access-key",
            },
            key_question=_key_question(kms.url, key_id),
        )
    finally:
        stop_endpoint(kms)


def _key_question(url: str, key_id: str) -> Exchange:
    credential = f"{access_key_id('signer')}/20000101/{REGION}/kms/aws4_request"
    return Exchange(
        url,
        verb="POST",
        body=json.dumps({"KeyId": key_id}),
        headers={
            "Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0",
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "TrentService.GetPublicKey",
        },
    )
