import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from zsar.datamodules.video_files.writing.encoding import write_video
from zsar.lightning_modules.command_line import drawn_copies
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


@pytest.fixture
def legible(tmp_path: Path) -> Path:
    """A folder of three videos that are large enough for text."""
    (tmp_path / "legible").mkdir()
    for i in range(3):
        frames = np.full((4, 96, 128, 3), 60 * i, np.uint8)
        write_video(tmp_path / "legible" / f"{i}.mp4", frames, frames_per_second=10)
    return tmp_path / "legible"


def test_answers_are_drawn_onto_copies_which_are_never_replaced_unasked(
    classify: Any, legible: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    (legible / "2.mp4").write_bytes(b"no video")
    asked = (legible, "--classes", "red,blue", "--draw", out, "--json")
    status, printed, err = classify(*asked)
    assert status == 1
    assert "2 copies with the answer on the frames" in err
    lines = {Path(line["path"]).name: line for line in json.loads(printed)}
    assert {name: line["drawn"] for name, line in lines.items()} == {
        "0.mp4": str(out / "0.drawn.mp4"),
        "1.mp4": str(out / "1.drawn.mp4"),
        "2.mp4": None,
    }
    before = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    assert sorted(before) == ["0.drawn.mp4", "1.drawn.mp4"]
    status, _, err = classify(*asked, "--weights", "gone.pt")
    assert (status, "0.drawn.mp4 is there already; give another --draw, or --force to replace it" in err) == (1, True)
    assert {path.name: path.stat().st_mtime_ns for path in out.iterdir()} == before
    assert classify(*asked, "--force")[0] == 1
    assert all(path.stat().st_mtime_ns > before[path.name] for path in out.iterdir())


def test_a_stopped_run_that_draws_is_resumed_with_its_copies(
    classify: Any, legible: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full at the third copy; with room, the same command draws what is missing and no more."""
    out, output = tmp_path / "out", tmp_path / "a.jsonl"
    asked = (legible, "--classes", "red,blue", "--draw", out, "--output", output)

    def full_at_the_third(*given: Any, **settings: Any) -> Any:
        if len(list(out.glob("*.mp4"))) == 2:
            raise OSError(28, "the copy could not be written: no space left")
        return drawn(*given, **settings)

    drawn = drawn_copies.draw
    monkeypatch.setattr(drawn_copies, "draw", full_at_the_third)
    status, _, err = classify(*asked)
    assert (status, "no space left" in err, output.exists()) == (1, True, False)
    monkeypatch.undo()
    before = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    assert sorted(before) == ["0.drawn.mp4", "1.drawn.mp4"]
    status, _, err = classify(*asked)
    assert (status, "2 of 3 videos are in" in err) == (0, True)
    assert len(list(out.iterdir())) == 3
    assert {name: (out / name).stat().st_mtime_ns for name in before} == before
    lines = [json.loads(line) for line in output.read_text().splitlines()]
    assert [line["drawn"] for line in lines] == [str(out / f"{i}.drawn.mp4") for i in range(3)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere.mp4", "--classes", "a,b"), "nowhere.mp4: no such file, no folder with videos, and no pattern"),
        (("{video}", "--classes", "a"), "at least 2 class names to choose from; got ['a']"),
        (("{video}", "--classes", "a,b", "--threshold", "2"), "--threshold must be at most 1; got 2.0"),
        (
            ("--embeddings", "e", "--classes", "a,b", "--draw", "o"),
            "--draw o draws onto videos; give the videos instead",
        ),
        (("{video}", "--classes", "a,b", "--draw", "{video}/o"), "--draw {video}/o: {video} is not a folder"),
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
    assert message.format(video=video) in capsys.readouterr().err


def test_weights_that_cannot_be_fetched_are_explained(video_tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", str(video_tree / "red dance" / "0.mp4"), "--classes", "red,blue"]) == 1
    complaint = capsys.readouterr().err
    assert "the weights 'openai' of ViT-B-16-quickgelu could not be loaded" in complaint
    assert "--weights FILE" in complaint
