"""`zsar models`."""

import json
from pathlib import Path

import pytest

from tests.makers.models.changed_architectures import changed_config
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.command_line.models import listed_architectures, stored_rows


@pytest.fixture
def _stored(monkeypatch: pytest.MonkeyPatch) -> None:
    """The included table is read, whatever versions are installed."""
    monkeypatch.setattr(listed_architectures, "installed_versions", stored_rows.stored_versions)


@pytest.mark.usefixtures("_stored")
def test_a_part_of_the_table_is_printed_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = (tmp_path / "a.json", tmp_path / "b.md")
    assert main(["models", "ViT-B-16", "coca_", "--output", str(files[0]), "--output", str(files[1])]) == 0
    said = capsys.readouterr().out
    assert "ViT-B-16 " in said
    assert "coca_ViT-L-14" in said
    assert "SigLIP" not in said
    assert all(f"wrote {path}" in said for path in files)
    table = json.loads(files[0].read_text())
    assert [row["name"] for row in table["architectures"]] == [
        "coca_base", "coca_roberta-ViT-B-32", "coca_ViT-B-32", "coca_ViT-L-14", "ViT-B-16",
    ]  # fmt: skip
    assert files[1].read_text().startswith("# Architectures")


@pytest.mark.usefixtures("_stored")
def test_json_is_all_that_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "ViT-B-16", "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert set(table) == {"versions", "counted", "architectures"}
    (row,) = table["architectures"]
    assert row == json.loads(json.dumps(stored_rows.stored_rows()["ViT-B-16"].to_dict()))
    assert "openai" in row["tags"]


def test_a_config_of_one_s_own_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = changed_config(tmp_path / "mine.json", vision_cfg={"layers": 2})
    assert main(["models", str(config)]) == 0
    assert "yes" in capsys.readouterr().out


@pytest.mark.usefixtures("_stored")
def test_an_unknown_name_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "ViT-B-61"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("zsar models: error: no architecture is called 'ViT-B-61'; did you mean ")
