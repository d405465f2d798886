"""The documents agree with the code: links lead somewhere, paths and parameters exist, nothing is left unsaid."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from infra.local.serverless_file import function_values, load_yaml, read_service
from infra.ops.payouts.command import REMEDIES
from tests.docs.documents import DOCUMENTS, PROJECT, name_of

PATHS = set(json.loads((PROJECT / "infra/openapi.json").read_text())["paths"])
HANDBOOK = [document for document in DOCUMENTS if document.name != "api.md"]
REQUIRED_SUBJECTS = (
    "Deploy and roll back", "Oracle", "Admin", "Bot token", "Battle seed", "Database credentials", "Outages",
    "Another region", "The database is lost", "The vault", "Claims", "Ledger violation", "Economy exploit",
    "Backups", "Day one",
)  # fmt: skip


def anchors_of(text: str) -> set[str]:
    """Headings as GitHub makes anchors of them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def dead_links(document: Path) -> list[str]:
    text = re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)
    dead = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (anchor and anchor not in anchors_of(target.read_text())):
            dead.append(link)
    return dead


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_link_leads_somewhere(document: Path) -> None:
    assert dead_links(document) == []


def test_a_dead_link_is_noticed(tmp_path: Path) -> None:
    document = tmp_path / "some.md"
    document.write_text("# Here\n[a](#here) [b](#there) [c](gone.md)")
    assert dead_links(document) == ["#there", "gone.md"]


@pytest.mark.parametrize("document", HANDBOOK, ids=name_of)
def test_every_path_of_the_api_that_is_named_is_served(document: Path) -> None:
    named = re.findall(r"(?:(?:GET|POST|PUT|PATCH|DELETE) |\$API)(/[a-zA-Z/<>{}_.-]+)", document.read_text())
    served = [re.sub(r"\{[^}]+\}", "[^/]+", path) for path in PATHS]
    wrong = [path for path in named if not any(re.fullmatch(each, path.rstrip(".")) for each in served)]
    assert wrong == []


@pytest.mark.parametrize("document", HANDBOOK, ids=name_of)
def test_every_file_that_is_named_is_there(document: Path) -> None:
    named = re.findall(r"`((?:docs|functions|infra|shared|tests)/[\w./-]+)`", document.read_text())
    built = ("infra/deploy/node_modules",)
    gone = [path for path in named if not path.startswith(built) and not (PROJECT / path).exists()]
    assert gone == []


def test_deployment_names_exactly_the_parameters_the_functions_read() -> None:
    values = function_values(PROJECT / "serverless.yml", stage="prod")
    prefix = "ssm:/arena/prod/"
    read = {
        str(value).removeprefix(prefix)
        for settings in values.values()
        for value in settings.values()
        if str(value).startswith(prefix)
    }
    _, _, after = (PROJECT / "docs/deployment.md").read_text().partition("## 4. The parameters")
    rows = [line for line in after.partition("\n## ")[0].splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`([\w/]+)`", row.split("|")[1])}
    assert named == read


@pytest.mark.parametrize("subject", REQUIRED_SUBJECTS)
def test_the_runbook_has_a_section_for_each_situation(subject: str) -> None:
    text = (PROJECT / "docs/runbook.md").read_text()
    assert re.search(rf"^#+ {subject}", text, re.MULTILINE)


def test_the_runbook_says_what_to_do_about_every_difference_that_is_named() -> None:
    rows = re.findall(r"^ *\| `(\w+)` \|", (PROJECT / "docs/runbook.md").read_text(), re.MULTILINE)
    assert set(REMEDIES) <= set(rows)


def test_deployment_names_what_the_functions_reserve() -> None:
    reserved = {
        stage: sum(each.reserved_concurrency or 0 for each in functions.values())
        for stage in ("dev", "staging", "prod")
        for functions in [read_service(PROJECT / "serverless.yml", stage=stage).functions]
    }
    said = f"reserve {reserved['dev']} concurrent executions at `dev` and `staging` and {reserved['prod']} at `prod`"
    assert reserved["dev"] == reserved["staging"]
    assert said in (PROJECT / "docs/deployment.md").read_text()


def test_the_documents_tell_the_truth_about_addresses_in_logs() -> None:
    """The gateway's access log has them, and every page that speaks of it says so."""
    provider = load_yaml(PROJECT / "serverless.yml")["provider"]
    assert "$context.identity.sourceIp" in provider["logs"]["httpApi"]["format"]
    assert "each request's `ip`" in (PROJECT / "docs/monitoring.md").read_text()
    assert (
        "| clients' IP addresses | the gateway's access log alone"
        in (PROJECT / "docs/security.md").read_text()
    )
