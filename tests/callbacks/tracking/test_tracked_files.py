from __future__ import annotations

from pathlib import Path

import pytest

from zsar.callbacks.tracking.tracked_files import artifact_name, checkpoint_files, picture_files, result_files
from zsar.lightning_modules.run_folders.picture_files import Picture, replace_pictures


def test_results_of_a_stage_come_with_their_tables_and_no_others(tmp_path: Path) -> None:
    for name in ("results.json", "results_validate.json", "predictions_base.csv", "predictions_val.csv", "notes.txt"):
        (tmp_path / name).touch()
    assert list(result_files(tmp_path, "test", ["base", "novel"]).files) == ["results.json", "predictions_base.csv"]
    assert list(result_files(tmp_path, "validate", ["val"]).files) == ["results_validate.json", "predictions_val.csv"]
    assert result_files(tmp_path, "predict", ["predict"]).files == {}


def test_what_belongs_to_pictures_is_there_once(tmp_path: Path) -> None:
    """The PNG files are logged as pictures; the artifact has the rest, of this stage only."""
    pictures = []
    for stage in ("test", "validate"):
        files = {"picture": f"mistakes/{stage}/1.png", "numbers": f"mistakes/{stage}/1.json", "video": "gone.mp4"}
        pictures.append(Picture("mistakes", stage, "base", "t", "a", files))
        for name in list(files.values())[:2]:
            (tmp_path / "pictures" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "pictures" / name).touch()
        replace_pictures(tmp_path, pictures[-1:], kind="mistakes", stage=stage)
    name = "mistakes/test/1.json"
    assert picture_files(tmp_path, "test").files == {name: tmp_path / "pictures" / name}
    assert picture_files(tmp_path / "without", "test").files == {}


def test_checkpoints_are_those_of_the_folder(tmp_path: Path) -> None:
    for name in ("best.ckpt", "last.ckpt", ".best.unfinished.ckpt"):
        (tmp_path / name).touch()
    assert list(checkpoint_files(tmp_path).files) == ["best.ckpt", "last.ckpt"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("t2l/seed0 test", "t2l-seed0-test-results"),
        ("Läufe/动作 test", "L-ufe-test-results"),
        ("../x test", "x-test-results"),
        ("y" * 500, f"{'y' * 120}-results"),
    ],
)
def test_names_of_artifacts_are_those_that_wandb_takes(name: str, expected: str) -> None:
    import wandb

    assert artifact_name(name, "results") == expected
    wandb.Artifact(artifact_name(name, "results"), type="results")  # raises where a name is not allowed
