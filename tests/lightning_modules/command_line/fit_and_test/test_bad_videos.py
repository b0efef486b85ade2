"""One rule over every command that reads videos: a bad file is named in a line, and the others are kept.

No traceback, and an exit status of 1 where what was asked for is not there: 0 in training and of held-out clips, where
others take their part.
"""

from __future__ import annotations

import csv
import json
import logging
import os
import re
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.makers.videos.bad_videos import BAD, spoil
from zsar.datamodules.video_files.streaming import StreamedVideos
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.run_folders.run_folder import DETECTION_FILES

UNTRAINED = ("--ckpt_path", "none")
MOST_LINES = 30  # of a traceback of a worker there are more, each long


def said(capsys: pytest.CaptureFixture[str], bad: list[Path]) -> str:
    """What a command printed, which must name each bad file and hold no traceback."""
    captured = capsys.readouterr()
    assert "Traceback" not in captured.out + captured.err
    assert len(captured.err.splitlines()) < MOST_LINES
    flat = "".join((captured.out + captured.err).split())  # tables break long paths
    for path in bad:
        assert path.name in flat, f"{path.name} is not named"
    return captured.out + captured.err


@pytest.fixture(autouse=True)
def _no_tracebacks_of_pytest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lightning's logger writes into the captured stream of an earlier test, which pytest has closed."""
    monkeypatch.setattr(logging, "raiseExceptions", False)


@pytest.fixture
def good(video_tree: Path) -> Path:
    return video_tree / "red dance" / "0.mp4"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "folder"


