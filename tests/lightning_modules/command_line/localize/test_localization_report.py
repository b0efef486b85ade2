import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console
from torch import Tensor

from zsar.api.localization.localization import Curve, Localization, Segment
from zsar.callbacks.pictures.localization.picture import LocalizationPicture
from zsar.datamodules.lists.localization_splits import Instance
from zsar.lightning_modules.command_line.localize import localization_report
from zsar.lightning_modules.command_line.localize.localization_report import (
    heading,
    min_seconds,
    read_annotated,
    segment_table,
    write_report,
)

KEPT = (Segment(1.0, 2.5, "cutting bread", 0.75), Segment(6.0, 6.25, "pouring [hot] coffee", 0.5))
SUPPRESSED = Segment(3.0, 4.0, "cutting bread", 0.625)


@pytest.fixture
def video() -> Localization:
    """Ten seconds, looked at four times a second."""
    return Localization(
        name="kitchen/monday",
        path="videos/kitchen/monday.mp4",
        fps=25.0,
        duration_seconds=10.0,
        times_seconds=torch.arange(40, dtype=torch.float64) / 4,
        class_names=("pouring [hot] coffee", "cutting bread"),
        segments=KEPT,
        suppressed=(SUPPRESSED,),
        curves=(Curve("cutting bread", torch.linspace(0, 1, 40), 0.5),),
        n_steps=7,
        pseudo_labels=("cutting bread",),
        settings={"settings": {"method": "t3al"}},
    )


def shown(video: Localization) -> str:
    console = Console(file=io.StringIO(), width=120)
    console.print(segment_table(video))
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def black_frames(times_seconds: Any) -> Tensor:
    return torch.zeros(len(times_seconds), 3, 16, 16, dtype=torch.uint8)


def test_own_probabilities_are_told(video: Localization) -> None:
    of_own = replace(video, pseudo_labels=None, settings={"settings": {"threshold_of": "own probability"}})
    assert "scores are own probabilities" in heading(of_own)
    assert "own" not in heading(replace(of_own, settings={"settings": {}}))


# --- the table --------------------------------------------------------------------------------------------------------


def test_the_table_has_kept_segments_in_order_and_the_heading_counts_the_suppressed(video: Localization) -> None:
    lines = [" ".join(line.split()) for line in shown(video).splitlines()]
    assert "┃ start (s) ┃ end (s) ┃ class ┃ score ┃" in lines
    assert [line for line in lines if line.startswith("│")] == [
        "│ 1.00 │ 2.50 │ cutting bread │ 0.75 │",
        "│ 6.00 │ 6.25 │ pouring [hot] coffee │ 0.50 │",
    ]
    assert heading(video) == (
        "kitchen/monday: 10.00 s, 40 frames looked at, 7 adaptation steps towards cutting bread (most similar to the "
        "whole video), 1 segment suppressed; each segment is named by its own frames, so that other classes occur"
    )


def test_beyond_two_minutes_times_are_in_minutes(video: Localization) -> None:
    long = replace(video, duration_seconds=3599.96, pseudo_labels=None, segments=KEPT, suppressed=(), n_steps=0)
    assert "0:01.0" in shown(long)
    assert "start (min:s)" in shown(long)
    assert heading(long) == "kitchen/monday: 60:00.0 min, 40 frames looked at"
    assert [min_seconds(s) for s in (0.0, 9.96, 59.94, 59.96, 83.3, 3725.0)] == [
        *("0:00.0", "0:10.0", "0:59.9", "1:00.0", "1:23.3", "62:05.0"),
    ]


def test_a_video_in_which_nothing_was_found_has_a_table_that_says_so(video: Localization) -> None:
    assert "nothing found" in shown(replace(video, segments=(), suppressed=()))
    all_suppressed = replace(video, segments=(), suppressed=(*KEPT, SUPPRESSED))
    assert "nothing: captions of all 3 segments differ; --no_suppress keeps them" in shown(all_suppressed)


# --- annotations ------------------------------------------------------------------------------------------------------


def write_annotations(path: Path, **videos: list[tuple[float, float, str]]) -> Path:
    content = {
        video: {"duration_second": 10, "annotations": [{"segment": [s, e], "label": name} for s, e, name in listed]}
        for video, listed in videos.items()
    }
    path.write_text(json.dumps(content))
    return path


