"""The measurement of docs/evidence.md runs, here with a few rows."""

from __future__ import annotations

from infra.bench.backup import measure


def test_a_backup_and_its_drill_are_measured(tmp_path, capsys):
    assert measure(rows=200, folder=tmp_path) == 0
    said = capsys.readouterr().out
    assert said.count("202 documents in") == 2
    assert "violations 0" in said
    assert "bytes packed" in said