def rows(path: Path) -> dict[str, dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return {row["video"]: row for row in csv.DictReader(file)}


def assert_rows_of_others_are_kept(table: dict[str, dict[str, str]], bad: list[Path]) -> None:
    for path in bad:
        (row,) = [row for video, row in table.items() if video.endswith(path.name)]
        assert (row["decoded"], row["prediction"], row["probability"]) == ("no", "", "")
        assert path.name in row["problem"]
    others = [row for row in table.values() if row["decoded"] == "yes"]
    assert len(others) == len(table) - len(bad)
    assert all(row["prediction"] and not row["problem"] for row in others)


# --- recognizers: fit, validate, test, predict, in a worker process ---------------------------------------------------


@pytest.fixture
def with_workers(experiment: Path) -> Path:
    """The experiment with videos decoded in a worker process, whose errors torch would make tracebacks of."""
    content = yaml.safe_load(experiment.read_text())
    content["data"]["init_args"]["loading"]["n_workers"] = 1
    content["trainer"]["max_epochs"] = 1
    experiment.write_text(yaml.safe_dump(content))
    return experiment


def listed(path: Path, videos: list[Path]) -> str:
    path.write_text("path,label\n" + "".join(f"{video},red dance\n" for video in videos))
    return str(path)


def test_predict_keeps_the_others_and_says_why(
    tmp_path: Path, with_workers: Path, folder: Path, good: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = [*spoil(folder, good), folder / "gone.mp4"]
    videos = listed(tmp_path / "videos.csv", [folder / "good.mp4", *bad])
    assert main(["predict", "--config", str(with_workers), "--data.predict", videos, *UNTRAINED]) == 1
    assert f"{len(bad)} videos could not be decoded; the others are predicted" in said(capsys, bad)
    table = rows(tmp_path / "run" / "predictions.csv")
    assert len(table) == 1 + len(bad)
    assert_rows_of_others_are_kept(table, bad)


def test_a_test_names_what_cannot_be_opened_before_the_work(
    tmp_path: Path, with_workers: Path, folder: Path, good: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = [path for path in spoil(folder, good) if path.name != "damaged.mp4"] + [folder / "gone.mp4"]
    videos = listed(tmp_path / "videos.csv", [folder / "good.mp4", *bad])
    command = ["test", "--config", str(with_workers), "--data.test", videos, *UNTRAINED]
    assert main(command) == 1
    complaint = said(capsys, bad)
    assert (
        f"{len(bad)} of {len(bad) + 1} files of the set 'test' cannot be opened, so that nothing was tested"
        in complaint
    )
    assert "--data.loading.on_decode_error count_as_wrong" in complaint
    assert not list((tmp_path / "run").rglob("*.json"))
    assert not list((tmp_path / "run").rglob("predictions*.csv"))


def test_a_test_that_meets_a_bad_video_later_keeps_the_others_but_gives_no_figure(
    tmp_path: Path, with_workers: Path, folder: Path, good: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = spoil(folder, good, unopenable=False)
    videos = listed(tmp_path / "videos.csv", [folder / "good.mp4", *bad])
    command = ["test", "--config", str(with_workers), "--data.test", videos, *UNTRAINED]
    assert main(command) == 1
    complaint = said(capsys, bad)
    assert "1 video could not be decoded, so there is no result for the whole set" in complaint
    assert "%" not in complaint
    assert "--data.loading.on_decode_error count_as_wrong" in complaint
    assert_rows_of_others_are_kept(rows(tmp_path / "run" / "predictions_test.csv"), bad)
    assert not (tmp_path / "run" / "results.json").exists()
    logged = "".join(path.read_text() for path in (tmp_path / "run" / "csv").rglob("*.csv"))
    assert "top1" not in logged
    assert main([*command, "--data.loading.on_decode_error", "count_as_wrong"]) == 0
    (of_set,) = json.loads((tmp_path / "run" / "results.json").read_text())["sets"].values()
    assert (of_set["n_listed"], of_set["n_evaluated"], of_set["n_failed"]) == (2, 1, 1)


def test_held_out_clips_that_cannot_be_decoded_are_left_out_and_counted(
    tmp_path: Path, with_workers: Path, video_tree: Path, good: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("red dance", "green dance"):
        spoil(video_tree / name, good)
    half = ["--data.split.held_out_fraction", "0.5", "--data.test", str(video_tree)]
    assert main(["fit", "--config", str(with_workers), *half]) == 0
    named = re.findall(r"left out of the held-out clips: .*/(\S+\.mp4): ", said(capsys, []))
    assert named
    assert set(named) <= BAD.keys()
    assert (tmp_path / "run" / "checkpoints" / "best.ckpt").is_file()
    (log,) = (tmp_path / "run" / "csv").rglob("metrics.csv")
    with log.open(newline="") as file:
        last = [row for row in csv.DictReader(file) if row["val/n_failed"]][-1]
    n_failed, n_evaluated = float(last["val/n_failed"]), float(last["val/n_evaluated"])
    assert n_failed == len(named)
    assert main(["validate", "--config", str(with_workers), *half]) == 0
    assert "left out:" in said(capsys, [])
    (path,) = (tmp_path / "run").glob("results*.json")
    (of_set,) = json.loads(path.read_text())["sets"].values()
    assert (of_set["n_failed"], of_set["n_evaluated"]) == (n_failed, n_evaluated)


def test_training_on_nothing_but_bad_videos_ends_in_a_line(
    tmp_path: Path, with_workers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = listed(tmp_path / "videos.csv", [tmp_path / f"{i}.mp4" for i in range(8)])
    classes = ["--data.classes", "[red dance, blue dance]", "--data.split.held_out_fraction", "0"]
    train = ["--data.train", gone, "--data.test", gone, *classes, "--checkpoint.monitor", "null"]
    assert main(["fit", "--config", str(with_workers), *train]) == 1
    assert "zsar fit: error: 10 videos in a row could not be decoded; is the data root right?" in said(capsys, [])


# --- localizers -------------------------------------------------------------------------------------------------------


def untrimmed(folder: Path, weights: Path, run_dir: Path) -> list[str]:
    model = {"backbone": {"architecture": "tiny-clip", "weights": str(weights)}, "threshold": 0.3}
    data = {"videos": str(folder), "classes": ["red dance", "blue dance"], "loading": {"batch_size": 3}}
    content: dict[str, Any] = {
        "run_dir": str(run_dir),
        "model": {"class_path": "zsar.lightning_modules.localization.frame_wise.FrameWiseCLIP", "init_args": model},
        "data": {"class_path": "zsar.datamodules.data_sets.UntrimmedFiles", "init_args": data},
        "trainer": {"accelerator": "cpu", "devices": 1, "enable_progress_bar": False, "logger": False},
    }
    path = run_dir.with_suffix(".yaml")
    path.write_text(yaml.safe_dump(content))
    return ["--config", str(path)]


@pytest.mark.parametrize("command", ["predict", "test"])
def test_a_localizer_keeps_the_others(
    command: str, tmp_path: Path, tiny_weights: Path, folder: Path, good: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = spoil(folder, good)
    options = untrimmed(folder, tiny_weights, tmp_path / "run")
    if command == "test":
        instance = {"segment": [0.0, 1.0], "label": "red dance"}
        entries = {path.stem: {"duration_second": 1.5, "annotations": [instance]} for path in folder.glob("*.mp4")}
        (tmp_path / "annotations.json").write_text(json.dumps(entries))
        options += ["--data.annotations", str(tmp_path / "annotations.json")]
    assert main([command, *options]) == 1
    text = said(capsys, bad)
    assert f"{len(bad)} videos could not be decoded" in text
    content = json.loads((tmp_path / "run" / DETECTION_FILES[command]).read_text())
    (of_set,) = content["sets"].values()
    assert list(of_set["results"]) == ["good"]
    assert set(content["failed"]) == {path.stem for path in bad}
    assert not (tmp_path / "run" / "results.json").exists()
    if command == "test":
        assert "--data.videos" in text


# --- the other commands -----------------------------------------------------------------------------------------------


def test_classify_keeps_the_others(
    tiny_weights: Path, folder: Path, good: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = spoil(folder, good)
    model = ["--architecture", "tiny-clip", "--weights", str(tiny_weights), "--device", "cpu"]
    assert main(["classify", str(folder), "--classes", "a, b", "--json", *model]) == 1
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    assert all(path.name in captured.err for path in bad)
    answered = {Path(row["path"]).name: bool(row["answer"]) for row in json.loads(captured.out)}
    assert answered == {"good.mp4": True, **{path.name: False for path in bad}}


def test_localize_keeps_the_others(
    tmp_path: Path, tiny_weights: Path, folder: Path, good: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = spoil(folder, good)
    model = ["--architecture", "tiny-clip", "--weights", str(tiny_weights), "--device", "cpu", "--method", "frame-wise"]
    assert main(["localize", str(folder), "--classes", "a, b", *model, "--output", str(tmp_path / "found")]) == 1
    said(capsys, bad)
    assert sorted(path.name for path in (tmp_path / "found").iterdir()) == [
        "good.csv",
        "good.json",
        "good.png",
        "good.srt",
    ]


def test_extract_keeps_the_others(
    tmp_path: Path, tiny_weights: Path, folder: Path, good: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = spoil(folder, good)
    model = ["--architecture", "tiny-clip", "--weights", str(tiny_weights), "--device", "cpu", "--n-workers", "1"]
    assert main(["extract", str(folder), "--output", str(tmp_path / "features"), *model]) == 1
    said(capsys, bad)
    assert [path.name for path in (tmp_path / "features").iterdir()] == ["good.safetensors"]


def test_prepare_keeps_the_others(tmp_path: Path, folder: Path, good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = spoil(folder, good)
    assert main(["prepare", str(folder), str(tmp_path / "copy"), "--n-workers", "1"]) == 1
    said(capsys, bad)
    assert [path.name for path in (tmp_path / "copy").glob("*.mp4")] == ["good.mp4"]
    assert set(rows(tmp_path / "copy" / "failed_videos.csv")) == {path.name for path in bad}


def test_the_doctor_lists_them_for_exclusion(
    tmp_path: Path, video_tree: Path, good: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = spoil(video_tree / "red dance", good)
    data = ["--data", "zsar.datamodules.data_sets.VideoFolder", "--data.train", str(video_tree)]
    found = ["--decode", "all", "--n_workers", "1", "--output", str(tmp_path / "doctor")]
    assert main(["doctor", *data, *found]) == 1
    said(capsys, [])
    (table,) = (tmp_path / "doctor").glob("*.csv")
    assert {Path(video).name for video in rows(table)} == {path.name for path in bad}


def test_a_picture_shows_the_others(
    tmp_path: Path, with_workers: Path, folder: Path, good: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = spoil(folder, good, unopenable=False)
    videos = listed(tmp_path / "videos.csv", [folder / "good.mp4", *bad])
    counting = ["--data.loading.on_decode_error", "count_as_wrong", *UNTRAINED]
    assert main(["test", "--config", str(with_workers), "--data.test", videos, *counting]) == 0
    capsys.readouterr()
    output = tmp_path / "picture.png"
    assert main(["picture", str(tmp_path / "run"), "--set", "test", "--output", str(output)]) == 1
    said(capsys, bad)
    assert output.is_file()


def test_a_video_that_ends_its_decoder_is_one_problem_of_extract(
    tmp_path: Path,
    tiny_weights: Path,
    folder: Path,
    good: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder.mkdir()
    for name in ("a.mp4", "crashes.mp4", "z.mp4"):
        shutil.copy(good, folder / name)
    events = StreamedVideos._events

    def killed(self: StreamedVideos, video: int) -> Any:
        if "crashes" in str(self._paths[video]):
            os.kill(os.getpid(), signal.SIGKILL)
        return events(self, video)

    monkeypatch.setattr(StreamedVideos, "_events", killed)  # in workers, which are forks of this process
    model = ["--architecture", "tiny-clip", "--weights", str(tiny_weights), "--device", "cpu", "--n-workers", "2"]
    assert main(["extract", str(folder), "--output", str(tmp_path / "features"), *model]) == 1
    assert "not extracted: crashes.mp4: the process that decoded it died" in said(capsys, [])
    assert sorted(path.stem for path in (tmp_path / "features").iterdir()) == ["a", "z"]


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_video_changes_nothing_of_the_good_one(
    kind: str, tiny_weights: Path, folder: Path, good: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.mkdir()
    shutil.copy(good, folder / "good.mp4")
    BAD[kind](good, folder / kind)
    model = ["--architecture", "tiny-clip", "--weights", str(tiny_weights), "--device", "cpu", "--json"]
    assert main(["classify", str(folder / "good.mp4"), "--classes", "a, b", *model]) == 0
    (alone,) = json.loads(capsys.readouterr().out)
    assert main(["classify", str(folder / kind), str(folder / "good.mp4"), "--classes", "a, b", *model]) == 1
    captured = capsys.readouterr()
    failed, beside = json.loads(captured.out)
    assert beside == alone
    assert failed["answer"] is None
    assert failed["error"].startswith(str(folder / kind))
    assert captured.err.splitlines() == [f"not classified: {failed['error']}"]
