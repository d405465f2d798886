"""`./arena oracle restore-policy`: the claim key in use under the template's policy again, and nobody's grant on it.

A deployment cannot do that: CloudFormation writes no resource that did not change in the template, and a key
made by a rotation is in no template at all.
"""

from __future__ import annotations

from contextlib import closing

from infra.local.claim_key import claim_key_request
from infra.ops.oracle.aws_calls import asking_aws
from infra.ops.oracle.claim_keys import ClaimKeys
from infra.ops.oracle.telling import say_error
from infra.ops.preflight.deployed_stage import deployed_stage
from infra.ops.preflight.stage import StageUnderCheck
from shared.config.claim_parts import KmsOracleKey
from shared.domain.errors import ArenaError, Refused


def run_restore_policy(stage_name: str) -> int:
    """0 when policy and grants are as they should be, 2 when AWS or we refused; repeating it is harmless."""
    try:
        key_id, revoked = restore_policy(deployed_stage(stage_name))
    except ArenaError as error:
        say_error(f"{error}; repeat the command: each part of it may be done again")
        return 2
    print(f"the key {key_id} has the template's policy; no grant is left on it")
    for grant in revoked:
        print(f"revoked: {grant}")
    return 0


def restore_policy(stage: StageUnderCheck) -> tuple[str, list[str]]:
    """The key's id, and the grants that were ended. Raises Refused `nothing_to_restore` where no key is in KMS."""
    key = stage.signer().oracle_key
    if not isinstance(key, KmsOracleKey):
        raise Refused("this stage has no claim key in KMS", code="nothing_to_restore")
    with asking_aws("name the signer's role"):
        role = stage.signer_role()
    request = claim_key_request(stage.project / "infra/aws/kms.yml", signer_role_arn=role)
    with closing(stage.aws("kms")) as kms:
        keys = ClaimKeys(
            kms,
            request=request,
            alias=f"alias/{stage.service.deployed_name('claim')}",
            stage=stage.name,
        )
        key_id = keys.real_id(key.key_id)  # a policy is put by id, and a setting may name the alias
        return key_id, keys.restore_policy(key_id)