def test_annotated_names_are_those_looked_for_where_they_mean_the_same(tmp_path: Path) -> None:
    path = write_annotations(tmp_path / "a.json", v=[(1, 2, "HighJump"), (3, 4, "Diving")], other=[(0, 1, "Diving")])
    assert read_annotated(path, ["v"], ["high jump", "surfing"]) == {
        "v": (Instance("high jump", 1.0, 2.0), Instance("Diving", 3.0, 4.0))
    }


def test_a_video_without_an_entry_is_an_error(tmp_path: Path) -> None:
    path = write_annotations(tmp_path / "a.json", v=[], w=[])
    with pytest.raises(ValueError, match=r"a\.json has no entry for 'x', only for 'v', 'w'; add entries"):
        read_annotated(path, ["v", "x"], ["diving"])
    assert read_annotated(path, ["w"], ["diving"]) == {"w": ()}
    with pytest.raises(FileNotFoundError, match="there is no annotation file"):
        read_annotated(tmp_path / "gone.json", ["v"], ["diving"])


# --- files ------------------------------------------------------------------------------------------------------------


def test_the_json_file_says_what_was_found_and_how(video: Localization, tmp_path: Path) -> None:
    report, picture = write_report(tmp_path, video, black_frames)
    assert report == tmp_path / "kitchen" / "monday.json"
    assert picture == tmp_path / "kitchen" / "monday.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    content = json.loads(report.read_text())
    assert content == video.to_dict()
    assert content["segments"] == [
        {"start_seconds": 1.0, "end_seconds": 2.5, "class": "cutting bread", "score": 0.75, "suppressed": False},
        {"start_seconds": 3.0, "end_seconds": 4.0, "class": "cutting bread", "score": 0.625, "suppressed": True},
        {"start_seconds": 6.0, "end_seconds": 6.25, "class": "pouring [hot] coffee", "score": 0.5, "suppressed": False},
    ]
    assert {key: content[key] for key in ("video", "path", "fps", "duration_seconds", "n_frames_looked_at")} == {
        **{"video": "kitchen/monday", "path": "videos/kitchen/monday.mp4", "fps": 25.0, "duration_seconds": 10.0},
        "n_frames_looked_at": 40,
    }
    assert content["scores"]["times_seconds"] == [i / 4 for i in range(40)]
    assert [(c["class"], c["threshold"]) for c in content["scores"]["classes"]] == [("cutting bread", 0.5)]
    assert content["scores"]["classes"][0]["scores"] == pytest.approx([i / 39 for i in range(40)], abs=1e-6)
    assert content["pseudo_labels"] == ["cutting bread"]
    assert content["adaptation_steps"] == 7
    assert content["annotated"] is None
    assert content["settings"] == {"method": "t3al"}


def test_the_picture_has_curves_segments_truth_and_frames(
    video: Localization, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[LocalizationPicture] = []
    draw = localization_report.localization_figure

    def drawing(picture: LocalizationPicture) -> Any:
        drawn.append(picture)
        return draw(picture)

    monkeypatch.setattr(localization_report, "localization_figure", drawing)
    write_report(tmp_path, replace(video, annotated=(Instance("cutting bread", 1.0, 2.0),)), black_frames)
    (picture,) = drawn
    assert [(s.start_seconds, s.class_name, s.suppressed) for s in picture.segments] == [
        (1.0, "cutting bread", False),
        (3.0, "cutting bread", True),
        (6.0, "pouring [hot] coffee", False),
    ]
    assert [(c.class_name, c.threshold) for c in picture.curves] == [("cutting bread", 0.5)]
    assert [(t.start_seconds, t.end_seconds, t.class_name) for t in picture.truth] == [(1.0, 2.0, "cutting bread")]
    assert picture.thumbnails.shape == (9, 16, 16, 3)
    assert list(picture.thumbnail_times_seconds) == pytest.approx([10 / 18 * (2 * i + 1) for i in range(9)])


def test_a_picture_that_cannot_be_written_leaves_the_old_one(
    video: Localization, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, picture = write_report(tmp_path, video, black_frames)
    assert picture is not None
    before = picture.read_bytes()

    def full_disk(figure: object, path: Path, **_: object) -> None:
        path.write_bytes(b"half")
        raise OSError("no space left")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", full_disk)
    with pytest.raises(OSError, match="no space left"):
        write_report(tmp_path, video, black_frames)
    assert picture.read_bytes() == before
    assert sorted(path.name for path in picture.parent.iterdir()) == [
        f"monday.{kind}" for kind in ("csv", "json", "png", "srt")
    ]
