import json
from pathlib import Path

import pytest

from tests.makers.models.saved_models import saved, small_t2l
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.command_line.share import share
from zsar.lightning_modules.recognition.loading import load_recognizer


@pytest.fixture
def checkpoint(tmp_path: Path, tiny_weights: Path) -> Path:
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    return saved(small_t2l(tiny_weights), tmp_path / "run" / "checkpoints")


def write_results(path: Path, weights_hash: str | None) -> None:
    content = {"sets": {"test": {"top1": 61.5, "top5": 90.0, "n_evaluated": 12}}}
    path.write_text(json.dumps({**content, "model": {"checkpoint_weights_hash": weights_hash}}))


def test_a_run_becomes_a_folder_with_the_figures_of_its_test(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = load_recognizer(checkpoint).checkpoint_weights_hash
    write_results(tmp_path / "run" / "results.json", weights)
    folder = tmp_path / "shared"
    assert main(["share", str(checkpoint), "--output", str(folder)]) == 0
    assert "the test is in it" in " ".join(capsys.readouterr().out.split())
    assert "| test | 61.50 | 90.00 | 12 |" in (folder / "README.md").read_text()
    assert load_recognizer(folder).checkpoint_weights_hash == weights
    assert main(["share", str(checkpoint), "--output", str(folder)]) == 1
    assert "has content already" in capsys.readouterr().err
    assert main(["share", str(checkpoint), "--output", str(folder), "--force", "--without-backbone"]) == 0
    assert not (folder / "backbone.safetensors").exists()


def test_results_of_other_weights_are_no_figures_of_this_model(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "run" / "results.json"
    write_results(results, "0123")
    assert main(["share", str(checkpoint), "--output", str(tmp_path / "a")]) == 0
    assert "Not tested." in (tmp_path / "a" / "README.md").read_text()
    assert main(["share", str(checkpoint), "--output", str(tmp_path / "b"), "--results", str(results)]) == 1
    assert "is of other weights (hash 0123)" in capsys.readouterr().err
    assert not (tmp_path / "b").exists()


def test_a_folder_is_written_before_it_is_uploaded_and_kept_if_that_fails(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[tuple[set[str], str, bool | None]] = []

    def upload(folder: Path, repository: str, *, private: bool | None) -> str:
        seen.append(({path.name for path in folder.iterdir()}, repository, private))
        if repository == "gone":
            raise OSError("no connection")
        return "https://huggingface.co/me/name/commit/1"

    monkeypatch.setattr(share, "uploaded", upload)
    folder = tmp_path / "shared"
    command = ["share", str(checkpoint), "--output", str(folder), "--force"]
    assert main([*command, "--push", "me/name"]) == 0
    assert "uploaded to https://huggingface.co/me/name/commit/1" in " ".join(capsys.readouterr().out.split())
    assert main([*command, "--push", "gone", "--private"]) == 1
    assert "is written, but not uploaded to gone: OSError: no connection; log in with" in capsys.readouterr().err
    files = {"README.md", "backbone.safetensors", "config.json", "model.safetensors"}
    assert seen == [(files, "me/name", None), (files, "gone", True)]
    assert (folder / "model.safetensors").is_file()
