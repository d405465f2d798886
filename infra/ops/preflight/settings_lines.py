"""Settings: complete, distinct, kept where only functions read them, never plain in a template."""

from __future__ import annotations

import re
from typing import Any, Final

from infra.local.serverless_file import load_yaml
from infra.ops.operation_records import SECRETS_READABLE, OperationRecords
from infra.ops.preflight.lines import CannotTell, Line, must
from infra.ops.preflight.stage import StageUnderCheck
from shared.adapters.bcrypt_passwords import cost_of
from shared.config.declarations import BY_NAME, SETTINGS, VAULT_NAMES, VAULT_READERS, Kind
from shared.config.forms import texts
from shared.config.references import parse_reference
from shared.readiness import Finding, check_stage

LEAST_HASH_COST: Final = 12
_WAIT_FOR_THE_VAULT: Final = ("oracle_key_matches", "claims_complete")
_SECRET_SHAPE: Final = re.compile(
    r"\b[0-9a-f]{64}\b|\b[0-9]{8,12}:[A-Za-z0-9_-]{30,}|mongodb(\+srv)?://[^\s\"']*:[^\s\"']*@"
)


def settings_hold(stage: StageUnderCheck) -> str:
    """Every readiness rule of every function, and those over all of them."""
    if not stage.is_deployed:
        return settings_suffice_to_deploy(stage)
    findings = check_stage(stage.environments)
    errors = [finding for finding in findings if finding.severity == "error"]
    must(not errors, "; ".join(f"{finding.function} {finding.describe()}" for finding in errors))
    warnings = [finding.describe() for finding in findings]
    return "; ".join(["every rule holds", *(f"warning: {warning}" for warning in warnings)])


def settings_suffice_to_deploy(stage: StageUnderCheck) -> str:
    """The same rules, without those that wait for the claim key, which the stack makes, and for its vault.

    Nothing of the vault may be set before there is a key: it would be another key's.
    """
    names = [name for name in VAULT_NAMES if any(stage.text(function, name) for function in VAULT_READERS)]
    if not stage.is_deployed:
        must(not names, f"the first deployment makes the claim key: remove {', '.join(names)} until then")
        must(
            not stage.text("signer", "ORACLE_KMS_KEY_ID"),
            "signer ORACLE_KMS_KEY_ID is left from a former stack, and CloudFormation would not write it again:"
            " note the key it names and delete the parameter",
        )
    findings = check_stage(stage.environments)
    waiting = [] if names else [finding for finding in findings if _waits(finding, stage)]
    errors = [finding for finding in findings if finding.severity == "error" and finding not in waiting]
    must(not errors, "; ".join(f"{finding.function} {finding.describe()}" for finding in errors))
    return "every rule holds" if names else "every rule holds but the vault's: claims are off until it is set"


def _waits(finding: Finding, stage: StageUnderCheck) -> bool:
    is_key_missing = finding.rule == "one_oracle_key" or (
        finding.rule == "settings" and finding.settings == ("ORACLE_KMS_KEY_ID",)
    )
    return finding.rule in _WAIT_FOR_THE_VAULT or (is_key_missing and not stage.is_deployed)


def secret_store_answers(stage: StageUnderCheck) -> str:
    """Every reference leads to a value."""
    how = stage.secret_store()
    absent = [
        f"{function} {name}"
        for function, names in stage.references.items()
        for name in names
        if not stage.text(function, name) and BY_NAME[name].is_required
    ]
    must(not absent, f"nothing is behind the reference of {', '.join(absent)}")
    return how


def template_has_no_secret(stage: StageUnderCheck) -> str:
    """Secret settings are references in serverless.yml, and nothing in the templates looks like a secret."""
    files = [stage.project / "serverless.yml", *sorted((stage.project / "infra/aws").glob("*.yml"))]
    document = load_yaml(files[0])
    blocks = [document["provider"].get("environment", {})]
    blocks += [function.get("environment", {}) for function in document["functions"].values()]
    plain = {name for block in blocks for name, value in block.items() if _is_plain_secret(name, value)}
    must(not plain, f"serverless.yml holds a value instead of a reference: {', '.join(sorted(plain))}")
    suspicious = [path.name for path in files if _SECRET_SHAPE.search(path.read_text())]
    must(not suspicious, f"something that looks like a secret is in {', '.join(suspicious)}")
    return f"{len(files)} files, references only"


def _is_plain_secret(name: str, value: Any) -> bool:
    setting = BY_NAME.get(name)
    if setting is None or not setting.is_secret or isinstance(value, dict):
        return False
    return parse_reference(re.sub(r"\$\{[^}]*\}", "x", str(value))) is None


def admin_hash_is_slow(stage: StageUnderCheck) -> str:
    """A guess at the owner's password costs enough."""
    stored = stage.text("admin", "ADMIN_PASSWORD_HASH")
    must(stored.startswith("$2"), "ADMIN_PASSWORD_HASH is not bcrypt")
    cost = cost_of(stored)
    must(cost >= LEAST_HASH_COST, f"cost {cost}: make a new hash of cost {LEAST_HASH_COST} or more")
    return f"bcrypt, cost {cost}"


def secrets_are_unread(stage: StageUnderCheck) -> str:
    """Each secret is newer than the last moment a person could read it; of a pair, one is the former."""
    with stage.database() as database:
        record = OperationRecords(database).latest(SECRETS_READABLE)
    changed = stage.secrets_changed_ms()
    if record is None:
        raise CannotTell(
            "nobody recorded when a person could last read the secrets: preflight --secrets-readable"
        )
    old = sorted(name for name, changed_ms in changed.items() if changed_ms <= record.at_ms)
    must(not old, f"a person could read what is still in use: rotate {', '.join(old)}")
    begun = [
        setting.name
        for setting in SETTINGS
        if setting.kind is Kind.TEXT_PAIR and len(texts(stage.text(setting.held_by[0], setting.name))) > 1
    ]
    must(not begun, f"a former value still counts: finish the rotation of {', '.join(begun)}")
    return f"{len(changed)} secrets, all newer"


BEFORE_DEPLOYING: Final = Line("settings", "settings suffice to deploy", settings_suffice_to_deploy)
LINES: Final = (
    Line("settings", "settings complete and distinct", settings_hold),
    Line("secret_store", "secret store reachable", secret_store_answers),
    Line("template", "no secret in the templates", template_has_no_secret),
    Line("admin_hash", "admin password hash", admin_hash_is_slow),
    Line("secrets_unread", "secrets no person has read", secrets_are_unread, is_go_live=True),
)
