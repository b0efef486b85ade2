"""From real video files to results, as a user would: fit, test and classify on the clips of the workplace."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from zsar.lightning_modules.command_line.cli import main

pytestmark = pytest.mark.slow

CLASSES = {
    "people at home": ("arm_wrestling.mp4", "apply_eye_makeup.avi", "flipping_a_pancake.mkv", "corrupted.mp4"),
    "test picture": ("test_pattern_hevc_720p.mp4", "av1_360p.mkv", "hevc_10bit.mp4"),
}


@pytest.fixture
def folder(shared_clips: Path, tmp_path: Path) -> Path:
    for name, clips in CLASSES.items():
        (tmp_path / "clips" / name).mkdir(parents=True)
        for clip in clips:
            shutil.copy(shared_clips / clip, tmp_path / "clips" / name / clip)
    return tmp_path / "clips"


def test_a_folder_of_real_clips_is_trained_and_tested_on_and_the_corrupted_one_is_named(
    folder: Path, tmp_path: Path, tiny_weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(folder, tmp_path / "tested")
    data = {
        "train": str(folder),
        "test": str(tmp_path / "tested"),
        "clips": {"n_frames": 4, "image_size": 32},
        "split": {"held_out_fraction": 0.0},
        "loading": {"batch_size": 4, "n_workers": 1},
    }
    model = {"backbone": {"architecture": "tiny-clip", "weights": str(tiny_weights)}, "n_frames": 4}
    content = {
        "run_dir": str(tmp_path / "run"),
        "model": {"class_path": "zsar.lightning_modules.t2l.T2L", "init_args": model},
        "data": {"class_path": "zsar.datamodules.data_sets.VideoFolder", "init_args": data},
        "trainer": {"accelerator": "cpu", "max_epochs": 2, "enable_progress_bar": False},
        "checkpoint": {"monitor": None},
    }
    config = tmp_path / "experiment.yaml"
    config.write_text(yaml.safe_dump(content))
    with pytest.warns(UserWarning, match=r"replaced by another clip in training: .*corrupted\.mp4"):
        assert main(["fit", "--config", str(config)]) == 0
    last = str(tmp_path / "run" / "checkpoints" / "last.ckpt")
    capsys.readouterr()
    assert main(["test", "--config", str(config), "--ckpt_path", last]) == 1
    assert "corrupted.mp4" in capsys.readouterr().err
    counting = ["--data.loading.on_decode_error", "count_as_wrong"]
    assert main(["test", "--config", str(config), "--ckpt_path", last, *counting]) == 0
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    counts = {name: results["sets"]["test"][name] for name in ("n_listed", "n_evaluated", "n_failed")}
    assert counts == {"n_listed": 7, "n_evaluated": 6, "n_failed": 1}
    assert len(results["undecodable"]) == 1
    assert "corrupted.mp4" in results["undecodable"][0]


def test_real_clips_are_classified_and_the_corrupted_one_is_named(
    folder: Path, tiny_weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny = ["--architecture", "tiny-clip", "--weights", str(tiny_weights)]
    names = ["--classes", "arm wrestling,cooking,a test picture"]
    assert main(["classify", str(folder), *names, *tiny, "--json", "--clips", "2"]) == 1
    printed = capsys.readouterr()
    answers = {Path(answer["path"]).name: answer for answer in json.loads(printed.out)}
    assert len(answers) == 7
    assert {name for name, answer in answers.items() if answer["error"]} == {"corrupted.mp4"}
    assert "corrupted.mp4" in printed.err
