from pathlib import Path

from tests.makers.report.pictured_runs import add_pictures, as_json, localizer_run, picture_of, time_line_numbers
from zsar.lightning_modules.command_line.report.reported_run import read_reported_run
from zsar.lightning_modules.command_line.report.sections.pictures.time_lines import section


def test_a_video_has_what_is_annotated_what_was_found_and_its_curve(tmp_path: Path) -> None:
    made = section([read_reported_run(localizer_run(tmp_path / "a"), "a")])
    assert made is not None
    assert made.html.count('role="img"') == 2
    assert "surf, 2 s to 7 s" in made.html
    assert "found, 2 s to 6 s, score 0.8" in made.html
    assert "found, 12 s to 13 s, score 0.8" in made.html
    assert "score: surf" in made.html
    assert made.summary.startswith("2 videos:")


def test_runs_share_the_chart_of_a_video(tmp_path: Path) -> None:
    runs = [read_reported_run(localizer_run(tmp_path / n, shift=s), n) for n, s in (("one", 0.0), ("two", 3.0))]
    made = section(runs)
    assert made is not None
    assert made.html.count('role="img"') == 2
    assert "one, 2 s to 6 s, score 0.8" in made.html
    assert "two, 5 s to 9 s, score 0.8" in made.html


def test_videos_without_annotations_and_damaged_numbers(tmp_path: Path) -> None:
    contents = [time_line_numbers(annotated=False), {}, {"duration_seconds": 0}, {"duration_seconds": 3, "segments": 4}]
    contents.append({"video": "v_5", "duration_seconds": 3, "segments": [{"class": "a"}], "curves": [{"scores": "x"}]})
    add_pictures(
        tmp_path,
        "timelines",
        [(picture_of("timelines", f"t{i}"), {"numbers": as_json(c)}) for i, c in enumerate(contents)],
    )
    made = section([read_reported_run(tmp_path, "a")])
    assert made is not None
    assert made.html.count('role="img"') == 3
    assert "surf, 2 s to 6 s, score 0.8" in made.html


def test_many_videos_are_bounded(tmp_path: Path) -> None:
    entries = [(picture_of("timelines", f"v{i}"), {"numbers": as_json(time_line_numbers(f"v{i}"))}) for i in range(30)]
    add_pictures(tmp_path, "timelines", entries)
    made = section([read_reported_run(tmp_path, "a")])
    assert made is not None
    assert made.html.count('role="img"') == 24
    assert "6 more videos are in pictures/timelines" in made.html


def test_a_localizer_without_them_says_how_to_get_them(tmp_path: Path) -> None:
    made = section([read_reported_run(localizer_run(tmp_path / "a", with_pictures=False), "a")])
    assert made is not None
    assert "--config visualization/timelines" in made.html
    assert section([read_reported_run(tmp_path, "a")]) is None
