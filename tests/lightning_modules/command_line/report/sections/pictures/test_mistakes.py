from pathlib import Path

from tests.makers.report.pictured_runs import (
    add_pictures,
    as_json,
    drawn_rows,
    image_bytes,
    mistake,
    picture_of,
    recognition_run,
)
from tests.makers.results.run_folders import HOSTILE, PageElements
from zsar.lightning_modules.command_line.report.reported_run import read_reported_run
from zsar.lightning_modules.command_line.report.sections.pictures.mistakes import section

CLIP = image_bytes(kind="WEBP", n_frames=3)


def test_clips_stand_with_class_answer_and_probabilities_in_their_order(tmp_path: Path) -> None:
    folder = recognition_run(tmp_path / "a", {"test": drawn_rows(40)})
    entries = [
        (picture_of("mistakes", f"{kind} {place}"), {"numbers": as_json(mistake(kind, place)), "clip": CLIP})
        for kind in ("doubtful", "wrong")
        for place in (1, 0)
    ]
    add_pictures(folder, "mistakes", entries)
    made = section([read_reported_run(folder, "a")])
    assert made is not None
    elements = PageElements(made.html)
    assert elements.tags.count("img") == 4
    assert made.html.count("data-still") == 4
    assert "table" not in elements.tags
    text = elements.text
    order = [text.index(f"test/{name}.mp4") for name in ("wrong_0", "wrong_1", "doubtful_0", "doubtful_1")]
    assert order == sorted(order)
    assert "90.0 %" in text
    assert "wrong, " not in text


def test_without_the_callback_they_are_a_list_that_says_how_to_see_them(tmp_path: Path) -> None:
    rows = [("a", "run", "jump", 0.6), ("b", "run", "jump", 0.9), ("c", "run", "run", 0.8), ("d", "run", "run", 0.3)]
    made = section([read_reported_run(recognition_run(tmp_path / "a", {"test": rows}), "a")])
    assert made is not None
    text = PageElements(made.html).text
    order = [text.index(row) for row in ("wrongbrun", "wrongarun", "doubtfuldrun", "doubtfulcrun")]
    assert order == sorted(order)
    assert "add --config visualization/mistakes to zsar test" in text
    assert made.summary == "a, test: 2 of 4 answers are wrong, 0 of them with a probability above 0.9."


def test_answers_without_frames_and_names_that_are_markup(tmp_path: Path) -> None:
    add_pictures(tmp_path, "mistakes", [(picture_of("mistakes"), {"numbers": as_json(mistake("wrong", 0, HOSTILE))})])
    made = section([read_reported_run(tmp_path, "a")])
    assert made is not None
    elements = PageElements(made.html)
    assert "no frames" in elements.text
    assert "img" not in elements.tags
    assert "script" not in elements.tags


def test_damaged_numbers_are_left_out(tmp_path: Path) -> None:
    broken: list[dict[str, object]] = [
        {},
        {"kind": "wrong"},
        {"kind": 3, "place": 1},
        {"kind": "wrong", "place": 0, "best": 3},
    ]
    add_pictures(
        tmp_path, "mistakes", [(picture_of("mistakes", str(i)), {"numbers": as_json(b)}) for i, b in enumerate(broken)]
    )
    made = section([read_reported_run(tmp_path, "a")])
    assert made is not None
    assert made.html.count("no frames") == 1


def test_none_without_predictions(tmp_path: Path) -> None:
    assert section([read_reported_run(tmp_path, "a")]) is None
