import csv
import json
from pathlib import Path

import pytest
from matplotlib.image import imread

from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.command_line.picture import _inside

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


def test_a_picture_has_a_row_for_each_video(tmp_path: Path, video_tree: Path) -> None:
    runs = [run_folder(tmp_path / name, video_tree, NAMES) for name in ("frozen", "t2l")]
    for count in (1, 2, 3):
        assert picture(*runs, "--count", count, "--output", tmp_path / f"{count}.png") == 0
    one, two, three = (imread(tmp_path / f"{count}.png").shape[0] for count in (1, 2, 3))
    assert three - two == pytest.approx(two - one, abs=1)  # the title and the margins are there once
    assert two - one > 100


def test_truth_and_answers_are_written_beside_the_frames(
    tmp_path: Path, video_tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    from zsar.lightning_modules.command_line import picture as command

    def keep(figure: object, path: Path) -> Path:
        drawn.extend(text.get_text() for axis in figure.axes for text in axis.texts)  # type: ignore[attr-defined]
        return path

    monkeypatch.setattr(command, "save_figure", keep)
    run = run_folder(tmp_path / "t2l", video_tree, ("red dance", "red dance", ""))
    assert picture(run, "--output", tmp_path / "x.png") == 0
    assert drawn == [
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


def test_the_page_has_a_margin_on_all_sides_and_room_for_its_title() -> None:
    left, bottom, width, height = _inside(11.2, 9.0)
    assert (left * 11.2, bottom * 9.0) == pytest.approx((0.2, 0.2))
    assert (1 - left - width) * 11.2 == pytest.approx(0.2)
    assert (1 - bottom - height) * 9.0 == pytest.approx(0.2 + 0.35)
