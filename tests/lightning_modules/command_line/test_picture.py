import csv
import json
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from zsar.callbacks.pictures.figures import save_figure
from zsar.lightning_modules.command_line.cli import main

NAMES = ("red dance", "green dance", "blue dance")


def run_folder(path: Path, root: Path, predictions: tuple[str, ...], videos: tuple[str, ...] = NAMES) -> Path:
    path.mkdir()
    (path / "results.json").write_text(json.dumps({"data": {"roots": {"novel": str(root)}}}))
    with (path / "predictions_novel.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("path", "label", "prediction", "probability", "decoded"))
        for name, said in zip(videos, predictions, strict=True):
            writer.writerow((f"{name}/0.mp4", name, said, "0.5", "yes"))
    return path


def picture(*arguments: object) -> int:
    return main(["picture", *map(str, arguments)])


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are saved."""
    kept: list[Figure] = []

    def keep(figure: Figure, path: Path) -> Path:
        kept.append(figure)
        return save_figure(figure, path)

    monkeypatch.setattr("zsar.lightning_modules.command_line.picture.save_figure", keep)
    return kept


def texts_of(figure: Figure) -> list[str]:
    return [text.get_text() for axis in figure.axes for text in axis.texts]


def test_a_picture_has_a_row_for_each_video(tmp_path: Path, video_tree: Path) -> None:
    runs = [run_folder(tmp_path / name, video_tree, NAMES) for name in ("frozen", "t2l")]
    for count in (1, 2, 3):
        assert picture(*runs, "--count", count, "--output", tmp_path / f"{count}.png") == 0
    counts = (1, 2, 3)
    heights = [imread(tmp_path / f"{count}.png").shape[0] for count in counts]
    assert heights[2] - heights[1] == pytest.approx(heights[1] - heights[0], abs=1)
    assert heights[1] - heights[0] > 100


def test_a_picture_has_a_title_and_a_white_margin(tmp_path: Path, video_tree: Path, drawn: list[Figure]) -> None:
    run = run_folder(tmp_path / "t2l", video_tree, NAMES)
    assert picture(run, "--count", 2, "--output", tmp_path / "x.png") == 0
    assert [text.get_text() for text in drawn[0].texts] == ["2 of 3 videos of the set novel"]
    image = imread(tmp_path / "x.png")[..., :3]
    width = 15  # pixels: a tenth of an inch
    sides = (image[:width], image[-width:], image[:, :width], image[:, -width:])
    assert [float(side.min()) for side in sides] == [1.0] * 4


def test_videos_without_labels_are_shown_by_name_and_not_judged(
    tmp_path: Path, video_tree: Path, drawn: list[Figure]
) -> None:
    run = run_folder(tmp_path / "t2l", video_tree, NAMES)
    for old, new in (("results.json", "results_predict.json"), ("predictions_novel.csv", "predictions.csv")):
        (run / old).rename(run / new)
    (run / "results_predict.json").write_text(json.dumps({"data": {"roots": {"predict": str(video_tree)}}}))
    rows = [("path", "label", "prediction"), *((f"{name}/0.mp4", "", "blue dance") for name in NAMES)]
    (run / "predictions.csv").write_text("".join(f"{','.join(row)}\n" for row in rows))
    assert picture(run, "--set", "predict", "--count", 1, "--output", tmp_path / "x.png") == 0
    assert texts_of(drawn[0]) == ["red dance/0.mp4", "t2l: blue dance"]


def test_truth_and_answers_are_written_beside_the_frames(tmp_path: Path, video_tree: Path, drawn: list[Figure]) -> None:
    run = run_folder(tmp_path / "t2l", video_tree, ("red dance", "red dance", ""))
    assert picture(run, "--output", tmp_path / "x.png") == 0
    assert texts_of(drawn[0]) == [
        *("red dance", "✓ t2l: red dance"),
        *("green dance", "✗ t2l: red dance"),
        *("blue dance", "✗ t2l: not decoded"),
    ]


def test_runs_on_different_videos_are_not_compared(
    tmp_path: Path, video_tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = run_folder(tmp_path / "first", video_tree, NAMES)
    second = run_folder(tmp_path / "second", video_tree, NAMES, NAMES[::-1])
    assert picture(first, second, "--output", tmp_path / "x.png") == 1
    assert "second was tested on other videos than first" in capsys.readouterr().err


def test_a_set_without_predictions_is_answered_by_those_there_are(
    tmp_path: Path, video_tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_folder(tmp_path / "t2l", video_tree, NAMES)
    assert picture(run, "--set", "base", "--output", tmp_path / "x.png") == 1
    assert "no predictions of the set 'base'; give --set novel\n" in capsys.readouterr().err


def test_a_run_without_predictions_is_to_be_tested(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert picture(tmp_path, "--output", tmp_path / "x.png") == 1
    error = capsys.readouterr().err
    assert f"{tmp_path} has no predictions of the set 'novel'; run `zsar test` with --run_dir {tmp_path} first" in error
