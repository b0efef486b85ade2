import json
from pathlib import Path
from typing import Any

import pytest
import torch

from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.t2l.t2l import T2L
from zsar.lightning_modules.training.checkpoints import pack_checkpoint


@pytest.fixture
def classify(tiny_weights: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the command with the tiny CLIP; gives the exit status, standard output and standard error."""

    def run(*arguments: object, model: bool = True) -> tuple[int, str, str]:
        tiny = ["--architecture", "tiny-clip", "--weights", str(tiny_weights)] if model else []
        status = main(["classify", *map(str, arguments), *tiny])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


def test_a_table_ranks_the_names_of_each_video(classify: Any, video_tree: Path) -> None:
    status, out, _ = classify(video_tree / "red dance" / "0.mp4", "--classes", "red, green , blue", "--top-k", 2)
    assert status == 0
    rows = [line for line in out.splitlines() if "%" in line]
    assert len(rows) == 2
    assert "0.mp4" in out


def test_json_has_all_probabilities_which_sum_to_one(classify: Any, video_tree: Path) -> None:
    _, out, _ = classify(video_tree / "red dance" / "0.mp4", "--classes", "red,green,blue", "--json")
    (answer,) = json.loads(out)
    assert list(answer["probabilities"]) == sorted(answer["probabilities"], key=lambda n: -answer["probabilities"][n])
    assert set(answer["probabilities"]) == {"red", "green", "blue"}
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert answer["answer"] == next(iter(answer["probabilities"]))
    assert answer["error"] is None


def test_folders_and_patterns_are_expanded_and_each_video_is_taken_once(classify: Any, video_tree: Path) -> None:
    pattern = video_tree / "*" / "1.mp4"
    _, out, _ = classify(video_tree / "red dance", pattern, "--classes", "red,blue", "--json")
    paths = [Path(answer["path"]).relative_to(video_tree).as_posix() for answer in json.loads(out)]
    red = [f"red dance/{i}.mp4" for i in range(5)]
    assert paths == [*red, "blue dance/1.mp4", "green dance/1.mp4", "white dance/1.mp4"]


def test_the_threshold_answers_none_of_these(classify: Any, video_tree: Path) -> None:
    video = video_tree / "red dance" / "0.mp4"
    _, out, _ = classify(video, "--classes", "red,blue", "--threshold", 1, "--json")
    (answer,) = json.loads(out)
    assert answer["answer"] == "none of these"
    assert len(answer["probabilities"]) == 2


def test_a_broken_video_is_named_and_the_others_are_classified(classify: Any, video_tree: Path) -> None:
    broken = video_tree / "red dance" / "2.mp4"
    broken.write_bytes(b"no video")
    status, out, err = classify(video_tree / "red dance", "--classes", "red,blue", "--json")
    assert status == 1
    answers = {Path(answer["path"]).name: answer for answer in json.loads(out)}
    assert answers["2.mp4"]["answer"] is None
    assert "2.mp4" in answers["2.mp4"]["error"]
    assert all(answers[f"{i}.mp4"]["answer"] in ("red", "blue") for i in (0, 1, 3, 4))
    assert "not classified:" in err
    assert "2.mp4" in err


def test_a_trained_checkpoint_decides_about_frames_by_itself(
    classify: Any, video_tree: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    model = T2L(backbone=TrainedClipSettings("tiny-clip", str(tiny_weights)), n_frames=4, temporal_token_std=1.0)
    checkpoint: dict[str, object] = {"state_dict": model.state_dict()}
    pack_checkpoint(model, checkpoint)
    torch.save(checkpoint, tmp_path / "model.ckpt")
    video = video_tree / "red dance" / "0.mp4"
    options = ("--classes", "red,blue", "--json", "--checkpoint", tmp_path / "model.ckpt")
    status, out, _ = classify(video, *options, model=False)
    assert status == 0
    _, plain, _ = classify(video, "--classes", "red,blue", "--json", "--frames", 4)
    assert json.loads(out)[0]["probabilities"] != json.loads(plain)[0]["probabilities"]
    status, _, err = classify(video, *options, "--frames", 6, model=False)
    assert status == 1
    assert "temporal tokens for 4 frames, but the clip has 6" in err


def test_names_come_from_a_file_and_descriptions_from_another(classify: Any, video_tree: Path, tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("red\n\nblue\n")
    (tmp_path / "d.json").write_text('{"red": "something red", "blue": "something blue"}')
    video = video_tree / "red dance" / "0.mp4"
    _, named, _ = classify(video, "--classes-file", tmp_path / "names.txt", "--json")
    _, described, _ = classify(
        video, "--classes-file", tmp_path / "names.txt", "--descriptions", tmp_path / "d.json", "--json"
    )
    probabilities = [json.loads(out)[0]["probabilities"] for out in (named, described)]
    assert set(probabilities[0]) == set(probabilities[1]) == {"red", "blue"}
    assert probabilities[0] != probabilities[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere.mp4", "--classes", "a,b"), "nowhere.mp4: no such file, no folder with videos, and no pattern"),
        (("{video}", "--classes", "a"), "at least 2 class names to choose from; got ['a']"),
        (("{video}", "--classes", "a,b", "--threshold", "2"), "--threshold must be at most 1; got 2.0"),
        (("{video}", "--classes", "a,b", "--frames", "0"), "--frames must be at least 1; got 0"),
        (("{video}", "--classes", "a,b", "--weights", "gone.pt"), "neither a file nor an open_clip tag"),
        (("{video}", "--classes", "a,b", "--checkpoint", "gone.ckpt"), "gone.ckpt cannot be read"),
    ],
)
def test_wrong_input_is_explained(
    arguments: tuple[str, ...], message: str, video_tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = str(video_tree / "red dance" / "0.mp4")
    assert main(["classify", *(a.format(video=video) for a in arguments)]) == 1
    assert message in capsys.readouterr().err


def test_weights_that_cannot_be_fetched_are_explained(video_tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", str(video_tree / "red dance" / "0.mp4"), "--classes", "red,blue"]) == 1
    complaint = capsys.readouterr().err
    assert "the weights 'openai' of ViT-B-16-quickgelu could not be loaded" in complaint
    assert "--weights FILE" in complaint
